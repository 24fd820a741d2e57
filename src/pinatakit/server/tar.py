"""TAR: a file or a folder as one archive.

Sources: IPIP-0288; POSIX.1-2008, "pax Interchange Format", which tarfile writes the heads of.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator

from pinatakit.content import Entry, Kind


def pieces(steps: Iterable[Entry | bytes], top: str) -> Iterator[bytes]:
    """The archive of what a walk comes to, whose root is called `top`, as it comes.

    No name in it leads out of it: a walk refuses such names.
    """
    size = 0
    for step in steps:
        if isinstance(step, bytes):
            yield step
        else:
            yield _padding(size) + _head(step, f"{top}/{step.path}" if step.path else top)
            size = step.size
    yield _padding(size) + b"\0" * tarfile.BLOCKSIZE * 2


def _head(entry: Entry, name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.mode = 0o755 if entry.kind is Kind.DIRECTORY else 0o644
    info.size = entry.size
    info.linkname = entry.target
    if entry.kind is not Kind.FILE:
        info.type = tarfile.DIRTYPE if entry.kind is Kind.DIRECTORY else tarfile.SYMTYPE
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)
