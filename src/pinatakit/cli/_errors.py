"""Errors as a person reads them, and the exit code of each."""

from __future__ import annotations

import click

from pinatakit import errors
from pinatakit.cli._output import plain

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.InputError, 2),
    (errors.InvalidCID, 2),
    (errors.NotFound, 3),
    (errors.NoSuchPath, 3),
    (errors.Unauthorized, 4),
    (errors.PaymentRequired, 4),
    (errors.PlanLimit, 6),
    (errors.Forbidden, 4),
    (errors.SettingsError, 4),
    (errors.Unreachable, 5),
    (errors.PinPending, 5),
    (errors.RateLimited, 6),
    (errors.TooLarge, 6),
    (errors.CIDMismatch, 7),
    (errors.ContentError, 7),
    (errors.ServiceFault, 5),
)


def explain(error: BaseException, of: str | None = None) -> str | None:
    """What happened, why and what to do, in up to three lines; `None` of an error nobody expected.

    `of` is which of several things it happened to.
    """
    said = _explained(error)
    if said is None or of is None or of in said.partition("\n")[0]:
        return said
    return said.replace("error: ", f"error: {plain(of)}: ", 1)


def _explained(error: BaseException) -> str | None:
    if isinstance(error, errors.ApiError):
        reason = f" {error.reason}" if error.reason else ""
        request = f", request {error.request_id}" if error.request_id else ""
        return _said(error.details, f"HTTP {error.status}{reason} from {error.url}{request}", error.hint)
    if isinstance(error, errors.PinataError):
        return _said(error.message, None, error.hint)
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return _said(str(error), None, None)
    return None


def explain_usage(error: click.ClickException) -> str:
    """What was typed wrongly, and what may have been meant; where nothing was, the help."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    near: list[str] = getattr(error, "possibilities", None) or []
    what = (getattr(error, "message", "") if near else error.format_message()).removesuffix(".")
    hint = None
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif isinstance(error, click.UsageError) and error.ctx:
        hint = f"{error.ctx.command_path} --help"
    return _said(what, None, hint)


def _said(what: str, why: str | None, hint: str | None) -> str:
    lines = [f"error: {what}"]
    if why:
        lines.append(f"cause: {why}")
    if hint:
        lines.append(f"hint: {hint}")
    return "\n".join(lines)


def exit_code(error: BaseException) -> int:
    """The exit code that an error ends the command with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)
