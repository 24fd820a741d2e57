"""Permissions: what a key may do, and what each request needs.

A scope is one right by its name: ``data.pinList`` and ``pinning.unpin`` of the older API,
``org:files:read`` of v3, or ``admin``. Source: Pinata API, "API Keys" and "Permissions".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from pinatakit.errors import InputError
from pinatakit.protocol.shapes import as_object, is_array

Right: TypeAlias = Literal["read", "write"]
Endpoint: TypeAlias = Literal[
    "pinList",
    "userPinnedDataTotal",
    "hashMetadata",
    "hashPinPolicy",
    "pinByHash",
    "pinFileToIPFS",
    "pinJSONToIPFS",
    "pinJobs",
    "unpin",
    "userPinPolicy",
]

ENDPOINTS: Final[tuple[Endpoint, ...]] = get_args(Endpoint)
DATA_ENDPOINTS: Final = ENDPOINTS[:2]
PINNING_ENDPOINTS: Final = ENDPOINTS[2:]
_AREAS: Final = ("org", "files", "groups", "gateways", "analytics")
RESOURCES: Final = tuple(
    f"{'org' if area == 'org' else f'org:{area}'}:{right}" for area in _AREAS for right in get_args(Right)
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Permissions:
    """What a key may do; writing includes reading. Two are joined by ``|``.

        Permissions(files="write", groups="read", endpoints=["pinJSONToIPFS"])

    Attributes:
        admin: everything.
        org: all that v3 has; writing it makes, lists and revokes keys too.
        files: one part of v3, as are `groups`, `gateways` and `analytics`.
        groups: those of files.
        gateways: with their rules and plugins.
        analytics: what was read through them.
        endpoints: of the older API, by name; kept in the order of `Endpoint`.
        ADMIN: everything.
        READ_ONLY: all that changes nothing, by either API.
        UPLOADS_ONLY: uploads by either API. v3 has no right for that alone, so files may also
            be listed, renamed and deleted.

    Raises:
        InputError: a name that is neither a right nor an endpoint.
    """

    admin: bool = False
    org: Right | None = None
    files: Right | None = None
    groups: Right | None = None
    gateways: Right | None = None
    analytics: Right | None = None
    endpoints: Collection[Endpoint] = ()

    ADMIN: ClassVar[Permissions]
    READ_ONLY: ClassVar[Permissions]
    UPLOADS_ONLY: ClassVar[Permissions]

    def __post_init__(self) -> None:
        for area in _AREAS:
            if (right := getattr(self, area)) not in (None, *get_args(Right)):
                raise InputError(f"{area} is 'read' or 'write', not {right!r}")
        given: object = self.endpoints
        if isinstance(given, str):
            raise InputError(f"endpoints are a list of names, not the text {given!r}")
        if unknown := [name for name in self.endpoints if name not in ENDPOINTS]:
            raise InputError(f"unknown endpoint {unknown[0]!r}; one of {', '.join(ENDPOINTS)}")
        ordered = tuple(name for name in ENDPOINTS if name in self.endpoints)
        object.__setattr__(self, "endpoints", ordered)

    def __bool__(self) -> bool:
        """Whether anything is allowed at all."""
        return self != _NOTHING

    def __or__(self, other: Permissions) -> Permissions:
        """All that either allows."""
        rights: dict[str, Any] = {  # "write" is more than "read", as it happens in the alphabet too
            area: max(getattr(self, area) or "", getattr(other, area) or "") or None for area in _AREAS
        }
        endpoints: set[Endpoint] = {*self.endpoints, *other.endpoints}
        return Permissions(admin=self.admin or other.admin, endpoints=endpoints, **rights)

    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        shown = (
            f"{name}={list(value) if name == 'endpoints' else value!r}" for name, value in given if value
        )
        return f"Permissions({', '.join(shown)})"

    @classmethod
    def granting(cls, scope: str) -> Permissions:
        """The least that allows a scope."""
        if scope == "admin":
            return cls(admin=True)
        family, dot, name = scope.partition(".")
        if dot:
            return cls.from_json({"endpoints": {family: {name: True}}})
        return cls.from_json({"resources": [scope]})

    @classmethod
    def from_json(cls, tree: object) -> Permissions:
        """Read a tree as the service writes it; rights that are not known here are read over."""
        known = as_object(tree)
        endpoints = as_object(known.get("endpoints"))
        named = {**as_object(endpoints.get("data")), **as_object(endpoints.get("pinning"))}
        rights: dict[str, Any] = {}
        resources = known.get("resources")
        for resource in RESOURCES:  # reading stands before writing, which includes it
            if is_array(resources) and resource in resources:
                area, _, right = resource.rpartition(":")
                rights[area.removeprefix("org:")] = right
        allowed: list[Endpoint] = [name for name in ENDPOINTS if named.get(name) is True]
        return cls(admin=known.get("admin") is True, endpoints=allowed, **rights)

    def to_json(self) -> dict[str, Any]:
        """Write them as the tree the service takes."""
        if self.admin:
            return {"admin": True}
        tree: dict[str, Any] = {}
        if self.endpoints:
            tree["endpoints"] = {
                "data": {name: name in self.endpoints for name in DATA_ENDPOINTS},
                "pinning": {name: name in self.endpoints for name in PINNING_ENDPOINTS},
            }
        if resources := self._resources():
            tree["resources"] = resources
        return tree

    def allows(self, scope: str) -> bool:
        """Whether a scope is among them."""
        if self.admin:
            return True
        if scope == "admin":
            return self.org == "write"
        if not scope.startswith("org"):
            return scope.partition(".")[2] in self.endpoints
        resource, _, right = scope.rpartition(":")
        rights = {self.org, getattr(self, resource.removeprefix("org:"))}
        return right in rights or "write" in rights

    def _resources(self) -> list[str]:
        held = {area: getattr(self, area) for area in _AREAS}
        return [
            f"{'org' if area == 'org' else f'org:{area}'}:{right}" for area, right in held.items() if right
        ]


_NOTHING: Final = Permissions()
Permissions.ADMIN = Permissions(admin=True)
Permissions.READ_ONLY = Permissions(org="read", endpoints=["pinList", "userPinnedDataTotal", "pinJobs"])
Permissions.UPLOADS_ONLY = Permissions(files="write", endpoints=["pinFileToIPFS", "pinJSONToIPFS"])


_PARTS: Final = (  # of paths, and the part of v3 whose right they need; the longer first
    ("/v3/ipfs/gateway_analytics", "analytics"),
    ("/v3/ipfs/gateway", "gateways"),
    ("/v3/ipfs/swap", "files"),
    ("/v3/analytics", "analytics"),
    ("/v3/gateways", "gateways"),
    ("/v3/groups", "groups"),
    ("/v3/files", "files"),
    ("/groups", "groups"),
)
_PSA: Final = {"GET": "data.pinList", "POST": "pinning.pinByHash", "DELETE": "pinning.unpin"}


def scope_of(method: str, path: str) -> str | None:
    """The scope that a request needs, or `None` where any key will do, or nobody documents it."""
    family, _, rest = path.strip("/").partition("/")
    name = rest.partition("/")[0]
    if name in (DATA_ENDPOINTS if family == "data" else PINNING_ENDPOINTS if family == "pinning" else ()):
        return f"{family}.{name}"
    if family == "users":
        return "admin"
    if path.startswith("/psa/pins"):
        return _PSA.get(method)
    if path.startswith(("/v3/api_keys", "/v3/pinata/keys")):
        return "org:write"
    right = "read" if method in ("GET", "HEAD") else "write"
    return next((f"org:{area}:{right}" for start, area in _PARTS if path.startswith(start)), None)
