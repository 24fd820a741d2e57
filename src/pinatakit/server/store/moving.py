"""Export and import: content and what is known of it, in files that other tools read too.

    export/
      manifest.jsonl  a line of JSON for the export, each group, each file, and one that counts them
      cars/*.car      the content, a CARv1 for each root
      account.jsonl   everything else, with secrets: `account`

`docs/store.md` describes it. Who imports trusts none of it: each block is hashed, no DAG may lack one,
and no line may name a file elsewhere. The account is the exception, and taken over when that is asked for.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from pinatakit.content import CID, Root, read_car
from pinatakit.errors import ContentError, InputError
from pinatakit.protocol import Network
from pinatakit.protocol.metadata import check_keyvalues, check_name
from pinatakit.server.store import Store, account
from pinatakit.server.store.backup import copy
from pinatakit.server.store.cars import Cars, sync_folder
from pinatakit.server.store.files import Kept
from pinatakit.server.store.groups import NoSuchGroup
from pinatakit.server.store.values import from_micros, now_micros, to_micros
from pinatakit.server.store.verify import Finding, take_in

_PAGE: Final = 500
_LINE: Final = 1 << 20  # bytes at most
_CAR: Final = re.compile(r"cars/[A-Za-z0-9.]+\.car")


class Export(msgspec.Struct, tag="export", tag_field="kind"):
    """The first line."""

    version: int
    made: datetime


class Group(msgspec.Struct, tag="group", tag_field="kind"):
    """A line for a group."""

    id: str
    network: Network
    name: str
    is_public: bool
    created_at: datetime
    updated_at: datetime


class File(msgspec.Struct, tag="file", tag_field="kind", omit_defaults=True):
    """A line for a file or folder that is pinned; `car` is the path of its content."""

    id: str
    cid: str
    network: Network
    car: str
    size: int
    dag_size: int
    number_of_files: int
    created_at: datetime
    name: str | None = None
    mime_type: str | None = None
    group_id: str | None = None
    keyvalues: dict[str, Any] = {}
    expires_at: datetime | None = None


class End(msgspec.Struct, tag="end", tag_field="kind"):
    """The last line; without it an export is not whole."""

    groups: int
    files: int


Line: TypeAlias = Export | Group | File | End

_line: Final = msgspec.json.Decoder(Line)


class Moved(NamedTuple):
    """How many came over, and how many files were there already."""

    groups: int
    files: int
    there: int = 0


def export(cars: Cars, to: Path) -> Moved:
    """Write what is pinned, with its groups, and the account, to a folder that is not there yet; a server may have the store.

    Raises:
        InputError: something is there already.
    """
    if to.exists():
        raise InputError(f"{str(to)!r} is there already", hint="name a new folder")
    (to / "cars").mkdir(parents=True, mode=0o700)
    to.chmod(0o700)
    groups = files = 0
    aside = to / ".manifest.jsonl"
    with aside.open("xb") as out:

        def write(line: Line) -> None:
            out.write(msgspec.json.encode(line) + b"\n")

        write(Export(1, from_micros(now_micros())))
        for group in _groups(cars):
            groups += 1
            write(group)
        for file, car in _files(cars):
            target = to / file.car
            try:
                if not target.exists():  # a public and a private file may have one
                    copy(car, target)
            except FileNotFoundError:  # unpinned meanwhile
                target.unlink(missing_ok=True)
                continue
            files += 1
            write(file)
        write(End(groups, files))
        out.flush()
        os.fsync(out.fileno())
    sync_folder(to / "cars")
    account.export_account(cars.records, to / account.NAME)
    aside.replace(to / "manifest.jsonl")
    sync_folder(to)
    return Moved(groups, files)


def take_over(store: Store, folder: Path, *, with_account: bool = False) -> Generator[Finding, None, Moved]:
    """Import an export; gives what could not be taken over. What is pinned already stays as it is.

    Groups and files keep their ids and times; a file whose id another file has gets a new one.
    With its account come keys that may do in the store what they might where they were made; the
    store is to be opened again after that.

    Raises:
        InputError: the folder holds no whole export; or, with its account, the store has keys.
    """
    _see_whole(folder)
    if with_account:
        account.check_account(store.records, folder / account.NAME)
    groups = files = there = 0
    for line in _lines(folder):
        if isinstance(line, Group):
            groups += store.records.write(_keeping(line)).result()
        elif isinstance(line, File):
            try:
                is_new = _take(store, folder, line)
            except (ContentError, InputError, OSError) as error:
                yield Finding("damaged", line.cid, str(error), mended=False)
            else:
                files += is_new
                there += not is_new
    if with_account:
        account.take_account(store.records, folder / account.NAME)
    return Moved(groups, files, there)


def _groups(cars: Cars) -> Iterator[Group]:
    last = ""
    while rows := cars.records.read(
        f"SELECT * FROM file_group WHERE id > ? ORDER BY id LIMIT {_PAGE}", (last,)
    ):
        last = rows[-1]["id"]
        for row in rows:
            times = (from_micros(row["created"]), from_micros(row["updated"]))
            yield Group(row["id"], row["network"], row["name"], bool(row["is_public"]), *times)


def _files(cars: Cars) -> Iterator[tuple[File, Path]]:
    """What is pinned, oldest first, and where its content is."""
    last = 0
    page = (
        "SELECT file.*, car.n AS number FROM file JOIN car ON root = cid"
        f" WHERE unpinned IS NULL AND file.n > ? ORDER BY file.n LIMIT {_PAGE}"
    )
    while rows := cars.records.read(page, (last,)):
        last = rows[-1]["n"]
        for row in rows:
            path = cars.path(CID.parse(row["cid"]), row["number"])
            yield _file(row, path.name), path


def _file(row: sqlite3.Row, car: str) -> File:
    return File(
        id=row["id"],
        cid=row["cid"],
        network=row["network"],
        car=f"cars/{car}",
        size=row["size"],
        dag_size=row["dag_size"],
        number_of_files=row["number_of_files"],
        created_at=from_micros(row["created"]),
        name=row["name"],
        mime_type=row["mime_type"],
        group_id=row["group_id"],
        keyvalues=msgspec.json.decode(row["keyvalues"]),
        expires_at=from_micros(row["expires"]) if row["expires"] else None,
    )


def _lines(folder: Path) -> Iterator[Line]:
    """The lines of a manifest.

    Raises:
        InputError: one is none.
    """
    number = 0
    try:
        with (folder / "manifest.jsonl").open("rb") as manifest:
            while line := manifest.readline(_LINE):
                number += 1
                yield _line.decode(line)
    except OSError as error:
        raise InputError(f"{str(folder)!r} is no export: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"line {number} of manifest.jsonl is none of an export: {error}") from None


def _see_whole(folder: Path) -> None:
    """See that a manifest has its first and its last line, and as many between them as that says."""
    groups = files = 0
    first = last = None
    for line in _lines(folder):
        first, last = first or line, line
        groups += isinstance(line, Group)
        files += isinstance(line, File)
    if not isinstance(first, Export) or first.version != 1:
        raise InputError("manifest.jsonl is of no export of version 1")
    if last != End(groups, files):
        raise InputError("manifest.jsonl is not whole", hint="export again")


def _keeping(group: Group) -> Callable[[sqlite3.Connection], int]:
    def keep(db: sqlite3.Connection) -> int:
        times = (to_micros(group.created_at), to_micros(group.updated_at))
        values = (group.id, group.network, group.name, group.is_public, *times)
        return db.execute("INSERT OR IGNORE INTO file_group VALUES (?, ?, ?, ?, ?, ?)", values).rowcount

    return keep


def _take(store: Store, folder: Path, file: File) -> bool:
    """Take a file over; whether it was not there.

    Raises:
        InputError: the line cannot be of an export.
        ContentError: the CAR is not what it should be.
        OSError: the CAR is not there, or the disk is full or broken.
    """
    root = CID.parse(file.cid)
    if not _CAR.fullmatch(file.car):
        raise InputError(f"{file.car!r} is no CAR of an export")
    kept = Kept(
        Root(root, file.size, file.dag_size),
        check_name(file.name),
        file.mime_type or "application/octet-stream",
        file.number_of_files,
        file.network,
        check_keyvalues(file.keyvalues),
        file.group_id,
        file.expires_at,
        file.id,
        file.created_at,
    )
    with (folder / file.car).open("rb") as car:
        roots, blocks = read_car(car)
        if roots != [root]:
            raise InputError(f"{file.car} is not the CAR of {root}")
        writing = take_in(store.cars, root, blocks)
    try:
        return not store.files.add(kept, writing).result().is_duplicate
    except NoSuchGroup:  # it went while the export was made
        return not store.files.add(kept._replace(group_id=None), writing).result().is_duplicate
