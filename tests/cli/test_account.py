"""``usage``, ``du`` and ``limits``: how much there is, was read, and may be."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from PIL import Image

from .processes import posix


@pytest.fixture(scope="module")
def kept(served):
    """A text in a group and a picture in none."""
    group = served.client.groups.create("drawn")
    served.client.upload(b"a" * 3_000, name="a.txt", group_id=group.id)
    served.client.upload(b"\x89PNG\r\n\x1a\n" + bytes(1_492), name="b.png")
    return group


def test_what_is_pinned_is_summed_up(ask_here, served, kept):
    told = ask_here("usage", "--json").json
    assert told["pin_count"] == served.client.account.usage().pin_count
    assert "pin size total" in ask_here("usage").out


def test_files_are_summed_up_by_type_group_and_time(ask_here, kept):
    rows = {row["value"]: row for row in ask_here("du", "--json").json}
    assert rows["text/plain"]["files"] == 1
    assert rows["text/plain"]["size"] == 3_000
    assert rows["image/png"]["size"] == 1_500
    by_group = {row["value"]: row["size"] for row in ask_here("du", "--by", "group", "--json").json}
    assert by_group == {"drawn": 3_000, "in no group": 1_500}
    now = datetime.now(UTC)
    assert [row["value"] for row in ask_here("du", "--by", "month", "--json").json] == [f"{now:%Y-%m}"]
    assert ask_here("du", "--by", "day", "-q").lines == [f"{now:%Y-%m-%d}"]


def test_in_a_pipe_there_are_columns_instead_of_bars(ask_here, kept):
    rows = [line.split("\t") for line in ask_here("du").lines]
    assert ["text/plain", "1"] in [row[:2] for row in rows]
    assert len({len(row) for row in rows}) == 1


@posix
@pytest.mark.parametrize(("term", "sign"), [("xterm", "█"), ("dumb", "#")])
def test_a_person_sees_bars_no_wider_than_the_terminal(look, kept, term, sign):
    ran, seen = look("du", size=(24, 50), env={"TERM": term, "PYTHONIOENCODING": "utf-8"})
    assert ran.code == 0
    long, short = seen.splitlines()[:2]
    assert long.startswith("text/plain")
    assert max(len(long), len(short)) <= 50
    assert long.count(sign) > short.count(sign) > 0


def test_a_picture_is_drawn_where_it_is_wanted(ask_here, kept, tmp_path):
    assert ask_here("du", "--plot", "du.svg").code == 0
    bars = ET.parse(tmp_path / "du.svg").getroot().findall("{*}rect")[1:]
    long, short = (float(bar.get("width")) for bar in bars)
    assert long == pytest.approx(2 * short, abs=0.2)
    assert ask_here("du", "--plot", "du.png").code == 0
    with Image.open(tmp_path / "du.png") as image:
        assert image.format == "PNG"
        assert len(image.getcolors(1 << 20)) > 2
    assert ask_here("du", "--plot", "du.gif").code == 2
    assert ask_here("usage", "--plot", "a.svg").failed(2)


def test_what_was_read_from_a_gateway_is_shown_over_time_and_by_what_it_was(ask_here, served, kept):
    cid = served.client.upload(b"read twice").cid
    for _ in range(2):
        served.client.read_bytes(cid, verify=False)
    domain = served.url.removeprefix("http://").partition(":")[0]
    rows = ask_here("usage", "--gateway", domain, "--json").json
    assert sum(row["requests"] for row in rows) >= 2
    by_cid = {
        row["value"]: row["requests"]
        for row in ask_here("usage", "--gateway", domain, "--by", "cid", "--json").json
    }
    assert by_cid[str(cid)] == 2
    assert str(cid)[:20] in ask_here("usage", "--gateway", domain, "--by", "cid").out


def test_limits_are_told(ask_here, served):
    assert (
        ask_here("limits", "--json").json["folder_max_files"]
        == served.client.account.limits().folder_max_files
    )
