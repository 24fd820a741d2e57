"""Records: what the service tells, as immutable values."""

from __future__ import annotations

import json

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import PinataError
from pinatakit.protocol import File, Key, Pin
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
