"""Memory that large buffers come from again and again.

The allocator of glibc gives memory at the end of its heap back to the system as soon as there
is more of it than twice the largest block that was ever freed, and 128 KiB at least. A stream
of pieces is then paid for piece by piece with page faults: for 1 GiB, some 400,000 of them,
and half of the time. Source: mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD.
"""

from __future__ import annotations

from functools import cache
from typing import Final

_ONCE: Final = 16 << 20  # bytes; twice as many are kept for what comes next


@cache
def keep_freed() -> None:
    """Let this process keep what was freed, up to 32 MiB of it, for the buffers that follow.

    A large block is taken, which no page is touched for, and freed: this tells the allocator.
    Others than glibc's are not concerned.
    """
    bytes(_ONCE)
