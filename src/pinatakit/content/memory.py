"""Memory that large buffers come from again and again, whichever thread needs them.

The allocator of glibc gives memory at the end of its heap back to the system as soon as there
is more of it than twice the largest block that was ever freed, and 128 KiB at least. A stream
of pieces is then paid for piece by piece with page faults: for 1 GiB, some 400,000 of them,
and half of the time. And it gives threads heaps of their own, each of which keeps the most that
was ever needed from it at once. Source: mallopt(3), M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from typing import Final

_ONCE: Final = 16 << 20  # bytes; twice as many are kept for what comes next
_ARENA_MAX: Final = -8  # malloc.h


@cache
def keep_freed() -> None:
    """Let this process keep what was freed, up to 32 MiB of it, for the buffers that follow.

    A large block is taken, which no page is touched for, and freed: this tells the allocator.
    Others than glibc's are not concerned.
    """
    bytes(_ONCE)


def share_heap() -> None:
    """Let the threads of this process that are still to start take their memory from one heap.

    They would not wait for each other less with several, for they wait for the interpreter's lock.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - which clients need not wait for

        with suppress(AttributeError):  # another libc
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
