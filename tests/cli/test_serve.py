"""``serve``: the local Pinata as a process, from its first line to its last."""

from __future__ import annotations

import http.client
import json
import re
import shlex
import signal
import stat
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pinatakit import CID, Pinata, PinPending
from pinatakit.errors import RateLimited

from . import processes
from .processes import HELLO, HELLO_V1, LIMIT, command, environment, posix, serving


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=LIMIT) as answer:
        return answer.read()


def test_the_line_of_json_tells_all_that_a_client_needs(served):
    about = served.about
    assert set(about) == {"url", "gateway", "jwt", "api_key", "api_secret", "data"}
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", about["url"])
    assert Path(about["data"]).is_absolute()
    test = f"{about['url']}/data/testAuthentication"
    assert b"Congratulations" in get(test, authorization=f"Bearer {about['jwt']}")
    pair = {"pinata_api_key": about["api_key"], "pinata_secret_api_key": about["api_secret"]}
    assert b"Congratulations" in get(test, **pair)
    assert str(served.client.upload(HELLO).cid) == HELLO_V1
    assert get(f"{about['gateway']}/{HELLO_V1}") == HELLO


@posix
def test_secrets_are_for_this_user_alone(served):
    data = Path(served.about["data"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.glob("*.json")}
    assert modes == {"admin.json": 0o600, "server.json": 0o600}


@posix
def test_it_ends_cleanly_and_the_next_start_has_the_same_key_and_content(tmp_path):
    data = tmp_path / "data"
    with serving(tmp_path, "--data", data) as first:
        file = first.client.upload(HELLO, name="kept")
        ended = first.end(signal.SIGTERM)
    assert (ended.code, ended.data, ended.err) == (0, b"", "")
    assert not (data / "server.json").exists()
    with serving(tmp_path, "--data", data) as second:
        assert [kept.id for kept in second.client.files.list()] == [file.id]
        ended = second.end(signal.SIGINT)
    assert (ended.code, ended.data, ended.err) == (0, b"", "")
    assert not (data / "server.json").exists()
    keys = ("jwt", "api_key", "api_secret", "data")
    assert [first.about[key] for key in keys] == [second.about[key] for key in keys]
    assert json.loads((data / "admin.json").read_text()) == {key: first.about[key] for key in keys[:3]}


@posix
def test_what_was_acknowledged_survives_a_kill(run, tmp_path):
    with serving(tmp_path, "--data", tmp_path / "data") as served:
        served.client.upload(HELLO, name="kept")
        served.end(signal.SIGKILL)
    assert (tmp_path / "data" / "server.json").exists()
    ran = run("ls", "--json", f"--local={tmp_path / 'data'}")
    assert ran.code == 0
    assert [file["cid"] for file in ran.json] == [HELLO_V1]


def test_a_taken_port_is_told_with_what_to_do(run, served, tmp_path):
    port = served.url.rpartition(":")[2]
    ran = run("serve", "--port", port, "--data", tmp_path / "other")
    assert ran.failed(2)
    assert f"error: cannot listen on 127.0.0.1 port {port}" in ran.err
    assert "hint: take another --port, or 0" in ran.err


def test_a_folder_is_served_once(run, served):
    ran = run("serve", "--port", "0", "--data", served.about["data"], "--json")
    assert ran.failed(1)
    assert "error: another local Pinata has the data folder" in ran.err
    assert "hint: use that one, or another folder" in ran.err
    assert served.client.account.test()
    assert (Path(served.about["data"]) / "server.json").exists()


@pytest.mark.parametrize("wrong", [("--data", "file"), ("--port", "65536"), ("--port", "http")], ids=str)
def test_what_cannot_be_served_is_refused(here, tmp_path, wrong):
    (tmp_path / "file").touch()
    assert here("serve", *wrong).failed(2)


@posix
def test_a_person_is_told_how_to_use_it_and_no_secret(home):
    """Without --data it serves the user's own folder, and logs each request."""
    with subprocess.Popen(
        command("serve", "--port", 0), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)
    ) as process:
        try:
            told = [process.stderr.readline().decode() for _ in range(6)]
            admin = json.loads((home / "data" / "pinatakit" / "admin.json").read_text())
            typed = [line for line in told if line.startswith("  export ")]
            asked = shlex.join(command("auth", "status", "--json"))
            status = subprocess.run(  # as somebody who pastes these lines
                ["sh", "-ec", "".join([*typed, asked])],
                capture_output=True,
                env=environment(home),
                timeout=LIMIT,
                check=True,
            )
            origins = json.loads(status.stdout)["origins"]
            assert origins["credential"] == "PINATA_JWT"
            assert origins["gateway_url"] == "PINATA_GATEWAY_URL"
        finally:
            process.terminate()
            out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (0, b"")
    assert re.search(rb"GET /data/testAuthentication 200 ", err)
    said = "".join(told) + err.decode()
    assert "--local" in said
    assert str(home / "data" / "pinatakit") in said
    assert not any(admin[secret] in said for secret in ("jwt", "api_secret"))


@processes.posix
def test_told_to_end_right_after_its_line_it_ends_cleanly(tmp_path, home):
    args = processes.command("serve", "--json", "--port", 0, "--data", tmp_path / "data")
    with subprocess.Popen(args, stdout=subprocess.PIPE, env=processes.environment(home)) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["url"]
        process.terminate()
        assert process.wait(processes.LIMIT) == 0
    assert not (tmp_path / "data" / "server.json").exists()


def test_commands_at_once_share_one_local_pinata(run, tmp_path):
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text(f"file {number}")
    with ThreadPoolExecutor(6) as pool:
        ran = list(pool.map(lambda number: run("upload", "--local=shared", f"{number}.txt"), range(6)))
    assert [one.code for one in ran] == [0] * 6
    assert len(run("ls", "--local=shared").lines) == 6


def test_it_refuses_what_a_plan_refuses(tmp_path):
    with processes.serving(tmp_path, "--data", tmp_path / "data", "--limits", 2) as served:
        hasty = Pinata(served.about["jwt"], endpoint_url=served.url, attempts=1)
        with hasty:
            for _ in range(2):
                assert list(hasty.files.list()) == []
            with pytest.raises(RateLimited):
                list(hasty.files.list())


def test_a_plan_that_is_none_is_used_wrongly(run):
    assert run("serve", "--port", 0, "--limits", "gold").failed(2)


def test_it_fetches_what_is_pinned_by_its_cid_from_its_gateways(tmp_path):
    with serving(tmp_path, "--data", tmp_path / "one") as first:
        upload = first.client.upload(HELLO, name="hello")
        others = ["--gateway", first.about["url"], "--no-private-hosts"]
        with serving(tmp_path, "--data", tmp_path / "two", *others) as second:
            pins = second.client.pins
            assert str(pins.wait(pins.add(upload.cid), timeout=LIMIT).cid) == HELLO_V1
            refused = pins.add(CID.of(b"elsewhere"), host_nodes=["http://localhost:9"])
            with pytest.raises(PinPending, match="is not fetched from"):
                pins.wait(refused, timeout=1)


def test_over_tls_it_tells_whom_to_trust_and_commands_of_this_user_do(run, tmp_path, home):
    data = tmp_path / "data"
    args = command("serve", "--tls", "--port", 0, "--data", data)
    with subprocess.Popen(args, stderr=subprocess.PIPE, env=environment(home)) as process:
        try:
            said = "".join(process.stderr.readline().decode() for _ in range(9))
            assert f"SSL_CERT_FILE={data / 'tls' / 'ca.pem'}" in said
            assert f"NODE_EXTRA_CA_CERTS={data / 'tls' / 'ca.pem'}" in said
            assert "PINATA_ENDPOINT_URL=https://127.0.0.1:" in said
            assert run("ls", f"--local={data}").code == 0
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT)


def test_a_key_without_its_certificate_is_used_wrongly(here, tmp_path):
    (tmp_path / "key.pem").touch()
    assert here("serve", "--key", "key.pem").failed(2)
    assert here("serve", "--port", 0, "--cert", "key.pem").failed(2)


def test_requests_are_written_as_json_to_a_file_or_stderr(tmp_path):
    log = tmp_path / "access.jsonl"
    for place in (log, "-"):
        with serving(tmp_path, "--data", tmp_path / "data", "--access-log", place) as served:
            served.client.account.test()
            ended = served.end(signal.SIGTERM)
        assert (ended.code, ended.data) == (0, b"")
        written = log.read_text() if place == log else ended.err
        lines = [json.loads(line) for line in written.splitlines()]
        assert [(line["path"], line["status"]) for line in lines] == [("/data/testAuthentication", 200)] * 2
        assert served.about["jwt"] not in written


def test_a_log_that_cannot_be_written_is_told(here):
    ran = here("serve", "--port", 0, "--access-log", "no/such/folder/log")
    assert ran.failed(1)
    assert "no/such/folder" in ran.err


@posix
def test_it_fails_as_it_is_told_and_goes_on(run, tmp_path):
    faults = ["--fault", "refuse=503", "--fault", "cut=0", "--fault-every", 3]
    data = tmp_path / "data"
    with serving(tmp_path, "--data", data, *faults) as served:  # which has asked once
        test = f"{served.url}/data/testAuthentication"
        key = {"authorization": f"Bearer {served.about['jwt']}"}
        assert get(f"{served.url}/-/ready")
        assert get(test, **key)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            get(test, **key)
        assert [bool(get(test, **key)) for _ in range(2)] == [True, True]
        with pytest.raises((OSError, http.client.HTTPException)):
            get(test, **key)
        assert (
            str(served.client.upload(HELLO).cid) == HELLO_V1
        )  # a client that tries again sees nothing of it
        assert [run("ls", f"--local={data}").code for _ in range(3)] == [0] * 3
        assert served.end(signal.SIGTERM).code == 0


@pytest.mark.parametrize("fault", ["refuse", "refuse=200", "refuse=x", "slow=0", "explode=1", "cut=-1"])
def test_a_fault_that_is_none_is_used_wrongly(run, fault):
    assert run("serve", "--port", 0, "--fault", fault).failed(2)


@pytest.mark.parametrize("more", [["--tls"], ["--host", "0.0.0.0"]])
def test_faults_are_for_this_machine_and_plain_http(run, more):
    assert run("serve", "--port", 0, "--fault", "cut=1", *more).failed(2)
