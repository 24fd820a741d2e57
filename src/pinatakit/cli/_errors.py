"""Errors as a person reads them, and the exit code of each."""

from __future__ import annotations

from pinatakit import errors

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.InputError, 2),
    (errors.InvalidCID, 2),
    (errors.NotFound, 3),
    (errors.NoSuchPath, 3),
    (errors.Unauthorized, 4),
    (errors.PaymentRequired, 4),
    (errors.Forbidden, 4),
    (errors.SettingsError, 4),
    (errors.Unreachable, 5),
    (errors.RateLimited, 6),
    (errors.TooLarge, 6),
    (errors.CIDMismatch, 7),
    (errors.ContentError, 7),
    (errors.ServiceFault, 5),
)


def explain(error: BaseException) -> str | None:
    """What happened, why and what to do, in up to three lines; `None` of an error nobody expected."""
    if isinstance(error, errors.PinataError):
        return f"error: {error}"
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return f"error: {error}"
    return None


def exit_code(error: BaseException) -> int:
    """The exit code that an error ends the command with."""
    if isinstance(error, errors.ApiError) and error.reason == "CURRENT_USER_HAS_NOT_PINNED_CID":
        return 3
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)
