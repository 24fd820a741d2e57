"""What a client has learned of its gateways: which failed last, and which gave false blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pinatakit.content import CID
from pinatakit.errors import BlockMismatch


class Gateways:
    """The gateways of one client, in the order in which they are asked.

    One that fails is asked last from then on. One that gives other bytes than a CID names is
    not asked again: it is broken or it lies, and what it says next is worth nothing either.

    Attributes:
        false: the addresses of those that gave false blocks.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._order = tuple(urls)
        self.false: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)  # of a tuple, which is replaced and never changed

    def __len__(self) -> int:
        return len(self._order)

    def failed(self, url: str) -> None:
        """Ask it last."""
        if url in self._order:
            self._order = (*(other for other in self._order if other != url), url)

    def lied(self, url: str, cid: CID) -> BlockMismatch:
        """Ask it no more; the error that says so."""
        self._order = tuple(other for other in self._order if other != url)
        self.false = tuple(dict.fromkeys((*self.false, url)))
        return BlockMismatch(cid, url)
