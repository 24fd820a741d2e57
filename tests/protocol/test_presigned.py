"""Links: what is asked to be signed."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pinatakit.protocol import presigned

NOW = datetime(2024, 8, 29, 15, 1, 51, tzinfo=UTC)


def test_only_what_was_given_is_signed():
    call = presigned.sign_upload(date=NOW, expires=30, network="private")
    assert (call.method, call.path, call.host) == ("POST", "/v3/files/sign", "uploads")
    assert msgspec.json.decode(call.body) == {"date": 1724943711, "expires": 30, "network": "private"}


def test_everything_has_pinatas_name():
    call = presigned.sign_upload(
        date=NOW,
        expires=30,
        network="public",
        name="n",
        keyvalues={"a": "b"},
        group_id="g",
        max_size=0,
        mime_types=["image/*"],
        cid_version=0,
        streamable=True,
    )
    assert msgspec.json.decode(call.body) == {
        "date": 1724943711,
        "expires": 30,
        "network": "public",
        "filename": "n",
        "keyvalues": {"a": "b"},
        "group_id": "g",
        "max_file_size": 0,
        "allow_mime_types": ["image/*"],
        "cid_version": "v0",
        "streamable": True,
    }
