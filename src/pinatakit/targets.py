"""Targets: content on its way to disk, beside its place until it is whole.

Whatever a DAG says, nothing is written outside the target: names were checked by the `Walk`,
symlinks that lead out are refused here, and so are names that this file system cannot tell
apart.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from pinatakit.content import Entry, Kind
from pinatakit.errors import InputError


class Target:
    """One file or folder that is being written.

    Give it what a `Walk` comes to, in order; `finish` moves all of it into place at once, and
    `abandon` leaves nothing of what was not finished. A file goes to the path `to`, or, as
    `name`, into the folder `to`; a folder becomes `to`, which must not be there or be empty.

    Attributes:
        place: where it will be.
        size: bytes of content so far.
        files: files so far.

    Raises:
        InputError: it cannot be put there.
    """

    def __init__(self, to: Path, first: Entry, *, name: str) -> None:
        is_folder = first.kind is Kind.DIRECTORY
        if "\0" in str(to) or len(to.name.encode("utf-8", "surrogateescape")) > 240:
            raise InputError(f"{to.name[:40]!r}… cannot be a name on disk", hint="name another place")
        self.place = to / name if to.is_dir() and not is_folder else to
        self.size = 0
        self.files = 0
        if is_folder and to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise InputError(
                f"{str(to)!r} is there already, and a folder shall be put there", hint="name a new place"
            )
        if not is_folder and self.place.is_dir():
            raise InputError(f"{str(self.place)!r} is a folder", hint="name a new place for the file")
        if not self.place.parent.is_dir():
            raise InputError(
                f"there is no folder {str(self.place.parent)!r} to write to", hint="make it first"
            )
        self._aside = self.place.with_name(f".{self.place.name[:80]}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO | None = None

    def take(self, step: Entry | bytes) -> None:
        """Write the next file, folder or symlink, or the next bytes of the last file.

        Raises:
            InputError: a symlink leads out, or two names are one on this file system.
            OSError: the disk is full or broken.
        """
        if isinstance(step, bytes):
            assert self._file, "bytes follow the entry of their file"
            self._file.write(step)
            self.size += len(step)
            return
        self._close()
        if step.kind is Kind.SYMLINK:
            _check_link(step)
        where = self._aside / step.path if step.path else self._aside
        try:
            match step.kind:
                case Kind.DIRECTORY:
                    where.mkdir()
                case Kind.SYMLINK:
                    where.symlink_to(step.target)
                case _:
                    self._file = where.open("xb")
                    self.files += 1
        except FileExistsError:
            raise InputError(
                f"this file system cannot tell {step.path!r} from a name beside it",
                hint="write to a file system that knows upper and lower case and Unicode forms apart",
            ) from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            raise InputError(
                f"{str(self.place / step.path)!r} cannot be written: {error.strerror}", hint="write elsewhere"
            ) from None

    def finish(self) -> None:
        """Move it into place."""
        self._close()
        if self.place.is_dir() and not self.place.is_symlink() and self._aside.is_dir():
            self.place.rmdir()  # empty, as was checked
        self._aside.replace(self.place)

    def abandon(self) -> None:
        """Leave nothing of what was not finished."""
        self._close()
        if self._aside.is_dir() and not self._aside.is_symlink():
            shutil.rmtree(self._aside)
        else:
            self._aside.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def _check_link(step: Entry) -> None:
    """Refuse a symlink that leads out of what is written.

    Upward steps are allowed only at the start: from the link's own folder, which is a real
    one, they can be counted, while behind a name they may start from where another symlink
    leads.
    """
    names = [name for name in step.target.split("/") if name not in ("", ".")]
    up = next((place for place, name in enumerate(names) if name != ".."), len(names))
    leads_out = (
        "\0" in step.target
        or step.target.startswith("/")
        or not step.path
        or up > step.path.count("/")
        or ".." in names[up:]
    )
    if leads_out:
        raise InputError(
            f"the symlink {step.path or str(step.cid)!r} leads out of what is written, to {step.target!r}",
            hint="nothing was written; fetch what is beside it by itself",
        )
