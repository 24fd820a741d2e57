"""The account: is the credential good, how much is stored, and how much may be."""

from __future__ import annotations

from starlette.responses import Response

from pinatakit.protocol.account import FOLDER_MAX_FILES, TEST_MESSAGE, Limits
from pinatakit.server.request import Asked, data, json


def test(_: Asked) -> Response:
    """``GET /data/testAuthentication``."""
    return json({"message": TEST_MESSAGE})


def usage(asked: Asked) -> Response:
    """``GET /data/userPinnedDataTotal``."""
    return json(asked.store.files.usage().to_dict())


def limits(_: Asked) -> Response:
    """``GET /v3/files/limits``."""
    return data(Limits(folder_max_files=FOLDER_MAX_FILES).to_dict())
