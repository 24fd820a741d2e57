"""Every endpoint of Pinata that one host can serve is served, older paths included."""

from __future__ import annotations

import re
import threading

import pytest

from pinatakit.server.endpoints import ENDPOINTS as SERVED
from pinatakit.server.store import Records
from tests.endpoints import ENDPOINTS


def shape_of(path: str) -> str:
    """A path without the names of its parameters; a resumable upload's last part is one."""
    return re.sub(r"\{[^}]+\}", "{}", path.replace("{id:uuid}/upload", "{}/{}"))


def test_every_endpoint_is_served_but_those_of_shops():
    """What the hosts of x402 and MPP sell is not sold here."""
    served = {(method, shape_of(endpoint.path)) for endpoint in SERVED for method in endpoint.methods}
    missing = {
        str(endpoint)
        for endpoint in ENDPOINTS
        if endpoint.lifecycle != "removed"
        and endpoint.host not in ("x402", "mpp")
        and (endpoint.method, endpoint.shape) not in served
    }
    assert missing == set()


def test_nothing_is_served_that_is_no_endpoint():
    known = {(endpoint.method, endpoint.shape) for endpoint in ENDPOINTS}
    whole = {"/ipfs/{cid}", "/files/{cid}"}  # the same endpoints without a path
    known.add(("POST", "/v3/files/swap/{}"))  # in a guide of Pinata alone
    strange = {
        (method, endpoint.path)
        for endpoint in SERVED
        for method in endpoint.methods
        if method not in ("HEAD", "OPTIONS")
        and endpoint.path not in whole
        and (method, shape_of(endpoint.path)) not in known
    }
    assert strange == set()


@pytest.mark.parametrize(
    "path",
    [
        "/data/pinList",
        "/pinning/pinJobs",
        "/v3/files/public/pin_by_cid",
        "/v3/files/public",
        "/v3/groups/public",
        "/v3/gateways",
        "/v3/x402/payment_instructions",
        "/v3/files/public/swap/bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4?domain=a",
        "/psa/pins",
        "/users/apiKeys",
        "/v3/api_keys",
    ],
)
def test_who_asks_for_a_list_keeps_no_others_waiting(api, monkeypatch, path):
    """However long it is, and whatever has to be passed over for it: a thread reads it, not the loop's."""
    read, threads = Records.read, []

    def noted(*args):
        threads.append(threading.current_thread().name)
        return read(*args)

    monkeypatch.setattr(Records, "read", noted)
    assert api.get(path).status_code in (200, 404)
    assert threads
    assert "pinatakit-server" not in threads
