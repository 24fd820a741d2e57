"""TUS: what its requests carry, and what its answers say."""

from __future__ import annotations

import pytest

from pinatakit.content import PROFILES, build_file
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import Answer, tus

CID = build_file([b"x"], PROFILES["v1"]).cid


def test_metadata_is_names_and_values_in_base64():
    # The example of the specification, tus.io/protocols/resumable-upload, "Creation".
    text = "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential"
    assert tus.read_metadata(text) == {"filename": "world_domination_plan.pdf", "is_confidential": ""}
    assert tus.write_metadata({"filename": "world_domination_plan.pdf", "is_confidential": ""}) == text


def test_metadata_of_any_letters_comes_back():
    fields = {"filename": "é ☃ ,.bin", "keyvalues": '{"a":"b c"}', "empty": ""}
    assert tus.read_metadata(tus.write_metadata(fields)) == fields
    assert tus.read_metadata("") == {}


@pytest.mark.parametrize("text", ["a !", "a eA==,a eA==", ",", "a eA==,"])
def test_metadata_that_is_malformed_is_refused(text):
    with pytest.raises(InputError):
        tus.read_metadata(text)


def test_a_creation_says_how_long_it_is_and_repeats_the_version_as_pinatas_sdk_does():
    call = tus.create(None, 7, {"filename": "f", "cid_version": "v0"})
    assert (call.method, call.path, call.host) == ("POST", "/v3/files", "uploads")
    assert call.headers["upload-length"] == "7"
    assert dict(call.pairs()) == {"X-Upload-Option-Cid-Version": "v0"}
    signed = tus.create("https://u.test/v3/files/1?X-Signature=a", 7, {"cid_version": "v0"})
    assert (signed.host, signed.pairs()) == ("signed", [])


def test_an_answer_tells_how_far_it_is_and_at_the_end_the_cid():
    read = tus.ask("/v3/files/1/upload", signed=False).read
    assert read(Answer(200, {"upload-offset": "5"}, b"", "u")) == (5, None)
    assert read(Answer(200, {"upload-offset": "5", "upload-cid": str(CID)}, b"", "u")) == (5, CID)
    for offset in ("", "-1", "x"):
        with pytest.raises(PinataError, match="how far"):
            read(Answer(200, {"upload-offset": offset}, b"", "u"))


def test_a_creation_that_does_not_say_where_is_no_answer():
    with pytest.raises(PinataError, match="did not say where"):
        tus.create(None, 1, {}).read(Answer(201, {}, b"", "u"))


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "1" * 16])
def test_a_length_is_a_number_of_bytes(text):
    with pytest.raises(InputError):
        tus.check_length(text)
    assert tus.check_length("25000000000") == 25_000_000_000
