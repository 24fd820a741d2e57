"""Refusal: how a handler says no."""

from __future__ import annotations

from typing import Final

BAD_REQUEST: Final = "BAD_REQUEST"
NOT_FOUND: Final = "NOT_FOUND"
TOO_LARGE: Final = "PAYLOAD_TOO_LARGE"


class Refusal(Exception):
    """An answer that says no: its status, its reason code, and the words for a person."""

    def __init__(self, status: int, reason: str, details: str) -> None:
        super().__init__(details)
        self.status = status
        self.reason = reason
        self.details = details


def bad_request(details: str) -> Refusal:
    """The request breaks a rule."""
    return Refusal(400, BAD_REQUEST, details)


def not_found(details: str) -> Refusal:
    """There is no such thing."""
    return Refusal(404, NOT_FOUND, details)
