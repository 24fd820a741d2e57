"""The worker: what is queued is fetched, checked and pinned, or given up with the reason."""

from __future__ import annotations

import hashlib
import threading

import httpx2
import pytest

import pinatakit
from pinatakit.content import CID, Profile, build_directory, build_file, walk_blocks, write_car
from pinatakit.server import Fetching, Server
from tests.content.vectors import Blocks

from .conftest import bearer, client, content_of, group, pin, until
from .gateways import Gateway, Liar, NoCars, Partial, Redirecting, Refused
from .test_crash import kill, start

QUEUE = "/v3/files/public/pin_by_cid"
MIB = 1 << 20


def large(size, seed):
    return hashlib.shake_256(b"%d" % seed).digest(size)


def dag(size=3 * MIB, seed=0):
    """A folder of a large file and a small one: its root and its blocks."""
    blocks = Blocks()
    profile = Profile.named("v1")
    files = {
        "large.bin": build_file([large(size, seed)], profile, blocks.take),
        "small.txt": build_file([b"small %d" % seed], profile, blocks.take),
    }
    return build_directory(files, profile, blocks.take).cid, blocks


def fast(**how):
    return Fetching(**{"pause": 0.01, "private": True, **how})


@pytest.fixture(scope="module")
def server():
    with Server(fetching=fast()) as server:
        yield server


def ask(api, cid, *hosts, **about):
    """Queue a CID over v3; its job's id."""
    answer = api.post(QUEUE, json={"cid": str(cid), "host_nodes": list(hosts), **about})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["id"]


def job(api, id):
    """A job as the queue shows it, or `None`."""
    jobs = api.get(QUEUE, params={"limit": 250}).json()["data"]["jobs"]
    return next((one for one in jobs if one["id"] == id), None)


def pinned(api, id):
    """The file that a job becomes."""

    def look():
        answer = api.get(f"/v3/files/public/{id}")
        told = job(api, id)
        assert told is None or told["status"] in ("prechecking", "searching", "retrieving", "backfilled"), (
            told
        )
        return answer.json()["data"] if answer.status_code == 200 else None

    return until(look)


def failed(api, id, status):
    """The reason that a job has failed for."""

    def look():
        told = job(api, id)
        assert told, "it is in the queue no more"
        return told if told["status"] == status else None

    return until(look)["reason"]


def whole(api, cid, blocks):
    """Whether the local Pinata now serves these very blocks."""
    car = api.get(f"/ipfs/{cid}?format=car").content
    return content_of(car) == content_of(b"".join(write_car([cid], walk_blocks(cid, blocks.__getitem__))))


def test_a_folder_comes_as_one_car(api):
    root, blocks = dag()
    group_id = group(api)
    with Gateway(blocks) as gateway:
        id = ask(api, root, gateway.url, name="fetched", keyvalues={"k": "v"}, group_id=group_id)
        file = pinned(api, id)
        assert [form for form, _ in gateway.asked] == ["raw", "car"]
    assert (file["name"], file["keyvalues"], file["group_id"]) == ("fetched", {"k": "v"}, group_id)
    assert (file["number_of_files"], file["mime_type"]) == (2, "directory")
    assert file["size"] == 3 * MIB + len(b"small 0")
    assert job(api, id) is None
    assert whole(api, root, blocks)


@pytest.mark.parametrize("held", [False, True])
def test_what_was_for_a_group_that_is_deleted_meanwhile_is_pinned_without_one(api, held):
    data = b"for a group, held %d" % held
    cid, group_id = CID.of(data), group(api)
    with Gateway() as gateway:
        id = ask(api, cid, gateway.url, group_id=group_id)
        until(lambda: gateway.asked)
        assert api.delete(f"/v3/groups/public/{group_id}").status_code == 200
        if held:
            pin(api, ("box/inside.txt", data), ("box/other.txt", b"other"))
        else:
            gateway.blocks[cid] = data
        assert pinned(api, id)["group_id"] is None
    assert job(api, id) is None


def test_a_host_node_may_be_a_multiaddr(api):
    root, blocks = dag(seed=1)
    with Gateway(blocks) as gateway:
        port = gateway.url.rpartition(":")[2]
        id = ask(
            api,
            root,
            f"/ip4/127.0.0.1/tcp/{port}/http/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        )
        assert pinned(api, id)["cid"] == str(root)


def test_blocks_are_asked_for_one_by_one_where_there_are_no_cars(api):
    root, blocks = dag(seed=2)
    with NoCars(blocks) as gateway:
        pinned(api, ask(api, root, gateway.url))
        assert [form for form, _ in gateway.asked].count("car") == 1
        assert {cid for form, cid in gateway.asked if form == "raw"} == set(blocks)
    assert whole(api, root, blocks)


def test_what_one_source_lacks_comes_from_the_next(api):
    root, blocks = dag(seed=3)
    leaf = next(cid for cid in blocks if cid != root and cid.codec == 0x55)
    with Partial(blocks, [leaf]) as first, Gateway(blocks) as second:
        pinned(api, ask(api, root, first.url, second.url))
        assert ("raw", leaf) in first.asked
        assert {cid for _, cid in second.asked} != {root}
    assert whole(api, root, blocks)


def test_a_source_that_lies_is_named_and_not_asked_again(api):
    root, blocks = dag(seed=4)
    with Liar(blocks) as liar, Gateway(blocks) as honest:
        pinned(api, ask(api, root, liar.url, honest.url))
        assert len(liar.asked) == 1
    root, blocks = dag(seed=5)
    with Liar(blocks) as liar:
        reason = failed(api, ask(api, root, liar.url), "bad_host_node")
        assert f"{liar.url} gave other bytes than {root} names" in reason
        assert len(liar.asked) == 1
    assert api.get(f"/ipfs/{root}").status_code == 404


def test_a_car_that_lies_is_not_believed(api):
    root, blocks = dag(seed=6)

    class LyingCar(Liar):
        raw = Gateway.raw

    with LyingCar(blocks) as liar, Gateway(blocks) as honest:
        pinned(api, ask(api, root, liar.url, honest.url))
        assert [form for form, _ in liar.asked] == ["raw", "car"]
    assert whole(api, root, blocks)


def test_a_host_that_cannot_be_reached_is_a_bad_one_after_three_tries(api):
    with Gateway() as gateway:
        url = gateway.url
    reason = failed(api, ask(api, CID.of(b"nobody there"), url), "bad_host_node")
    assert f"{url} cannot be reached" in reason


def test_content_that_a_host_has_not_yet_is_searched_until_it_has(api):
    root, blocks = dag(seed=7)
    with Gateway() as gateway:
        id = ask(api, root, gateway.url)
        until(lambda: "404" in (job(api, id).get("reason") or ""))
        assert job(api, id)["status"] == "searching"
        gateway.blocks |= blocks
        pinned(api, id)


def test_a_job_is_retrieving_from_its_first_block_on(api):
    root, blocks = dag(seed=8)
    go_on = threading.Event()

    class Slow(Gateway):
        def car(self, root):
            go_on.wait(10)
            return super().car(root)

    with Slow(blocks) as gateway:
        id = ask(api, root, gateway.url)
        until(lambda: job(api, id)["status"] == "retrieving")
        assert api.get("/psa/pins", params={"status": "pinning"}).json()["results"][0]["requestid"] == id
        go_on.set()
        pinned(api, id)


def test_what_is_cancelled_is_not_pinned_and_leaves_nothing(server, api):
    root, blocks = dag(seed=9)
    go_on = threading.Event()

    class Slow(NoCars):
        def raw(self, cid):
            if len(self.asked) > 5:
                go_on.wait(10)
            return super().raw(cid)

    with Slow(blocks) as gateway:
        id = ask(api, root, gateway.url)
        incoming = server.data / "cars" / "incoming"
        until(lambda: list(incoming.iterdir()))
        answer = api.delete(f"{QUEUE}/{id}")
        assert (answer.status_code, answer.json()) == (200, {"data": None})
        until(lambda: not list(incoming.iterdir()))
        go_on.set()
    assert job(api, id) is None
    assert api.delete(f"{QUEUE}/{id}").status_code == 404
    assert api.get("/v3/files/public", params={"cid": str(root)}).json()["data"]["files"] == []


def test_what_is_no_file_or_folder_is_an_invalid_object(api):
    junk = b"\x0a\x02hi"  # a dag-pb node of data that is no UnixFS
    cid = CID(1, 0x70, CID.of(junk).multihash)
    with Gateway({cid: junk}) as gateway:
        assert failed(api, ask(api, cid, gateway.url), "invalid_object")


def test_a_dag_of_another_codec_is_pinned_with_all_it_links_to(api):
    leaf = b"linked"
    linked = CID.of(leaf)
    block = b"\xa1\x64link" + b"\xd8\x2a\x58\x25\x00" + bytes(linked)
    root = CID(1, 0x71, CID.of(block).multihash)
    with Gateway({root: block, linked: leaf}) as gateway:
        pinned(api, ask(api, root, gateway.url))
    assert api.get(f"/ipfs/{root}?format=raw").content == block
    assert api.get(f"/ipfs/{linked}").content == leaf


def test_content_inlined_in_its_cid_needs_nobody(api):
    cid = CID(1, 0x55, b"\x00\x05hello")
    file = pinned(api, ask(api, cid))
    assert (file["cid"], file["size"]) == (str(cid), 5)
    assert api.get(f"/ipfs/{cid}").content == b"hello"


def test_nobody_to_ask_is_told(api):
    id = ask(api, CID.of(b"nobody to ask"))
    until(lambda: "there is nobody to ask" in (job(api, id).get("reason") or ""))
    assert job(api, id)["status"] == "searching"


def test_the_same_cid_asked_for_twice_is_fetched_once(api):
    root, blocks = dag(seed=10)
    with Gateway(blocks) as gateway:
        made = [
            api.post("/psa/pins", json={"cid": str(root), "origins": [gateway.url]}).json() for _ in range(2)
        ]
        assert made[0]["requestid"] != made[1]["requestid"]
        for one in made:
            until(lambda one=one: api.get(f"/psa/pins/{one['requestid']}").json()["status"] == "pinned")
        assert [form for form, _ in gateway.asked] == ["raw", "car"]


def test_what_is_larger_than_allowed_is_given_up():
    root, blocks = dag()
    with Server(fetching=fast(max_size=MIB)) as server, client(server) as api, Gateway(blocks) as gateway:
        reason = failed(api, ask(api, root, gateway.url), "over_max_size")
        assert "1,048,576 bytes" in reason
        assert list((server.data / "cars" / "incoming").iterdir()) == []


def test_what_nobody_has_expires():
    with Server(fetching=fast(patience=0.2)) as server, client(server) as api, Gateway() as gateway:
        reason = failed(api, ask(api, CID.of(b"nobody has it"), gateway.url), "expired")
        assert f"{gateway.url} answered 404" in reason


def test_only_so_many_are_worked_on_and_the_rest_is_backfilled():
    with Server(fetching=fast(at_once=2)) as server, client(server) as api:
        ids = [ask(api, CID.of(b"job %d" % i)) for i in range(4)]
        until(lambda: job(api, ids[0])["status"] == job(api, ids[1])["status"] == "searching")
        assert [job(api, id)["status"] for id in ids[2:]] == ["backfilled"] * 2
        backfilled = api.get(QUEUE, params={"status": "backfilled"}).json()["data"]["jobs"]
        assert [one["id"] for one in backfilled] == ids[:1:-1]
        api.delete(f"{QUEUE}/{ids[0]}")
        until(lambda: job(api, ids[2])["status"] == "searching")
        assert job(api, ids[3])["status"] == "backfilled"


def test_two_hundred_and_fifty_are_worked_on_at_once_unless_told():
    assert Fetching().at_once == 250


def test_what_was_fetched_is_kept_over_a_restart(tmp_path):
    root, blocks = dag(8 * MIB)
    stuck = threading.Event()

    class Stuck(NoCars):
        def raw(self, cid):
            if len(self.asked) > 20:
                stuck.set()
                raise Refused(503)
            return super().raw(cid)

    with Stuck(blocks) as gateway:
        with Server(tmp_path, fetching=fast()) as server, client(server) as api:
            id = ask(api, root, gateway.url)
            assert stuck.wait(10)
            until(lambda: job(api, id)["status"] == "retrieving")
        assert len(list((tmp_path / "cars" / "incoming").iterdir())) == 1
    with Gateway(blocks) as whole_one:
        with Server(tmp_path, fetching=fast(gateways=(whole_one.url,))) as server, client(server) as api:
            pinned(api, id)
            assert whole(api, root, blocks)
        asked = {cid for _, cid in whole_one.asked}
    assert root not in asked
    assert len(asked) < len(blocks) - 15
    (car,) = (tmp_path / "cars").glob("*.car")
    assert set(content_of(car.read_bytes())) == {"large.bin", "small.txt"}


@pytest.mark.parametrize("damage", [lambda data: data[:-100_000], lambda data: data[:-10] + b"\0" * 10])
def test_what_a_crash_has_damaged_is_fetched_again(tmp_path, damage):
    root, blocks = dag(2 * MIB)
    stuck = threading.Event()

    class Stuck(NoCars):
        def raw(self, cid):
            if len(self.asked) > 6:
                stuck.set()
                raise Refused(503)
            return super().raw(cid)

    with Stuck(blocks) as gateway, Server(tmp_path, fetching=fast()) as server, client(server) as api:
        id = ask(api, root, gateway.url)
        assert stuck.wait(10)
    (car,) = (tmp_path / "cars" / "incoming").iterdir()
    car.write_bytes(damage(car.read_bytes()))
    with Gateway(blocks) as honest:
        fetching = fast(gateways=(honest.url,))
        with Server(tmp_path, fetching=fetching) as server, client(server) as api:
            pinned(api, id)
            assert whole(api, root, blocks)


def test_a_pin_object_that_is_replaced_lends_its_blocks_to_the_next(api):
    old, blocks = dag(seed=11)
    profile = Profile.named("v1")
    added = build_file([b"added"], profile, blocks.take)
    files = {
        "added.txt": added,
        "large.bin": build_file([large(3 * MIB, 11)], profile),
    }
    new = build_directory(files, profile, blocks.take).cid
    with Gateway(blocks) as gateway:
        made = api.post("/psa/pins", json={"cid": str(old), "origins": [gateway.url]}).json()
        until(lambda: api.get(f"/psa/pins/{made['requestid']}").json()["status"] == "pinned")
    with Gateway(
        {cid: blocks[cid] for cid in (new, added.cid)}
    ) as gateway:  # has of the new one only what is new
        answer = api.post(
            f"/psa/pins/{made['requestid']}", json={"cid": str(new), "origins": [gateway.url]}
        ).json()
        until(lambda: api.get(f"/psa/pins/{answer['requestid']}").json()["status"] == "pinned")
    assert whole(api, new, blocks)
    assert api.get(f"/ipfs/{old}").status_code == 404
    unpinned = api.get("/data/pinList", params={"cid": str(old)}).json()["rows"]
    assert [row["date_unpinned"] is None for row in unpinned] == [False]


def test_two_local_pinatas_pin_from_each_other():
    with pinatakit.local() as first, pinatakit.local(gateways=[first.url]) as second:
        upload = first.upload(b"there " * 300_000, name="there")
        assert second.pins.wait(second.pins.add(upload.cid), timeout=20).cid == upload.cid
        assert b"".join(second.read(upload.cid)) == b"there " * 300_000
        back = second.upload_files([__file__], name="back")
        job = first.pins.add(back.cid, host_nodes=[second.url])
        assert first.pins.wait(job, timeout=20).mime_type == "directory"
        delegate = first.psa.get(first.psa.add(back.cid).requestid).delegates[0]
        third = second.upload(b"by delegate")
        assert delegate == f"/ip4/127.0.0.1/tcp/{first.url.rpartition(':')[2]}/http"
        pin = first.psa.add(third.cid, origins=second.psa.add(third.cid).delegates)
        until(lambda: first.psa.get(pin.requestid).status == "pinned")
        assert b"".join(first.read(third.cid)) == b"by delegate"


def test_a_server_that_stops_does_not_wait_for_its_jobs(tmp_path):
    never = threading.Event()

    class Hanging(Gateway):
        def raw(self, cid):
            never.wait(20)
            raise Refused(404)

    with Hanging() as gateway:
        with Server(tmp_path, fetching=fast()) as server, client(server) as api:
            ask(api, CID.of(b"hangs"), gateway.url)
            until(lambda: gateway.asked)
            stopper = threading.Thread(target=server.stop)
            stopper.start()
            stopper.join(5)
            assert not stopper.is_alive()
        never.set()


# Where it does not connect to


def test_private_addresses_are_refused_where_others_can_ask():
    root, blocks = dag()
    with Gateway(blocks) as gateway:
        with Server(fetching=fast(private=False)) as server, client(server) as api:
            reason = failed(api, ask(api, root, gateway.url), "bad_host_node")
            assert "127.0.0.1 is at a private or reserved address, and is not fetched from" in reason
            localhost = gateway.url.replace("127.0.0.1", "localhost")
            assert "is not fetched from" in failed(api, ask(api, root, localhost), "bad_host_node")
        assert gateway.asked == []


def test_gateways_of_the_server_are_asked_wherever_they_are():
    root, blocks = dag()
    with Gateway(blocks) as gateway:
        fetching = fast(private=False, gateways=(gateway.url,))
        with Server(fetching=fetching) as server, client(server) as api:
            pinned(api, ask(api, root))


def test_a_redirect_to_a_private_address_is_not_followed():
    root, blocks = dag()
    with Gateway(blocks) as hidden, Redirecting(hidden.url) as gateway:
        fetching = fast(private=False, gateways=(gateway.url,))
        with Server(fetching=fetching) as server, client(server) as api:
            id = ask(api, root)
            until(lambda: "is not fetched from" in (job(api, id).get("reason") or ""))
        assert hidden.asked == []
        assert gateway.asked


def test_a_redirect_to_where_it_may_go_is_followed(api):
    root, blocks = dag(seed=12)
    with Gateway(blocks) as there, Redirecting(there.url) as gateway:
        pinned(api, ask(api, root, gateway.url))


def test_a_redirect_that_never_ends_leads_nowhere(api):
    with Redirecting("") as gateway:
        gateway.to = gateway.url
        id = ask(api, CID.of(b"round and round"), gateway.url)
        until(lambda: "leads nowhere" in (job(api, id).get("reason") or ""))


@pytest.mark.parametrize(
    ("how", "private"),
    [({}, True), ({"host": "0.0.0.0"}, False), ({"names": ["pinata.example"]}, False)],
)
def test_private_hosts_are_fetched_from_where_only_this_machine_can_ask(how, private, monkeypatch):
    from pinatakit.server import serve

    seen = []
    monkeypatch.setattr(serve, "create_app", lambda store, *, fetching, **others: seen.append(fetching))
    Server(**how).stop()
    assert [fetching.private for fetching in seen] == [private]


def test_a_gateway_that_is_no_address_is_refused_at_once():
    for gateway in ("ipfs.io", "/dns/ipfs.io/https", "ftp://x", "http://user:pass@x"):
        with pytest.raises(pinatakit.InputError):
            Fetching(gateways=(gateway,))


def test_what_was_fetched_is_kept_over_a_kill(tmp_path):
    root, blocks = dag(24 * MIB, seed=13)
    stuck = threading.Event()

    class Stuck(NoCars):
        def raw(self, cid):
            if len(self.asked) > 85:
                stuck.set()
                raise Refused(503)
            return super().raw(cid)

    with Stuck(blocks) as gateway, Gateway(blocks) as whole_one:
        process, about = start(tmp_path)
        with httpx2.Client(base_url=about["url"], headers=bearer(about["jwt"])) as api:
            id = ask(api, root, gateway.url)
            assert stuck.wait(30)
        kill(process)
        fetching = fast(gateways=(whole_one.url,))
        with Server(tmp_path, fetching=fetching) as server, client(server) as api:
            pinned(api, id)
            assert whole(api, root, blocks)
        asked = {cid for _, cid in whole_one.asked}
        assert len(asked) <= len(blocks) - 64  # 16 MiB were kept
