"""Whether a transfer still moves: what is slow is let go on, what stands is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

Progress: TypeAlias = Callable[[int, int | None], object]
"""Told after each piece: bytes of content that have gone or come so far, and in all where that is known.

An upload that is retried starts again from what the service has.
"""

_SECOND: Final = 1.0
_SMALLEST: Final = 16 << 10  # bytes
_LARGEST: Final = 1 << 20


class Pace:
    """Bytes and the seconds they took on the network, time elsewhere not counted.

    Fewer than `least` bytes a second over `window` seconds is a stall.
    """

    def __init__(self, least: float, window: float) -> None:
        self._least = least
        self._window = window
        self._bytes = 0
        self._seconds = 0.0

    def stalled(self, count: int, seconds: float) -> float | None:
        """Count what has moved; the speed, in bytes a second, where that is a stall."""
        self._bytes += count
        self._seconds += seconds
        if self._seconds < self._window:
            return None
        speed = self._bytes / self._seconds
        self._bytes, self._seconds = 0, 0.0
        return speed if speed < self._least else None


class Slices:
    """How many bytes to write at once: what goes out in about a second, so that a stall shows early."""

    def __init__(self) -> None:
        self.size = 64 << 10

    def took(self, seconds: float) -> None:
        """Learn from the last one."""
        if seconds < _SECOND / 2:
            self.size = min(self.size * 2, _LARGEST)
        elif seconds > _SECOND:
            self.size = max(self.size // 2, _SMALLEST)
