"""``link``: addresses that open one thing for a time."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from pinatakit import ApiError


def test_whoever_has_the_link_reads_the_private_file(ask_here, served):
    file = served.client.upload(b"for your eyes", network="private")
    ran = ask_here("link", "download", file.cid, "--expires", "15m", "--option", "filename=eyes.txt")
    assert (ran.code, ran.err) == (0, "")
    [url] = ran.lines
    with urlopen(url) as answer:
        assert answer.read() == b"for your eyes"
    assert parse_qs(urlsplit(url).query)["X-Expires"] == ["900"]
    assert ask_here("link", "download", file.cid, "--json").json["url"].startswith(served.url)


def test_whoever_has_the_link_uploads_what_it_allows(ask_here, served):
    [url] = ask_here("link", "upload", "--name", "given.txt", "--max-size", "9", "--kv", "from=guest").lines
    assert served.client.upload(b"a present", url=url).name == "given.txt"
    [url] = ask_here("link", "upload", "--max-size", "9").lines
    with pytest.raises(ApiError):
        served.client.upload(b"too large a present", url=url)


def test_what_is_no_time_is_refused(ask_here):
    for wrong in ("soon", "-1", "1w", ""):
        assert ask_here("link", "upload", "--expires", wrong).failed(2)
