"""Links: asked for and read as the documentation shows them."""

from __future__ import annotations

import json

import msgspec
import pytest

from pinatakit.errors import PinataError
from pinatakit.protocol import Answer
from pinatakit.protocol.links import download_link

URL = "https://gw.mypinata.cloud/files/bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"
LINK = f"{URL}?X-Algorithm=PINATA1&X-Date=1724875300&X-Expires=500000&X-Method=GET&X-Signature={'a' * 64}"


def answer(data: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/files")


def test_a_link_is_asked_for_in_seconds():
    call = download_link(URL, date=1724875300, expires=500000)
    assert (call.method, call.path) == ("POST", "/v3/files/private/download_link")
    assert json.loads(call.body) == {"url": URL, "date": 1724875300, "expires": 500000, "method": "GET"}


def test_a_link_escaped_twice_is_read_too():
    """The service was seen to write an ampersand as a JSON escape within the JSON text."""
    read = download_link(URL, date=1, expires=1).read
    assert read(answer(LINK)) == LINK
    assert read(answer(LINK.replace("&", "\\u0026"))) == LINK


def test_what_is_no_link_is_told():
    with pytest.raises(PinataError, match="not a link"):
        download_link(URL, date=1, expires=1).read(answer(None))
