"""The documentation: its Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pinatakit.content import CID, read_car

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what the pages speak of."""
    (tmp_path / "site" / "images").mkdir(parents=True)
    (tmp_path / "site" / "index.html").write_text("<h1>Hello</h1>")
    (tmp_path / "site" / "images" / "logo.png").write_bytes(bytes(range(200)))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8" + bytes(1000))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(page: str, **given):
    """The names that a page's Python leaves."""
    names = dict(given)
    for block in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
        exec(compile(block, page, "exec"), names)  # noqa: S102
    return names


@pytest.mark.filterwarnings("ignore:unclosed file")
def test_the_page_on_content_addressing_runs(place):
    read = []

    def fetch(cid: CID) -> bytes:
        _, blocks = read_car((place / "site.car").read_bytes())
        read.append(cid)
        return next(bytes(block.data) for block in blocks if block.cid == cid)

    names = run("content.md", fetch=fetch)
    assert (place / "copy" / "index.html").read_text() == "<h1>Hello</h1>"
    assert names["roots"] == [names["root"].cid]
    assert len(read) == 3  # the folder, the folder in it, and the file
