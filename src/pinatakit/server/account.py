"""The account: is the credential good, and how much is stored."""

from __future__ import annotations

from starlette.responses import Response

from pinatakit.protocol.account import TEST_MESSAGE
from pinatakit.server.request import Asked, json


async def test(_: Asked) -> Response:
    """``GET /data/testAuthentication``."""
    return json({"message": TEST_MESSAGE})


async def usage(asked: Asked) -> Response:
    """``GET /data/userPinnedDataTotal``."""
    return json(asked.store.files.usage().to_dict())
