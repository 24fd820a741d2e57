"""The threads that hash, and write what was hashed: hashlib lets go of the interpreter's lock, so they use all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def workers() -> int:
    """How many threads hash at once."""
    return min(os.cpu_count() or 1, 8)


@cache
def pool(threads: int = 0) -> ThreadPoolExecutor:
    """The threads, started when they are first needed; one for each core unless told."""
    return ThreadPoolExecutor(threads or workers(), thread_name_prefix="pinatakit-hash")


if hasattr(os, "register_at_fork"):  # a child of a fork has none of its parent's threads
    os.register_at_fork(after_in_child=pool.cache_clear)
