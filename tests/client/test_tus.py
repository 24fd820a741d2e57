"""Uploads in chunks on three wires: whatever is lost, they go on from what the service has."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import threading
import time

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.files import Files
from pinatakit.content import PROFILES, build_file
from pinatakit.errors import CIDMismatch, Forbidden, InputError, PinataError, ServiceFault
from pinatakit.server import Server
from pinatakit.settings import state_folder

from .fakes import JWT, Service, said
from .proxies import Proxy

SIZE = 3_000_001
DATA = random.Random("client").randbytes(SIZE)
V1 = build_file([DATA], PROFILES["v1"]).cid
STEP = 400_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr("pinatakit.client._wire._backoff", lambda attempt: 0.02 * attempt)


@pytest.fixture(autouse=True)
def _clean(server):
    """No test sees what another one began."""
    yield
    for row in server.store.records.read("SELECT id FROM tus"):
        server.store.resumables.drop(row["id"])


def states():
    folder = state_folder() / "uploads"
    return sorted(folder.iterdir()) if folder.exists() else []


def chunks(source, **others):
    return {"source": source, "resumable": True, "chunk_size": STEP, **others}


async def upload(pinata, source, **others):
    return await Pinata.upload(pinata, **chunks(source, **others))


async def content(pinata, cid):
    return b"".join([piece async for piece in Pinata.read(pinata, cid)])


# What goes well


@pytest.mark.parametrize("network", ["public", "private"])
@pytest.mark.parametrize("version", [0, 1, "v1", "unixfs-v1-2025"])
def test_a_file_goes_in_chunks_and_its_record_is_found(play, path, network, version):
    told = []

    async def body(pinata):
        made = await upload(
            pinata,
            path,
            network=network,
            cid_version=version,
            name="my data",
            keyvalues={"stage": "prod"},
            progress=lambda *now: told.append(now),
        )
        assert (
            made.cid
            == build_file([DATA], PROFILES[str(version) if version not in (0, 1) else f"v{version}"]).cid
        )
        assert (made.name, made.size, made.network, made.keyvalues) == (
            "my data",
            SIZE,
            network,
            {"stage": "prod"},
        )
        file = await Files.get(pinata.files, made.id, network=network)
        assert (file.cid, file.created_at, file.name) == (made.cid, made.created_at, "my data")
        if network == "public":
            assert await content(pinata, made.cid) == DATA

    play(body)
    assert told == sorted(told)
    assert told[-1] == (SIZE, SIZE)
    assert states() == []


@pytest.mark.parametrize("size", [0, 1, STEP, STEP + 1, 2 * STEP])
def test_a_file_of_any_size_goes_in_chunks(play, size):
    async def body(pinata):
        made = await upload(pinata, DATA[:size])
        assert made.cid == build_file([DATA[:size]], PROFILES["v1"]).cid
        assert made.id

    play(body)


def test_an_open_file_goes_in_chunks_from_where_it_stands(play, path):
    async def body(pinata):
        with path.open("rb") as file:
            file.seek(1000)
            assert (await upload(pinata, file)).cid == build_file([DATA[1000:]], PROFILES["v1"]).cid
            assert not file.closed

    play(body)


def test_of_several_records_the_promised_one_is_found(play, server, path):
    async def body(pinata):
        first = await upload(pinata, path, cid_version=0)  # another CID
        made = await upload(pinata, path, name="second")
        again = await upload(pinata, path, name="third")  # is there already
        assert made.id != first.id
        assert (again.id, again.name) == (made.id, "second")

    play(body)


# Faults


@pytest.mark.parametrize("seed", range(4))
def test_cut_anywhere_an_upload_goes_on(play, server, path, seed):
    rng = random.Random(seed)
    told = []
    cuts = [rng.randint(1, 500_000) for _ in range(6)]

    async def body(pinata):
        made = await upload(pinata, path, progress=lambda *now: told.append(now))
        assert (made.cid, made.size) == (V1, SIZE)
        assert await content(pinata, V1) == DATA

    with Proxy(server.url, cuts) as proxy:
        play(body, endpoint_url=proxy.url, attempts=10)
        assert proxy.left == 0
        assert proxy.sent < SIZE + 6 * (STEP + 100_000)
    assert told[-1] == (SIZE, SIZE)


@pytest.mark.parametrize("answer", range(0, 2_700, 450))
def test_a_lost_answer_loses_nothing(play, server, path, answer):
    """Answers are cut off at any byte: of the creation, of chunks, and the last one."""

    async def body(pinata):
        assert (await upload(pinata, path)).cid == V1

    with Proxy(server.url, answers=[answer + 1]) as proxy:
        play(body, endpoint_url=proxy.url, attempts=10)
        assert proxy.left == 0


def test_a_server_that_comes_back_is_gone_on_with(tmp_path, path, wire, over):
    data = tmp_path / "store"
    servers = [Server(data).start()]
    admin = servers[0].admin

    def restart():
        servers[0].stop()
        time.sleep(0.1)
        servers[0] = Server(data).start()
        proxy.target = proxy.target._replace(netloc=servers[0].url.removeprefix("http://"))

    def progress(sent, _):
        if sent >= 1_500_000 and not threads:
            threads.append(threading.Thread(target=restart))
            threads[0].start()

    async def body(pinata):
        made = await upload(pinata, path, progress=progress)
        assert made.cid == V1

    threads = []
    with Proxy(servers[0].url) as proxy:
        over(body, jwt=admin.jwt, endpoint_url=proxy.url, gateway_url=proxy.url, attempts=50)
        threads[0].join()
        assert proxy.sent < 2 * SIZE
    with Pinata(admin.jwt, endpoint_url=servers[0].url, gateway_url=servers[0].url) as pinata:
        assert b"".join(pinata.read(V1)) == DATA
    servers[0].stop()


def test_an_upload_that_the_service_drops_meanwhile_begins_afresh(play, server, path):
    dropped = []

    def progress(sent, _):
        if sent >= 1_000_000 and not dropped:
            (row,) = server.store.records.read("SELECT id FROM tus WHERE cid IS NULL")
            dropped.append(row["id"])
            server.store.resumables.drop(row["id"])

    async def body(pinata):
        made = await upload(pinata, path, progress=progress)
        assert made.cid == V1
        assert made.id != dropped[0]

    play(body)


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_that_the_service_does_not_know_any_more_begins_afresh(play, server, path, status):
    async def body(pinata):
        with pytest.raises(Enough):
            await upload(pinata, path, progress=stop_at(5 * STEP))
        (old,) = server.store.records.read("SELECT id FROM tus WHERE cid IS NULL")
        if status == 404:
            server.store.resumables.drop(old["id"])
        else:
            time.sleep(0.5)  # the service still takes in what it was sent last, and then waits anew
            yesterday = "UPDATE tus SET expires = expires - 86400000000 - 60000000"
            server.store.records.write(lambda db: db.execute(yesterday)).result()
        made = await upload(pinata, path)
        assert made.cid == V1
        assert made.id != old["id"]

    play(body)


def test_what_is_refused_for_good_is_told_at_once(over, path):
    service = Service(said(403, error={"reason": "NO_SCOPES_FOUND", "details": "no"}))

    async def body(pinata):
        with pytest.raises(Forbidden):
            await upload(pinata, path)

    over(body, service.transport, jwt=JWT)
    assert len(service.requests) == 1
    assert states() == []


def test_a_service_that_stays_broken_is_given_up_and_the_session_is_kept(over, path):
    created = httpx.Response(201, headers={"location": "/v3/files/1/upload"})
    service = Service(lambda _: created, said(500, error="broken"))

    async def body(pinata):
        with pytest.raises(ServiceFault):
            await upload(pinata, path)

    over(body, service.transport, jwt=JWT, attempts=3)
    assert len(states()) == 1


def test_a_credential_goes_to_no_other_host(over, path):
    service = Service(
        lambda _: httpx.Response(201, headers={"location": "https://evil.test/v3/files/1/upload"})
    )

    async def body(pinata):
        with pytest.raises(PinataError, match=r"another host, evil\.test"):
            await upload(pinata, path)

    over(body, service.transport, jwt=JWT)
    assert len(service.requests) == 1


class Chunked(Service):
    """A service that takes chunks, and says of the last one what it is told to."""

    def __init__(self, **last):
        super().__init__(self.answer)
        self.last = last
        self.listed = []
        self.offset = 0

    def answer(self, request):
        if request.method == "POST":
            return httpx.Response(
                201, headers={"location": "https://uploads.pinata.cloud/v3/files/77/upload"}
            )
        if request.method == "PATCH":
            assert request.headers["tus-resumable"] == "1.0.0"
            assert request.headers["upload-offset"] == str(self.offset)
            self.offset += len(request.content)
            last = self.last if self.offset == SIZE else {}
            return httpx.Response(204, headers={"upload-offset": str(self.offset), **last})
        if request.method == "DELETE":
            return httpx.Response(204)
        assert request.url.params["cid"]
        return httpx.Response(200, json={"data": {"files": self.listed.pop(0), "next_page_token": ""}})


@pytest.fixture
def waits(monkeypatch):
    """How long was waited, without waiting."""
    waited = []

    async def sleep(_, seconds):
        waited.append(seconds)

    for wire in ("Blocking", "Awaiting"):
        monkeypatch.setattr(f"pinatakit.client._wire.{wire}.sleep", sleep)
    return waited


@pytest.mark.parametrize("told", [{"upload-cid": str(V1)}, {}])
@pytest.mark.parametrize(
    ("listed", "id"),
    [
        ([("78", "other"), ("77", "x"), ("76", "data.bin")], "77"),
        ([("78", "other"), ("76", "data.bin"), ("75", "data.bin")], "76"),
        ([("78", "other"), ("79", None)], "78"),
    ],
)
def test_the_record_is_the_promised_one_or_the_newest_of_its_name(over, path, waits, told, listed, id):
    service = Chunked(**told)
    files = [{"id": number, "name": name, "cid": str(V1), "size": SIZE} for number, name in listed]
    service.listed = [[], [], files]  # large files are listed only after a while

    async def body(pinata):
        made = await upload(pinata, path)
        assert (made.cid, made.id, made.size) == (V1, id, SIZE)

    over(body, service.transport, jwt=JWT)
    assert waits == [1, 2]


def test_a_record_that_does_not_appear_has_no_id(over, path, waits):
    service = Chunked(**{"upload-cid": str(V1)})
    service.listed = [[]] * 7

    async def body(pinata):
        made = await upload(pinata, path)
        assert (made.cid, made.id, made.name, made.size) == (V1, None, "data.bin", SIZE)

    over(body, service.transport, jwt=JWT)
    assert sum(waits) == 60


def test_another_cid_than_was_sent_is_told(over, path):
    other = build_file([b"other"], PROFILES["v1"]).cid
    service = Chunked(**{"upload-cid": str(other)})

    async def body(pinata):
        with pytest.raises(CIDMismatch) as caught:
            await upload(pinata, path)
        assert (caught.value.expected, caught.value.got) == (V1, other)

    over(body, service.transport, jwt=JWT)
    assert states() == []


def test_a_file_that_changes_meanwhile_is_noticed_and_nothing_is_left(play, server, path):
    def progress(sent, _):
        if sent == 2 * STEP:
            path.write_bytes(b"x" * SIZE)

    async def body(pinata):
        with pytest.raises(InputError, match="'data.bin' changed while it was read"):
            await upload(pinata, path, progress=progress)

    play(body)
    assert server.store.records.read("SELECT * FROM tus WHERE cid IS NULL") == []
    assert states() == []


# Another process goes on


class Enough(Exception):
    pass


def stop_at(where):
    def progress(sent, _):
        if sent >= where:
            raise Enough

    return progress


def test_another_client_goes_on_where_the_first_one_stopped(play, server, path):
    told = []

    async def body(pinata):
        with pytest.raises(Enough):
            await upload(pinata, path, progress=stop_at(5 * STEP))
        (state,) = states()
        if os.name == "posix":
            assert state.stat().st_mode & 0o777 == 0o600
        kept = state.read_text()
        assert set(json.loads(kept)) == {"location", "size", "modified"}
        assert pinata.settings.credential.jwt not in kept
        made = await upload(pinata, path, progress=lambda *now: told.append(now))
        assert (made.cid, made.size) == (V1, SIZE)

    play(body)
    assert told[0][0] >= 4 * STEP
    assert told[-1] == (SIZE, SIZE)
    assert told == sorted(told)
    assert states() == []


@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_that_changed_in_between_begins_afresh(play, server, path, same_size):
    async def body(pinata):
        with pytest.raises(Enough):
            await upload(pinata, path, progress=stop_at(5 * STEP))
        (old,) = server.store.records.read("SELECT id FROM tus WHERE cid IS NULL")
        time.sleep(0.02)
        changed = b"y" * (SIZE if same_size else SIZE - 1)
        path.write_bytes(changed)
        made = await upload(pinata, path)
        assert made.cid == build_file([changed], PROFILES["v1"]).cid
        assert made.id != old["id"]
        assert server.store.resumables.get(old["id"]) is None

    play(body)


@pytest.mark.parametrize("other", [{"name": "other"}, {"cid_version": 0}, {"network": "private"}])
def test_another_upload_of_the_file_is_a_session_of_its_own(play, server, path, other):
    async def body(pinata):
        with pytest.raises(Enough):
            await upload(pinata, path, progress=stop_at(5 * STEP))
        await upload(pinata, path, **other)
        assert len(states()) == 1
        told = []
        await upload(pinata, path, progress=lambda *now: told.append(now))
        assert told[0][0] >= 4 * STEP

    play(body)


def test_a_state_file_that_was_cut_short_is_no_session(play, server, path):
    async def body(pinata):
        with pytest.raises(Enough):
            await upload(pinata, path, progress=stop_at(5 * STEP))
        (state,) = states()
        state.write_text(state.read_text()[:10])
        assert (await upload(pinata, path)).cid == V1

    play(body)
    assert states() == []


def test_without_a_place_for_the_state_an_upload_goes_all_the_same(play, path, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    async def body(pinata):
        assert (await upload(pinata, path)).cid == V1

    play(body)


def test_two_at_once_do_not_share_a_session(settings, path):
    """The second one uploads by itself."""
    with Pinata(**settings) as pinata, Pinata(**settings) as other:
        ids = []

        def progress(sent, _):
            if sent == STEP and not ids:
                ids.append(other.upload(**chunks(path)).id)

        assert pinata.upload(**chunks(path, progress=progress)).cid == V1


SCRIPT = """
    import sys
    from pinatakit import Pinata

    url, jwt, path, step = sys.argv[1:]
    with Pinata(jwt, endpoint_url=url, attempts=10) as pinata:
        print(
            pinata.upload(
                path, resumable=True, chunk_size=int(step), progress=lambda sent, _: print(sent, flush=True)
            ).cid
        )
"""


def killed_and_continued(server, path, size, step, kills):
    """The bytes that went, when the client was killed so often on the way, each time by SIGKILL."""
    rng = random.Random(size)
    at = sorted(rng.randrange(size // 10, size - size // 10) for _ in range(kills))
    with path.open("rb") as file:
        root = build_file(iter(lambda: file.read(1 << 20), b""), PROFILES["v1"])
    with Proxy(server.url) as proxy:
        command = [
            sys.executable,
            "-c",
            textwrap.dedent(SCRIPT),
            proxy.url,
            server.admin.jwt,
            str(path),
            str(step),
        ]
        for where in [*at, None]:
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                for line in process.stdout:
                    if where is not None and int(line) >= where:
                        process.kill()
                        break
                else:
                    assert (process.wait(), where) == (0, None)
                    assert line.strip() == str(root.cid)
        return proxy.sent


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_process_that_was_killed_is_gone_on_with_in_a_new_one(server, path, janitor):
    path.write_bytes(random.Random("killed").randbytes(20_000_000))
    sent = killed_and_continued(server, path, 20_000_000, 1_000_000, kills=2)
    assert sent < 1.1 * 20_000_000
    janitor()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_200_mb_killed_five_times_take_no_more_than_a_tenth_more(server, path, janitor):
    size = 200_000_000
    with path.open("wb") as file:
        for number in range(200):
            file.write(random.Random(number).randbytes(1_000_000))
    sent = killed_and_continued(server, path, size, 32 << 20, kills=5)
    assert sent < 1.1 * size
    janitor()
