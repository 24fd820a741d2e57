"""``swap``: another CID in the place of one."""

from __future__ import annotations

from .processes import UNKNOWN_CID


def test_a_swap_begins_ends_and_leaves_its_history(ask_here, served):
    old, new = (served.client.upload(text).cid for text in (b"an old page", b"a new page"))
    assert ask_here("swap", "add", old, new).err == f"{new} is served for {old}\n"
    assert ask_here("swap", "delete", old).code == 0
    history = ask_here("swap", "history", old, "you.mypinata.cloud", "--json").json
    assert [one["mapped_cid"] for one in history] == [None, str(new)]
    assert ask_here("swap", "delete", old).failed(3)
    assert ask_here("swap", "add", UNKNOWN_CID, new).failed(3)
