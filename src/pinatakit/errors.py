"""Every error this package raises on purpose.

    PinataError
    ├── InputError              you gave something that cannot be sent
    │   └── AlreadyThere        what you named to write to is there, and stays as it is
    ├── SettingsError           no credentials, or settings that contradict
    ├── ContentError            bytes are not what they claim to be
    │   ├── InvalidCID          a text or bytes that name no content
    │   ├── Malformed           a block, a CAR or a header that breaks its format
    │   ├── UnknownHash         a hash that cannot be computed here
    │   ├── BlockMismatch       a block whose bytes do not hash to its CID
    │   ├── MissingBlock        a DAG that ends before its content does
    │   └── NoSuchPath          a path that leads nowhere below its root
    ├── CIDMismatch             the service names other content than was sent
    ├── PinFailed               the service could not fetch what it was asked to pin
    ├── PinPending              it has not fetched it yet, in the time you gave it
    ├── Unreachable             no answer came
    └── ApiError                the service answered, and said no
        ├── BadRequest          400 and what else is wrong with the request
        ├── Unauthorized        401
        ├── PaymentRequired     402
        ├── Forbidden           403
        │   └── PlanLimit       403 or 409, because of the account's plan
        ├── NotFound            404
        ├── Conflict            409, and what is there already
        ├── TooLarge            413
        ├── RateLimited         429
        └── ServiceFault        500 and above

An error's message is for a person: what happened, why, and after ``hint:`` what
to do. Its attributes are for a program. Neither ever holds a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from pinatakit.content import CID

__all__ = [
    "AlreadyThere",
    "ApiError",
    "BadRequest",
    "BlockMismatch",
    "CIDMismatch",
    "Conflict",
    "ContentError",
    "Forbidden",
    "InputError",
    "InvalidCID",
    "Malformed",
    "MissingBlock",
    "NoSuchPath",
    "NotFound",
    "PaymentRequired",
    "PinFailed",
    "PinPending",
    "PinataError",
    "PlanLimit",
    "RateLimited",
    "ServiceFault",
    "SettingsError",
    "TooLarge",
    "Unauthorized",
    "UnknownHash",
    "Unreachable",
]


class PinataError(Exception):
    """Base of every error this package raises."""

    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """What a worker process sends its parent: the error as it is, not made anew from its message."""
        return _again, (type(self), self.args), vars(self)


def _again(kind: type[PinataError], args: tuple[Any, ...]) -> PinataError:
    error = kind.__new__(kind, *args)
    error.args = args  # which an OSError leaves to its __init__
    return error


class InputError(PinataError, ValueError):
    """You gave something that cannot be sent; nothing was."""


class AlreadyThere(InputError):
    """Something is there where content shall be written, and stays as it is.

    Attributes:
        path: where.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{str(path)!r} is there already", hint="name a new place")
        self.path = path


class SettingsError(PinataError):
    """There are no credentials, or the settings contradict each other."""


class ContentError(PinataError, ValueError):
    """Bytes are not what they claim to be."""


class InvalidCID(ContentError):
    """A text or bytes that name no content."""


class Malformed(ContentError):
    """A block, a CAR or a header that breaks its format."""


class UnknownHash(ContentError):
    """A hash function that cannot be computed here, so nothing can be checked against it."""


class BlockMismatch(ContentError):
    """A block whose bytes do not hash to its CID. Not one byte of it was used.

    Attributes:
        cid: the block that was wanted.
        source: the address of the gateway that gave the bytes, where one did.
    """

    def __init__(self, cid: CID, source: str | None = None) -> None:
        by = f" by {source}" if source else ""
        super().__init__(
            f"the bytes given{by} for block {cid} hash to something else",
            hint="they were damaged or forged on the way; ask another gateway",
        )
        self.cid = cid
        self.source = source


class MissingBlock(ContentError):
    """A DAG that ends before its content does."""

    def __init__(self, cid: CID, message: str | None = None) -> None:
        super().__init__(message or f"block {cid} is missing")
        self.cid = cid


class NoSuchPath(ContentError):
    """A path that leads nowhere below its root.

    Attributes:
        inside: it leads to a value inside a block of dag-cbor, dag-json or json, which has no CID.
    """

    def __init__(self, root: CID, path: str, *, at: str, inside: bool = False) -> None:
        if inside:
            super().__init__(
                f"{root} has {path!r} inside a block: {at!r} is a value there, and no link",
                hint="fetch the block, and take the value out of it",
            )
        else:
            super().__init__(
                f"{root} has no {path!r}: nothing is called {at!r} there",
                hint="names are told apart by upper and lower case and Unicode form",
            )
        self.root = root
        self.path = path
        self.inside = inside


class CIDMismatch(PinataError):
    """The service names other content than the bytes that were sent.

    Attributes:
        expected: the CID of the bytes that were sent.
        got: the CID that the service answered.
        differences: in which parameters of the recipe the two differ; empty where no known
            recipe gives the service's CID for this content, or none was tried.
    """

    def __init__(self, expected: CID, got: CID | str, differences: Sequence[str] = ()) -> None:
        why = (
            f"it stored the same content by another recipe: {'; '.join(differences)}"
            if differences
            else "the content was changed on the way, or stored by a recipe that is not known here"
        )
        super().__init__(
            f"the service answered with CID {got}, but the bytes sent have CID {expected}",
            hint=f"{why}; do not rely on that CID before you have compared its content",
        )
        self.expected = expected
        self.got = got
        self.differences = list(differences)


class PinFailed(PinataError):
    """The service could not fetch what it was asked to pin.

    Attributes:
        cid: what was to be pinned.
        status: how it ended: ``expired``, ``bad_host_node``, ``invalid_object``,
            ``over_max_size`` or ``over_free_limit``.
    """

    _HINTS: Final = {
        "expired": "nobody on the network gave it; keep a node that has it online, and name it in host_nodes",
        "bad_host_node": "name host nodes that are online and can be reached from there, or none",
        "invalid_object": "it is not the CID of a file or folder",
        "over_max_size": "it is larger than the service takes",
        "over_free_limit": "the account's plan does not include more; see app.pinata.cloud under Billing",
    }

    def __init__(self, cid: CID, status: str, reason: str | None = None) -> None:
        told = f": {reason}" if reason else ""
        super().__init__(f"{cid} could not be pinned, {status}{told}", hint=self._HINTS.get(status))
        self.cid = cid
        self.status = status
        self.reason = reason


class PinPending(PinataError, TimeoutError):
    """The service has not fetched it yet, in the time you gave it; it goes on.

    Attributes:
        cid: what is to be pinned.
        status: how far it is: ``prechecking``, ``searching``, ``retrieving`` or ``backfilled``.
    """

    hint = "wait() again, or cancel() it"

    def __init__(self, cid: CID, status: str, reason: str | None = None) -> None:
        told = f": {reason}" if reason else ""
        super().__init__(f"{cid} is not pinned yet, {status}{told}")
        self.cid = cid
        self.status = status
        self.reason = reason


class Unreachable(PinataError):
    """No answer came: no connection, a connection cut, or silence for too long."""

    hint = "check the network and the endpoint; what was acknowledged before is kept"


class ApiError(PinataError):
    """The service answered, and said no.

    Attributes:
        status: the HTTP status.
        reason: the service's reason code, such as ``NO_SCOPES_FOUND``, where it gave one.
        details: the service's own words.
        request_id: the service's name for the request, for its support.
        url: what was asked, without query.
    """

    def __init__(
        self,
        details: str,
        *,
        status: int,
        url: str,
        reason: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        said = f"{reason}: {details}" if reason else details
        request = f", request {request_id}" if request_id else ""
        super().__init__(f"{said} (HTTP {status} from {url}{request})", hint=hint)
        self.status = status
        self.reason = reason
        self.details = details
        self.request_id = request_id
        self.url = url


class BadRequest(ApiError):
    """The request breaks a rule of the service."""


class Unauthorized(ApiError):
    """The credential is unknown, garbled or expired."""

    hint = "check PINATA_JWT, or make a key at app.pinata.cloud under API Keys"


class PaymentRequired(ApiError):
    """What was asked for has to be paid.

    Attributes:
        accepts: the ways to pay, as x402 words them.
        challenge: the header ``WWW-Authenticate``, which MPP puts them into.
    """

    accepts: Sequence[Mapping[str, Any]] = ()
    challenge: str | None = None
    hint = "pay in one of the ways in `accepts` or `challenge`, and give the proof to the same call"


class Forbidden(ApiError):
    """The credential is known, and not allowed to do this.

    Attributes:
        missing_scope: what the key would need, such as ``org:files:write`` or
            ``pinning.unpin``, where that is why.
    """

    missing_scope: str | None = None


class PlanLimit(Forbidden):
    """The account's plan does not include this, or is used up."""

    hint = "see app.pinata.cloud under Billing; what is no longer needed can be unpinned"


class NotFound(ApiError):
    """There is no such thing on this account."""

    hint = "it may be on the other network, public or private, or be gone"


class Conflict(ApiError):
    """Something is there already, or is still in use."""

    hint = "look at what is there: keep it, or empty and remove it first"


class TooLarge(ApiError):
    """More bytes or files than the service takes in one request."""

    hint = "send less at once; account.limits() and app.pinata.cloud under Billing tell what the plan takes"


class RateLimited(ApiError):
    """Too many requests.

    Attributes:
        retry_after: seconds to wait, where the service told.
    """

    retry_after: float | None = None
    hint = "wait a minute, or raise the plan's rate limit"


class ServiceFault(ApiError):
    """The service failed; the request may be right."""
