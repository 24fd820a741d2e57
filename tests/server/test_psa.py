"""The pinning service API under ``/psa/pins``: expectations are of the specification 1.0.0."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from pinatakit.content import CID
from pinatakit.server import Server

from .conftest import bearer, client, pin, refusal, until, upload

PINS = "/psa/pins"
NOWHERE = "01a20a26-e9ff-7561-b5db-c01901fc405c"
ALL = "queued,pinning,pinned,failed"


@pytest.fixture(scope="module")
def held(api):
    """A CID that is held: whoever pins it has it pinned at once."""
    return pin(api, ("held.txt", b"held here"))["IpfsHash"]


@pytest.fixture
def fresh():
    """A local Pinata of its own, and what asks it."""
    with Server() as server, client(server) as api:
        yield api


def add(api, cid, **about):
    answer = api.post(PINS, json={"cid": str(cid), **about})
    assert answer.status_code == 202, answer.text
    return answer.json()


def far(what: str) -> str:
    """A CID that nobody has."""
    return str(CID.of(what.encode()))


def results(api, **query):
    answer = api.get(PINS, params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == {"count", "results"}
    return found["results"]


def ids(api, **query):
    return [one["requestid"] for one in results(api, **query)]


# One pin object


def test_a_pin_object_is_added_and_looked_up(api):
    about = {"name": "n", "origins": ["/ip4/203.0.113.1/tcp/4001/p2p/Qm"], "meta": {"app_id": "1"}}
    made = add(api, far("added"), **about)
    assert set(made) == {"requestid", "status", "created", "pin", "delegates", "info"}
    assert made["status"] == "queued"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made["created"])
    assert made["pin"] == {"cid": far("added"), **about}
    assert made["info"] == {"pinata_pinjob_status": "prechecking"}  # as recorded of Pinata
    found = api.get(f"{PINS}/{made['requestid']}")
    assert found.status_code == 200
    same = ("requestid", "created", "pin", "delegates")
    assert {key: found.json()[key] for key in same} == {key: made[key] for key in same}


def test_delegates_lead_to_the_gateway_here(api, server):
    (delegate,) = add(api, far("delegates"))["delegates"]
    assert delegate == f"/ip4/127.0.0.1/tcp/{server.url.rpartition(':')[2]}/http"


def test_why_it_is_not_pinned_stands_in_its_info(api):
    made = add(api, far("details"))
    details = until(lambda: api.get(f"{PINS}/{made['requestid']}").json()["info"].get("status_details"))
    assert "there is nobody to ask" in details


def test_what_is_held_is_pinned_at_once(api, held):
    made = add(api, held, name="again")
    assert (made["status"], made["pin"]["name"]) == ("pinned", "again")
    assert made["requestid"] in ids(api)


def test_the_same_cid_pinned_again_is_another_pin_object(api, held):
    first, second = add(api, held, name="one"), add(api, held, name="two")
    assert first["requestid"] != second["requestid"]
    assert api.get(f"{PINS}/{first['requestid']}").json()["pin"]["name"] == "one"
    assert api.get(f"{PINS}/{second['requestid']}").json()["pin"]["name"] == "two"


def test_a_pin_object_is_deleted_with_202_and_no_body(api):
    made = add(api, far("deleted"))
    answer = api.delete(f"{PINS}/{made['requestid']}")
    assert (answer.status_code, answer.content) == (202, b"")
    for answer in (api.get(f"{PINS}/{made['requestid']}"), api.delete(f"{PINS}/{made['requestid']}")):
        assert refusal(answer) == (404, "OBJECT_NOT_FOUND")
        details = answer.json()["error"]["details"]
        assert details == "Your account does not currently have any record associated with this ID"


def test_content_goes_with_the_last_pin_object_of_it(fresh):
    whole = pin(fresh, ("box/inside.txt", b"inside"), ("box/other.txt", b"other"))
    inside = str(CID.of(b"inside"))
    made = [add(fresh, inside)["requestid"] for _ in range(2)]
    fresh.delete(f"/pinning/unpin/{whole['IpfsHash']}")
    fresh.delete(f"{PINS}/{made[0]}")
    assert ids(fresh) == [made[1]]
    assert fresh.get(f"/ipfs/{inside}").content == b"inside"
    fresh.delete(f"{PINS}/{made[1]}")
    assert ids(fresh, status=ALL) == []
    assert fresh.get(f"/ipfs/{inside}").status_code == 404


def test_an_upload_is_a_pin_object_and_stays_when_another_of_its_cid_is_deleted(fresh):
    made = upload(fresh, b"uploaded", name="up.txt", keyvalues='{"n":"1"}')
    (one,) = results(fresh)
    assert (one["requestid"], one["status"], one["pin"]["cid"]) == (made["id"], "pinned", made["cid"])
    assert (one["pin"]["name"], one["pin"]["meta"]) == ("up.txt", {"n": "1"})
    second = add(fresh, made["cid"])
    assert ids(fresh) == [second["requestid"], made["id"]]
    fresh.delete(f"{PINS}/{second['requestid']}")
    assert ids(fresh) == [made["id"]]
    assert fresh.get(f"/v3/files/public/{made['id']}").status_code == 200
    assert fresh.delete(f"{PINS}/{made['id']}").status_code == 202
    assert fresh.get(f"/v3/files/public/{made['id']}").status_code == 404


def test_what_is_unpinned_elsewhere_is_a_pin_object_no_more(fresh):
    made = upload(fresh, b"to be unpinned")
    second = add(fresh, made["cid"])
    fresh.delete(f"/pinning/unpin/{made['cid']}")
    assert ids(fresh, status=ALL) == []
    assert fresh.get(f"{PINS}/{second['requestid']}").status_code == 404


def test_private_files_are_no_pin_objects(fresh):
    upload(fresh, b"private", network="private")
    assert ids(fresh, status=ALL) == []


def test_key_values_that_are_no_text_are_told_as_text(fresh):
    made = pin(fresh, ("n.txt", b"numbers"), pinataMetadata='{"keyvalues":{"n":1,"yes":true,"t":"x"}}')
    (one,) = results(fresh, meta='{"n":"1","yes":"true"}')
    assert one["requestid"] == made["ID"]
    assert one["pin"]["meta"] == {"n": "1", "yes": "true", "t": "x"}


# Replaced


@pytest.mark.parametrize("held_already", [True, False])
def test_a_replaced_pin_object_is_gone_and_the_new_one_has_another_id(api, held, held_already):
    old = add(api, far(f"replaced {held_already}"), name="old", meta={"k": "v"})
    new = held if held_already else far("replacing")
    answer = api.post(f"{PINS}/{old['requestid']}", json={"cid": new, "name": "new"})
    assert answer.status_code == 202
    made = answer.json()
    assert made["requestid"] != old["requestid"]
    assert made["pin"] == {"cid": new, "name": "new", "origins": [], "meta": {}}
    assert refusal(api.get(f"{PINS}/{old['requestid']}")) == (404, "OBJECT_NOT_FOUND")
    assert api.get(f"{PINS}/{made['requestid']}").status_code == 200


def test_what_is_pinned_can_be_replaced_by_itself(fresh):
    made = upload(fresh, b"itself")
    new = fresh.post(f"{PINS}/{made['id']}", json={"cid": made["cid"], "name": "renamed"}).json()
    assert new["status"] == "pinned"
    assert ids(fresh, status=ALL) == [new["requestid"]]
    assert fresh.get(f"/ipfs/{made['cid']}").content == b"itself"


def test_a_replaced_upload_is_kept_until_the_new_one_is_pinned_or_gone(fresh):
    made = upload(fresh, b"kept for now")
    new = fresh.post(f"{PINS}/{made['id']}", json={"cid": far("never comes")}).json()
    assert ids(fresh, status=ALL) == [new["requestid"]]
    assert refusal(fresh.delete(f"{PINS}/{made['id']}"))[0] == 404
    assert refusal(fresh.post(f"{PINS}/{made['id']}", json={"cid": far("x")}))[0] == 404
    assert fresh.get(f"/ipfs/{made['cid']}").status_code == 200
    fresh.delete(f"{PINS}/{new['requestid']}")
    assert fresh.get(f"/ipfs/{made['cid']}").status_code == 404
    assert ids(fresh, status=ALL) == []


def test_what_is_not_there_cannot_be_replaced(api, held):
    assert refusal(api.post(f"{PINS}/{NOWHERE}", json={"cid": held})) == (404, "OBJECT_NOT_FOUND")


# Lists


def test_a_list_is_of_the_ten_newest_that_are_pinned(fresh):
    made = [upload(fresh, b"%d" % i)["id"] for i in range(12)]
    add(fresh, far("queued"))
    answer = fresh.get(PINS).json()
    assert answer["count"] == 12
    assert [one["requestid"] for one in answer["results"]] == made[:1:-1]
    assert ids(fresh, limit=3) == made[:-4:-1]
    assert ids(fresh, limit=1000) == made[::-1]
    assert fresh.get(PINS, params={"limit": 3}).json()["count"] == 12


def test_pages_follow_each_other_by_the_time_of_the_oldest(fresh):
    made = [add(fresh, far(f"page {i}"))["requestid"] for i in range(15)]
    seen: list[str] = []
    query = {"status": ALL}
    while page := results(fresh, **query):
        seen += [one["requestid"] for one in page]
        # As a browser knows it: a Date has milliseconds
        oldest = datetime.fromisoformat(page[-1]["created"])
        query["before"] = oldest.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert seen == made[::-1]


def test_a_list_is_filtered_by_time(fresh):
    made = [add(fresh, far(f"time {i}")) for i in range(3)]
    middle = made[1]["created"]
    assert ids(fresh, status=ALL, before=middle) == [made[0]["requestid"]]
    assert ids(fresh, status=ALL, after=middle) == [made[2]["requestid"]]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert ids(fresh, status=ALL, after=later) == []


def test_a_list_is_filtered_by_cids_in_each_spelling(fresh):
    made = {what: add(fresh, far(what))["requestid"] for what in "abc"}
    both = [made["b"], made["a"]]
    assert ids(fresh, status=ALL, cid=f"{far('a')},{far('b')}") == both
    several = fresh.get(f"{PINS}?status=queued&cid={far('a')}&cid={far('b')}").json()["results"]
    assert [one["requestid"] for one in several] == both
    assert ids(fresh, status=ALL, cid=CID.parse(far("c")).encode("base58btc")) == [made["c"]]
    assert ids(fresh, cid=far("a")) == []  # it is not pinned


def test_a_list_is_filtered_by_status_in_each_spelling(fresh):
    queued = add(fresh, far("waits"))["requestid"]
    pinned = upload(fresh, b"pinned")["id"]
    failed = add(fresh, far("fails"), origins=["nonsense"])["requestid"]
    until(lambda: fresh.get(f"{PINS}/{failed}").json()["status"] == "failed")
    assert "neither a multiaddr" in fresh.get(f"{PINS}/{failed}").json()["info"]["status_details"]
    assert ids(fresh, status="queued") == [queued]
    assert ids(fresh, status="pinned") == [pinned]
    assert ids(fresh, status="failed") == [failed]
    assert ids(fresh, status="pinning") == []
    assert ids(fresh, status="queued,failed") == [failed, queued]
    assert fresh.get(f"{PINS}?status=queued&status=failed").json()["count"] == 2


@pytest.mark.parametrize(
    ("match", "name", "found"),
    [
        (None, "PreciousData.pdf", True),
        (None, "preciousdata.pdf", False),
        ("exact", "PreciousData.pdf", True),
        ("exact", "Precious", False),
        ("iexact", "pRECIOUSdATA.PDF", True),
        ("iexact", "precious", False),
        ("partial", "ciousD", True),
        ("partial", "CIOUSd", False),
        ("partial", "a.p", True),
        ("partial", "a_p", False),
        ("ipartial", "CIOUSd", True),
        ("ipartial", "ous%", False),
    ],
)
def test_a_name_is_matched_by_each_strategy_also_of_what_is_queued(api, match, name, found):
    made = add(api, far(f"name {match} {name}"), name="PreciousData.pdf")["requestid"]
    query = {"name": name, **({"match": match} if match else {})}
    assert (made in ids(api, **query, limit=1000)) is found
    assert (made in ids(api, **query, status="queued", limit=1000)) is found
    assert made not in ids(api, **query, status="pinned", limit=1000)


def test_letters_of_every_alphabet_have_a_case(api):
    made = add(api, far("umlaut"), name="ÄRGER Straße")["requestid"]
    assert ids(api, name="ärger straße", match="iexact") == [made]


def test_a_list_is_filtered_by_meta(api, held):
    first = add(api, far("meta 1"), meta={"app": "x", "n": "1"})["requestid"]
    second = add(api, held, meta={"app": "x", "n": "2", 'a.b"c': "d"})["requestid"]
    assert ids(api, status=ALL, meta='{"app":"x"}') == [second, first]
    assert ids(api, status=ALL, meta='{"app":"x","n":"1"}') == [first]
    assert ids(api, meta=json.dumps({'a.b"c': "d"})) == [second]
    assert ids(api, status=ALL, meta='{"app":"y"}') == []


# Refused


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "many"},
        {"match": "fuzzy"},
        {"status": "done"},
        {"status": "pinned,done"},
        {"cid": "nonsense"},
        {"cid": ",".join(far(str(i)) for i in range(11))},
        {"name": "x" * 256},
        {"before": "yesterday"},
        {"after": "2020-13-01T00:00:00Z"},
        {"meta": "{"},
        {"meta": "[]"},
        {"meta": '{"n":1}'},
    ],
)
def test_a_filter_that_cannot_be_is_refused(api, query):
    assert refusal(api.get(PINS, params=query))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"cid": "nonsense"},
        {"cid": 5},
        {"cid": far("x"), "name": 5},
        {"cid": far("x"), "name": "x" * 256},
        {"cid": far("x"), "origins": "/p2p/Qm"},
        {"cid": far("x"), "origins": [5]},
        {"cid": far("x"), "origins": ["/p2p/Qm"] * 21},
        {"cid": far("x"), "meta": {"n": 1}},
        {"cid": far("x"), "meta": "text"},
    ],
)
def test_a_pin_object_that_cannot_be_is_refused(api, body, held):
    made = add(api, held)
    for path in (PINS, f"{PINS}/{made['requestid']}"):
        assert refusal(api.post(path, json=body))[0] == 400
    assert api.get(f"{PINS}/{made['requestid']}").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, bearer("purposefullyInvalid"), {"authorization": "Bearer"}, {"authorization": "Basic x"}]
)
def test_without_a_valid_token_it_is_401(stranger, headers):
    assert refusal(stranger.get(PINS, headers=headers))[0] == 401


def test_a_key_pair_is_as_good_as_a_token(server, stranger):
    """As recorded: Pinata's own refusal asks for the pair."""
    pair = {"pinata_api_key": server.admin.api_key, "pinata_secret_api_key": server.admin.api_secret}
    assert stranger.get(PINS, headers=pair).status_code == 200


def test_a_path_that_is_not_there_is_refused_in_the_same_shape(api):
    assert refusal(api.get(f"{PINS}/a/b"))[0] == 404
    assert refusal(api.put(PINS))[0] == 405
