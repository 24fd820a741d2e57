"""A limit of the service is refused before the first byte is sent."""

from __future__ import annotations

import pytest

from pinatakit import Pinata
from pinatakit.errors import InputError

from .fakes import JWT, Service, said

CID = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"


def above_25_gb(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(25_000_000_001)  # a hole: it takes no room
    return tmp_path / "large"


@pytest.mark.parametrize(
    "ask",
    [
        lambda pinata, folder: pinata.upload(above_25_gb(folder)),
        lambda pinata, folder: pinata.upload_json("x" * 10_000_001),
        lambda pinata, folder: pinata.upload(b"x", keyvalues={str(n): "x" for n in range(11)}),
        lambda pinata, folder: pinata.upload(folder, network="private"),
        lambda pinata, folder: pinata.pins.add(CID, host_nodes=["/ip4/192.0.2.1/tcp/4001"] * 6),
        lambda pinata, folder: pinata.psa.add(CID, name="x" * 256),
        lambda pinata, folder: pinata.psa.list(cid=[CID] * 11).first(),
    ],
    ids=["25 GB", "10 MB of JSON", "10 key-values", "private folder", "5 host nodes", "name", "10 CIDs"],
)
def test_what_is_above_a_limit_is_never_sent(ask, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a")
    service = Service(said(200))
    with Pinata(JWT, transport=service.transport) as pinata, pytest.raises(InputError):
        ask(pinata, tmp_path)
    assert service.requests == []
