"""Records: what the service tells, as immutable values."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from types import UnionType
from typing import Literal, get_args, get_origin

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import PinataError
from pinatakit.protocol import AccessToken, File, Key, NewKey, Pin, PinStatus, Record, Rows
from pinatakit.protocol._record import record

TEXT = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
DATA = {
    "id": "0195815c-5b8d-7b2b-a2f4-a0d4a6d1a001",
    "name": "a <b>",
    "cid": TEXT,
    "size": 11,
    "created_at": "2026-08-01T10:00:00.25Z",
    "keyvalues": {"stage": "prod"},
    "colour": {"of": ["the", "moon"]},
}


def test_a_field_that_is_not_known_is_kept():
    assert File.from_json(DATA).extra == {"colour": {"of": ["the", "moon"]}}


def test_a_field_that_is_left_out_has_its_default():
    file = File.from_json({"id": "1"})
    assert (file.cid, file.keyvalues, file.number_of_files, file.extra) == (None, {}, 1, {})


def test_a_record_cannot_be_changed():
    with pytest.raises(AttributeError):
        File.from_json(DATA).name = "other"


def test_records_stand_in_sets_where_equal_ones_are_one():
    same, other = File.from_json(DATA), File.from_json({**DATA, "keyvalues": {"stage": "test"}})
    assert {File.from_json(DATA), same} == {same}
    assert {same, other} == {other, same}


def test_every_kind_of_record_has_a_hash():
    def kinds(above):
        return {kind for one in above.__subclasses__() for kind in (one, *kinds(one))}

    for kind in kinds(Record):
        needed = {field.name: DATA for field in msgspec.structs.fields(kind) if field.required}
        assert isinstance(hash(kind(**needed)), int)


def test_as_a_dict_it_holds_all_fields_in_values_that_json_has():
    told = File.from_json(DATA).to_dict()
    assert json.loads(json.dumps(told)) == {
        **DATA,
        "number_of_files": 1,
        "mime_type": None,
        "group_id": None,
        "expires_at": None,
    }


def test_as_a_dict_it_holds_the_records_within_as_dicts():
    pin = Pin.from_json({"id": "1", "ipfs_pin_hash": TEXT, "regions": [{"regionId": "FRA1", "new": 1}]})
    assert pin.to_dict()["regions"] == [{"region_id": "FRA1", "current": 0, "desired": 0, "new": 1}]


def test_a_field_of_the_service_named_extra_is_kept_too():
    assert File.from_json({"id": "1", "extra": 7}).extra == {"extra": 7}


def test_a_repr_shows_what_is_there():
    shown = repr(File.from_json(DATA))
    assert shown.startswith(f"File(id='{DATA['id']}', name='a <b>', cid={TEXT}, size=11")
    assert "mime_type" not in shown
    assert "2026-08-01 10:00:00.250000+00:00" in shown


def test_in_a_notebook_it_is_a_table_in_which_nothing_is_markup():
    table = File.from_json(DATA)._repr_html_()
    assert f"<tr><th>cid</th><td>{TEXT}</td></tr>" in table
    assert "a &lt;b&gt;" in table


def test_the_secret_of_a_listed_key_is_not_kept():
    key = record({"key": "k", "secret": "not to be told"}, Key, told={"secret"})
    assert "not to be told" not in repr(key) + str(key.to_dict())


def test_what_is_no_record_is_told():
    with pytest.raises(PinataError, match="the service's answer is not a File"):
        File.from_json({"id": "1", "size": "large"})


def test_a_record_is_made_by_hand_without_its_extra():
    assert File(id="1", cid=CID.parse(TEXT)).extra == {}
    assert msgspec.structs.replace(File.from_json(DATA), name="b").extra == File.from_json(DATA).extra


# Every record there is

EVERY = sorted(Record.__subclasses__(), key=lambda kind: kind.__name__)


def fields(kind):
    return [field for field in msgspec.structs.fields(kind) if field.name != "extra"]


def sample(kind):
    """What a service may write for a field of a type."""
    if isinstance(kind, UnionType):
        return sample(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, Record):
        return {field.encode_name: sample(field.type) for field in fields(kind)}
    if get_origin(kind) in (tuple, list):
        return [sample(get_args(kind)[0])]
    known = {CID: TEXT, str: "a <b>", int: 7, float: 0.5, bool: True, date: "2026-08-01"}
    return known.get(kind, "2026-08-01T10:00:00.123456" if kind is datetime else {"k": "v"})


def least(kind):
    return {field.encode_name: sample(field.type) for field in fields(kind) if field.required}


@pytest.mark.parametrize("kind", EVERY)
def test_every_record_bears_what_is_left_out_or_null_and_keeps_what_is_not_known(kind):
    new = {"colour": {"of": ["the", "moon"]}, "nothing": None}
    bare = record(least(kind), kind)
    absent = {field.encode_name: None for field in fields(kind) if not field.required}
    told = record({**absent, **least(kind), **new}, kind)
    assert told.extra == new
    assert msgspec.structs.replace(told, extra={}) == bare
    assert told.to_dict() == {**new, **bare.to_dict()}


@pytest.mark.parametrize("kind", EVERY)
def test_every_record_is_a_dict_a_line_and_a_table(kind):
    made = record(sample(kind), kind)
    held = made.to_dict()
    assert json.loads(json.dumps(held)) == held
    assert set(held) == {field.name for field in fields(kind)}
    assert repr(made).startswith(f"{kind.__name__}({fields(kind)[0].name}=")
    for shown in (repr(made), made._repr_html_(), Rows([made])._repr_html_()):
        assert all(field.name in shown for field in fields(kind) if getattr(made, field.name) != ())
        assert TEXT in shown or "cid" not in held
    assert "<b>" not in made._repr_html_() + Rows([made])._repr_html_()
    with pytest.raises(AttributeError):
        setattr(made, fields(kind)[0].name, None)


@pytest.mark.parametrize("kind", EVERY)
def test_every_time_is_aware_and_every_cid_a_cid(kind):
    made = record(sample(kind), kind)
    for field in fields(kind):
        if datetime in (field.type, *get_args(field.type)):
            assert getattr(made, field.name) == datetime(2026, 8, 1, 10, 0, 0, 123456, tzinfo=UTC)
        if field.name in ("cid", "mapped_cid"):
            assert getattr(made, field.name) == CID.parse(TEXT)


def test_a_time_may_have_nine_digits_and_another_zone():
    pin = {"requestid": "1", "status": "pinned", "pin": {"cid": TEXT}}
    made = PinStatus.from_json({**pin, "created": "2026-08-01T12:00:00.123456789+02:00"})
    assert abs(made.created - datetime(2026, 8, 1, 10, 0, 0, 123456, tzinfo=UTC)).microseconds <= 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [(NewKey, ("pinata_api_secret", "JWT")), (AccessToken, ("value",))],
)
def test_a_secret_is_in_its_field_alone(kind, fields):
    made = record({**sample(kind), **dict.fromkeys(fields, "hush")}, kind)
    for shown in (repr(made), made._repr_html_(), Rows([made])._repr_html_()):
        assert "hush" not in shown
        assert "***" in shown
    assert [getattr(made, name) for name in fields] == ["hush"] * len(fields)


FIRST_MET_BY_EIGHT = """
import sys, threading
from datetime import datetime
from typing import Any
from msgspec import defstruct
from pinatakit.content import CID
from pinatakit.protocol import Record
from pinatakit.protocol._record import record

def kind(**fields):
    return defstruct("Kind", [(name, of, None) for name, of in fields.items()], bases=(Record,), frozen=True, kw_only=True)

def meet():
    gate.wait()
    read.append(record({"files": [{"keyvalues": {"a": 1}}]}, outer).files[0].keyvalues)

sys.setswitchinterval(1e-6)
read = []
for _ in range(50):
    inner = kind(cid=CID | None, keyvalues=dict[str, Any] | None, at=datetime | None)
    outer = kind(files=tuple[inner, ...] | None, last=inner | None)
    gate = threading.Barrier(8)
    threads = [threading.Thread(target=meet) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(len(read), read == [{"a": 1}] * len(read))
"""


def test_eight_threads_may_be_the_first_to_read_a_kind_of_record():
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_MET_BY_EIGHT], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "400 True\n"), ran.stderr
