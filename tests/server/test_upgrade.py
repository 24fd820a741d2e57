"""Data folders of older versions open, with all they hold."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from pinatakit.content import CID
from pinatakit.errors import PinataError
from pinatakit.server import Server
from pinatakit.server.store import beside
from pinatakit.server.store.records import VERSION

from .conftest import client, pin, upload

# What version 3 had otherwise: key-values without the state of their file, and what is made anew.
OLDER = """
    DROP TRIGGER file_tallied; DROP TRIGGER file_tallied_again; DROP TABLE tally;
    DROP TRIGGER file_named; DROP TRIGGER file_renamed; DROP TABLE file_name; DROP TABLE keyvalue_words;
    DROP TABLE damaged;
    ALTER TABLE keyvalue RENAME TO kept;
    CREATE TABLE keyvalue (
        n INTEGER NOT NULL REFERENCES file (n), key TEXT NOT NULL, text TEXT NOT NULL, number REAL,
        PRIMARY KEY (n, key)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO keyvalue SELECT n, key, text, number FROM kept;
    DROP TABLE kept;
    PRAGMA user_version = 3;
"""
# What version 5 had otherwise: one tally of all sizes, and no way to parts of CIDs or to two letters.
FIFTH = """
    DROP TRIGGER file_tallied; DROP TRIGGER file_tallied_again; DROP TABLE tally;
    DROP TABLE file_cid; DROP TABLE file_name_term; DROP TABLE keyvalue_words_term;
    CREATE TABLE tally (
        network TEXT NOT NULL, pinned INTEGER NOT NULL, files INTEGER NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (network, pinned)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tally SELECT network, unpinned IS NULL, count(*), sum(dag_size) FROM file GROUP BY 1, 2;
    CREATE INDEX file_dated ON file (created, n);
    PRAGMA user_version = 5;
"""
ASKED = (
    "/v3/files/public",
    "/v3/files/private",
    "/v3/files/public?metadata[k]=v",
    "/v3/files/public?name=ne.t",
    "/data/pinList?metadata[name]=xt",
    f"/data/pinList?hashContains={str(CID.of(b'one'))[20:30]}",
    "/data/pinList?pinSizeMin=1&pinSizeMax=100",
    "/data/pinList?status=unpinned",
    '/data/pinList?status=unpinned&metadata[keyvalues]={"n":{"value":1,"op":"gt"}}',
    '/data/pinList?status=pinned&metadata[keyvalues]={"k":{"value":"%v%","op":"like"}}',
    "/data/userPinnedDataTotal",
    "/v3/api_keys",
    "/v3/gateways",
)


def asked(api) -> list:
    answers = [api.get(path).json() for path in ASKED]
    for key in answers[-2]["keys"]:
        del key["uses"]  # asking counts
    return answers


@pytest.fixture
def older(tmp_path):
    """A data folder of version 3, and what its server answered."""
    before = filled(tmp_path / "data")
    change(tmp_path / "data", OLDER)
    return tmp_path / "data", before


def filled(folder) -> list:
    """A data folder with a little of everything, and what its server answers."""
    with Server(folder) as server, client(server) as api:
        upload(api, b"one", "one.txt", keyvalues='{"k":"v"}')
        upload(api, b"two", "two.txt", network="private", keyvalues='{"k":"v"}')
        gone = pin(api, ("gone", b"gone"), pinataMetadata='{"keyvalues":{"n":2,"k":"v"}}')
        assert api.delete(f"/pinning/unpin/{gone['IpfsHash']}").status_code == 200
        assert api.post("/v3/gateways", json={"domain": "older"}).status_code == 200
        return asked(api)


def change(folder, script: str) -> None:
    with closing(sqlite3.connect(folder / "records.db")) as db:
        db.executescript(script)


def version(folder) -> int:
    with closing(sqlite3.connect(folder / "records.db")) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_an_older_data_folder_answers_as_before(older):
    folder, before = older
    for _ in range(2):
        with Server(folder) as server, client(server) as api:
            assert asked(api) == before
            assert api.get(f"/ipfs/{before[0]['data']['files'][0]['cid']}").content == b"one"
            added = upload(api, b"more", "more.txt", keyvalues='{"k":"v"}')
            found = api.get("/v3/files/public?metadata[k]=v").json()["data"]["files"]
            assert [file["name"] for file in found] == ["more.txt", "one.txt"]
            api.delete(f"/v3/files/public/{added['id']}")
            before = asked(api)
    assert version(folder) == VERSION
    assert not list(folder.glob("*.upgrade*"))


def test_one_of_version_5_answers_as_before(tmp_path):
    before = filled(tmp_path)
    change(tmp_path, FIFTH)
    with Server(tmp_path) as server, client(server) as api:
        assert asked(api) == before
        assert [answer["count"] for answer in before[4:7]] == [1, 1, 2]
    assert version(tmp_path) == VERSION


def test_one_that_cannot_be_brought_to_this_version_stays_as_it_is(older):
    folder, _ = older
    change(folder, "ALTER TABLE gateway DROP COLUMN created")
    with pytest.raises(PinataError, match=f"cannot be brought to version {VERSION}"):
        Server(folder)
    assert version(folder) == 3
    assert not list(folder.glob(".*.upgrade"))


def test_one_whose_change_was_cut_off_is_changed_at_the_next_start(older):
    folder, before = older
    cut_off = """
import os, pathlib, sqlite3, sys
from pinatakit.server.store.upgrade import upgrade

class Cut(sqlite3.Connection):
    def backup(self, target):
        super().backup(target, pages=9, progress=lambda *_: os._exit(9))

connect = sqlite3.connect
sqlite3.connect = lambda *args, **how: connect(*args, **how, factory=Cut)
upgrade(pathlib.Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", cut_off, folder / "records.db"], check=False)
    assert done.returncode == 9
    assert version(folder) == 3
    with Server(folder) as server, client(server) as api:
        assert asked(api) == before
    assert version(folder) == VERSION
    assert not list(folder.glob("*.upgrade*"))


def test_one_of_a_later_version_is_left_alone(older):
    folder, _ = older
    change(folder, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(PinataError, match=f"is of version {VERSION + 1}"):
        Server(folder)
    assert version(folder) == VERSION + 1


def test_beside_a_server_an_older_one_is_not_changed(older):
    folder, _ = older
    with pytest.raises(PinataError, match="is of version 3") as caught, beside(folder):
        pass
    assert "start a server with it once" in str(caught.value.hint)
    assert version(folder) == 3
