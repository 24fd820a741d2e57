"""Sending: answers that are made by reading the disk, or that the kernel reads from it itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import Any, Final, cast

from starlette.responses import StreamingResponse
from starlette.types import Send

from pinatakit.server.connection import ZERO_COPY
from pinatakit.server.store.cars import Stretch

_GATHER: Final = 1 << 20  # bytes sent at once
_UNREAD: Final = 8  # times as many, where they are but looked up


class FromFile(StreamingResponse):
    """An answer of stretches of one file and of bytes between them."""

    def __init__(
        self, file: Path, pieces: Iterator[bytes | Stretch], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(stream(pieces), status, headers)
        self._file = file

    async def stream_response(self, send: Send) -> None:
        """Send it.

        Raises:
            OSError: the file is gone, or shorter than it was.
        """
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with ExitStack() as opened:
            file: FileIO | None = None  # until it is needed, for there may be none
            async for piece in self.body_iterator:
                message: dict[str, Any] = {"type": "http.response.body", "body": piece}
                if isinstance(piece, Stretch):
                    file = file or opened.enter_context(FileIO(self._file))
                    message = {"type": ZERO_COPY, "file": file, "offset": piece.at, "count": piece.size}
                await send({**message, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def stream(pieces: Iterator[bytes | Stretch]) -> AsyncGenerator[Any, None]:
    """Pieces that are made by reading the disk: made in threads, and bytes gathered to 1 MiB."""

    def gather() -> list[bytes | Stretch]:
        gathered: list[bytes | Stretch] = []
        size = 0
        for piece in pieces:
            gathered.append(piece)
            size += piece.size // _UNREAD if isinstance(piece, Stretch) else len(piece)
            if size >= _GATHER:
                break
        return [*_joined(gathered)]

    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, gather)  # the next is made while one is sent
    try:
        while gathered := await ahead:
            ahead = loop.run_in_executor(None, gather)
            for piece in gathered:
                yield piece
    finally:
        ahead.cancel()


def _joined(pieces: list[bytes | Stretch]) -> Iterator[bytes | Stretch]:
    """As few as they can be: what follows each other is one."""
    for is_stretch, run in groupby(pieces, lambda piece: isinstance(piece, Stretch)):
        if is_stretch:
            yield from _merged(cast("Iterator[Stretch]", run))
        else:
            yield b"".join(cast("Iterator[bytes]", run))


def _merged(run: Iterator[Stretch]) -> Iterator[Stretch]:
    whole = next(run)
    for stretch in run:
        if stretch.at == whole.at + whole.size:
            whole = Stretch(whole.at, whole.size + stretch.size)
        else:
            yield whole
            whole = stretch
    yield whole
