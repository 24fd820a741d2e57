"""Routes: which endpoint a method and a path lead to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from pinatakit.server.request import Handler

_NAME: Final = re.compile(r"\{(\w+):?(\w*)\}")
_KINDS: Final = {"": "[^/]+", "path": ".*", "uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"}


class Endpoint(NamedTuple):
    """What is served: by which methods, at which path, by what, and for whom.

    Attributes:
        path: a ``{name}`` stands for any part, ``{name:uuid}`` for an id, ``{name:path}`` for all the rest.
        scope: what the key must allow (``None``: any key; ``"open"``: none is needed).
        takes_json: the body is JSON, and is read first; it may stay a text (`msgspec.Raw`).
        takes_link: a presigned URL takes the key's place.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    scope: str | None
    takes_json: bool | type[msgspec.Raw] = False
    takes_link: bool = False


Found: TypeAlias = tuple[Endpoint, dict[str, str]]
"""An endpoint, and the parts of the path that have names there."""


class Routes:
    """A table of endpoints; where a path may lead to two, the first counts. Who serves GET serves HEAD."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        served: defaultdict[str, list[Endpoint]] = defaultdict(list)
        for endpoint in endpoints:
            for method in {*endpoint.methods, *(("HEAD",) if "GET" in endpoint.methods else ())}:
                served[method].append(endpoint)
        self._served = {method: _Paths(of_method) for method, of_method in served.items()}

    def find(self, method: str, path: str) -> Found | None:
        """Where a request leads, if anywhere."""
        paths = self._served.get(method)
        return paths.find(path) if paths else None

    def methods(self, path: str) -> list[str]:
        """By which methods a path is served."""
        return sorted(method for method, paths in self._served.items() if paths.find(path))


class _Paths:
    """The paths of one method: a single regular expression, whose last group tells which path it was.

    A search takes a microsecond or two; a hundred expressions one after another would take a hundred.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        patterns = (_NAME.sub(lambda name: f"({_KINDS[name[2]]})", one.path) for one in endpoints)
        self._pattern = re.compile("|".join(f"({pattern})" for pattern in patterns), re.DOTALL)
        self._endpoints: dict[int | None, tuple[Endpoint, list[tuple[int, str]]]] = {}
        group = 1
        for endpoint in endpoints:
            names = [found[1] for found in _NAME.finditer(endpoint.path)]
            self._endpoints[group] = endpoint, list(enumerate(names, group + 1))
            group += 1 + len(names)

    def find(self, path: str) -> Found | None:
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        endpoint, names = self._endpoints[found.lastindex]
        return endpoint, {name: found[group] for group, name in names}
