"""The account: is the credential good, how much is stored, and how much may be.

Source: Pinata API, "Data" (older API); Pinata API v3, "Upload limits".
"""

from __future__ import annotations

from typing import Any, Final

from pinatakit.protocol._call import Call, reads_data, reads_json
from pinatakit.protocol._record import Record, record

FOLDER_MAX_FILES: Final = 30_000
"""Files that one folder may hold, unless Pinata has allowed more."""


class Usage(Record, frozen=True, kw_only=True):
    """Totals of what is pinned now.

    Attributes:
        pin_count: how many pins.
        pin_size_total: bytes of all their blocks.
        pin_size_with_replications_total: the same, each copy the service keeps counted.
    """

    pin_count: int = 0
    pin_size_total: int = 0
    pin_size_with_replications_total: int = 0


def usage() -> Call[Usage]:
    """``GET /data/userPinnedDataTotal``."""
    return Call("GET", "/data/userPinnedDataTotal", reads_json(lambda data: record(data, Usage)))


class Limits(Record, frozen=True, kw_only=True):
    """What the account may upload.

    Attributes:
        folder_max_files: how many files one folder may hold; one more is refused with `TooLarge`.
    """

    folder_max_files: int | None = None


def limits() -> Call[Limits]:
    """``GET /v3/files/limits``."""
    return Call("GET", "/v3/files/limits", reads_data(lambda data: record(data, Limits)), host="uploads")


TEST_MESSAGE = "Congratulations! You are communicating with the Pinata API!"


def test() -> Call[str]:
    """``GET /data/testAuthentication``."""

    def message(data: Any) -> str:
        return str(data.get("message", ""))

    return Call("GET", "/data/testAuthentication", reads_json(message))
