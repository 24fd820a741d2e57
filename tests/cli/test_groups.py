"""``groups``: made, filled, renamed and deleted from the command line."""

from __future__ import annotations

from .processes import UNKNOWN_CID, UNKNOWN_ID


def test_a_group_is_made_seen_renamed_and_deleted(ask_here):
    id = ask_here("groups", "create", "holidays", "-q").lines[0]
    assert ask_here("groups", "get", id, "--json").json["name"] == "holidays"
    ran = ask_here("groups", "rename", id, "trips")
    assert (ran.code, ran.out, ran.err) == (0, "", f"group {id} is now called trips\n")
    assert [group["id"] for group in ask_here("groups", "list", "--name", "trip", "--json").json] == [id]
    ran = ask_here("groups", "delete", id, "--dry-run", "-q")
    assert (ran.code, ran.lines) == (0, [id])
    assert ask_here("groups", "delete", "--yes", id, "--json").json == {"id": id, "deleted": True}
    assert ask_here("groups", "get", id).failed(3)


def test_files_are_put_in_by_cid_or_id_and_taken_out(ask_here, served):
    one, two = (served.client.upload(text, name=text.decode()) for text in (b"grouped one", b"grouped two"))
    group = served.client.groups.create("filled")
    ran = ask_here("groups", "add", group.id, one.cid, two.id)
    assert (ran.code, ran.out, ran.err) == (0, "", "added grouped one\nadded grouped two\n")
    assert set(ask_here("ls", "--group", group.id, "-q").lines) == {str(one.cid), str(two.cid)}
    assert ask_here("groups", "remove", group.id, two.cid, "--json").json["id"] == two.id
    assert ask_here("ls", "--group", group.id, "-q").lines == [str(one.cid)]


def test_a_file_that_is_not_there_does_not_keep_the_others_out(ask_here, served):
    file, group = served.client.upload(b"grouped in spite"), served.client.groups.create("in spite")
    ran = ask_here("groups", "add", group.id, UNKNOWN_CID, file.cid)
    assert ran.code == 8
    assert UNKNOWN_CID in ran.err
    assert ask_here("ls", "--group", group.id, "-q").lines == [str(file.cid)]


def test_a_group_is_not_deleted_without_being_asked_or_told(ask, served):
    group = served.client.groups.create("asked about")
    ran = ask("groups", "delete", group.id)
    assert ran.failed(2)
    assert "--yes" in ran.err
    assert served.client.groups.get(group.id) == group


def test_groups_of_each_network_are_apart(ask_here):
    id = ask_here("groups", "create", "secret", "--network", "private", "-q").lines[0]
    assert ask_here("groups", "get", id).failed(3)
    assert ask_here("groups", "get", id, "--network", "private", "-q").lines == [id]
    assert ask_here("groups", "delete", UNKNOWN_ID, "--yes").failed(3)
