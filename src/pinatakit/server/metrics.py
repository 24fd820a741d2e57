"""Metrics and readiness, for those who run it: ``/-/metrics`` and ``/-/ready``.

Pinata has no path that starts so. Metrics are text as Prometheus reads it (exposition format 0.0.4);
what they count begins with the process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.server.access import Exchange
from pinatakit.server.request import Asked, json
from pinatakit.server.store import Store

_BOUNDS: Final = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)  # seconds
_PATIENCE: Final = 5.0  # seconds in which a store that works has taken a write
_STATM: Final = Path("/proc/self/statm")
_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What one server has done since it began."""

    def __init__(self) -> None:
        self.running = 0
        self._begun = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._received = self._sent = 0

    def count(self, method: str, route: str, exchange: Exchange) -> None:
        """Count a request that is over; `route` is the path as it is served, with ``{names}``."""
        seconds = exchange.seconds
        self._requests[method, route, exchange.status] += 1
        buckets = self._buckets.setdefault(route, [0] * (len(_BOUNDS) + 1))
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds
        self._received += exchange.received
        self._sent += exchange.sent

    def text(self, store: Store) -> str:
        """All metrics, those of the store too; reads the database."""
        return "\n".join([*self._of_requests(), *_of_store(store), *self._of_process()]) + "\n"

    def _of_requests(self) -> Iterator[str]:
        yield from _head("pinatakit_requests_total", "counter", "Requests that are over.")
        for (method, route, status), count in sorted(self._requests.items()):
            labels = f'method="{method}",route="{route}",status="{status}"'
            yield f"pinatakit_requests_total{{{labels}}} {count}"
        name = "pinatakit_request_seconds"
        yield from _head(name, "histogram", "From the head of a request to the end of its answer.")
        for route, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*_BOUNDS, "+Inf"), buckets, strict=True):
                total += count
                yield f'{name}_bucket{{route="{route}",le="{bound}"}} {total}'
            yield f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}'
            yield f'{name}_count{{route="{route}"}} {total}'
        yield from _one("pinatakit_requests_running", "gauge", "Requests under way.", self.running)
        yield from _one("pinatakit_received_bytes_total", "counter", "Bytes of requests.", self._received)
        yield from _one("pinatakit_sent_bytes_total", "counter", "Bytes of answers.", self._sent)

    def _of_process(self) -> Iterator[str]:
        about = "When the process began to serve, in seconds since 1970."
        yield from _one("process_start_time_seconds", "gauge", about, round(self._begun, 3))
        about = "CPU time of the process."
        yield from _one("process_cpu_seconds_total", "counter", about, round(time.process_time(), 3))
        if _STATM.exists():
            pages = int(_STATM.read_text().split()[1])
            about = "Memory that the process has."
            size = pages * os.sysconf("SC_PAGE_SIZE")
            yield from _one("process_resident_memory_bytes", "gauge", about, size)


async def metrics(asked: Asked) -> Response:
    """``GET /-/metrics``."""
    kept: Metrics = asked.request.state.metrics
    text = await anyio.to_thread.run_sync(kept.text, asked.store)
    return Response(text, headers={"content-type": _TYPE})


async def ready(asked: Asked) -> Response:
    """``GET /-/ready``: 200 when the store takes writes, else 503."""
    try:
        written = asyncio.wrap_future(asked.store.records.write(lambda _: None))
        await asyncio.wait_for(written, _PATIENCE)
    except (OSError, TimeoutError) as error:
        return json({"ready": False, "reason": str(error) or "the database does not answer"}, 503)
    return json({"ready": True})


def _of_store(store: Store) -> Iterator[str]:
    totals = store.files.totals()
    yield from _head("pinatakit_files", "gauge", "Files and folders that are pinned.")
    yield from (f'pinatakit_files{{network="{network}"}} {count}' for network, count, _ in totals)
    yield from _head("pinatakit_files_bytes", "gauge", "Bytes of their blocks.")
    yield from (f'pinatakit_files_bytes{{network="{network}"}} {size}' for network, _, size in totals)
    yield from _head("pinatakit_jobs", "gauge", "CIDs in the queue, by status.")
    yield from (f'pinatakit_jobs{{status="{status}"}} {count}' for status, count in store.jobs.totals())
    free = shutil.disk_usage(store.folder).free
    yield from _one("pinatakit_disk_free_bytes", "gauge", "Room on the disk of the data folder.", free)


def _head(name: str, kind: str, about: str) -> Iterable[str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _one(name: str, kind: str, about: str, value: float) -> Iterable[str]:
    return *_head(name, kind, about), f"{name} {value}"
