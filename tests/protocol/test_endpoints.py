"""Every endpoint of Pinata has a call, and every call is an endpoint of Pinata."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from datetime import UTC, date, datetime
from functools import partial
from urllib.parse import urlsplit

import pytest

from pinatakit import protocol
from pinatakit.content import CID
from pinatakit.protocol import (
    account,
    analytics,
    files,
    gateway,
    gateways,
    groups,
    keys,
    links,
    payments,
    pins,
    plugins,
    presigned,
    psa,
    signatures,
    swaps,
    tus,
    uploads,
    urls,
    vectors,
)
from pinatakit.protocol.permissions import Permissions
from tests.endpoints import ENDPOINTS

ID = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
HELLO = CID.parse("bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny")
LINK = f"https://you.mypinata.cloud/files/{HELLO}?X-Algorithm=PINATA1"
FEE = payments.PaymentRequirement(asset="0x1", pay_to="0x2", network="base", amount="1")
SPAN = {"start": date(2024, 8, 14), "end": date(2024, 8, 15)}
PIN = psa.PinObject.of(HELLO, None)

OTHERS = {tus.terminate, urls.fetch}  # of TUS and of the web, not of Pinata

CALLS = [
    partial(account.limits),
    partial(account.test),
    partial(account.usage),
    partial(analytics.time_series, "you.mypinata.cloud", "day", **SPAN),
    partial(analytics.top_usage, "you.mypinata.cloud", "cid", sort_by="requests", **SPAN),
    partial(files.delete_file, "public", ID),
    partial(files.get_file, "public", ID),
    partial(files.list_files, "public"),
    partial(files.update_file, "public", ID, name="n", keyvalues=None, expires_at=None),
    partial(gateway.get_block, HELLO),
    partial(gateway.get_car, HELLO, "a/b"),
    partial(gateway.get_content, HELLO, "a/b"),
    partial(gateways.add_domain, ID, "ipfs.example.org"),
    partial(gateways.allow_host, ID, "https://app.example.org"),
    partial(gateways.allow_ip, ID, "192.0.2.7"),
    partial(gateways.create_gateway, "you"),
    partial(gateways.create_token, ID),
    partial(gateways.delete_domain, ID, ID),
    partial(gateways.delete_gateway, ID),
    partial(gateways.delete_host, ID, ID),
    partial(gateways.delete_ip, ID, ID),
    partial(gateways.delete_token, ID, ID),
    partial(gateways.gateway_exists, "you"),
    partial(gateways.get_domain, ID, ID),
    partial(gateways.get_gateway, ID),
    partial(gateways.list_gateways),
    partial(groups.add_cids, ID, [HELLO]),
    partial(groups.add_file, "public", ID, ID),
    partial(groups.create_group, "public", "n"),
    partial(groups.create_older_group, "n"),
    partial(groups.delete_group, "public", ID),
    partial(groups.delete_older_group, ID),
    partial(groups.get_group, "public", ID),
    partial(groups.get_older_group, ID),
    partial(groups.list_groups, "public"),
    partial(groups.list_older_groups),
    partial(groups.remove_cids, ID, [HELLO]),
    partial(groups.remove_file, "public", ID, ID),
    partial(groups.update_group, "public", ID, name="n", is_public=None),
    partial(groups.update_older_group, ID, "n"),
    partial(keys.create_key, "n", Permissions.ADMIN),
    partial(keys.create_older_key, "n", Permissions.ADMIN),
    partial(keys.list_keys),
    partial(keys.list_older_keys),
    partial(keys.revoke_key, "k"),
    partial(keys.revoke_older_key, "k"),
    partial(links.download_link, LINK, date=1, expires=1),
    partial(links.read_private, LINK, gateway.get_block(HELLO)),
    partial(payments.add_cid, ID, HELLO),
    partial(payments.create_instruction, "n", [FEE]),
    partial(payments.delete_instruction, ID),
    partial(payments.get_instruction, ID),
    partial(payments.list_cids, ID),
    partial(payments.list_instructions),
    partial(payments.mpp_pin, 1, None),
    partial(payments.mpp_read, HELLO, None),
    partial(payments.pin_paid, "public", 1, None),
    partial(payments.read_paid, HELLO, None),
    partial(payments.remove_cid, ID, HELLO),
    partial(payments.retrieve_paid, HELLO, None),
    partial(payments.update_instruction, ID, name="n"),
    partial(pins.cancel, ID),
    partial(pins.hash_metadata, HELLO, name="n", keyvalues=None),
    partial(pins.pin_by_hash, HELLO, name=None, keyvalues=None),
    partial(pins.list_jobs),
    partial(pins.list_pins),
    partial(pins.list_queue),
    partial(pins.pin_by_cid, HELLO, name=None, keyvalues=None),
    partial(pins.unpin, HELLO),
    partial(plugins.get_plugin, 1),
    partial(plugins.install_plugin, ID, 1),
    partial(plugins.installed_plugins),
    partial(plugins.installed_plugins, ID),
    partial(plugins.list_plugins),
    partial(plugins.uninstall_plugin, ID, 1),
    partial(presigned.sign_upload, date=datetime.now(UTC), expires=1, network="public"),
    partial(psa.add_pin, PIN),
    partial(psa.delete_pin, ID),
    partial(psa.get_pin, ID),
    partial(psa.list_pins),
    partial(psa.replace_pin, ID, PIN),
    partial(signatures.add_signature, "public", HELLO, "0x" + "0" * 130, "0x" + "0" * 40),
    partial(signatures.delete_signature, "public", HELLO),
    partial(signatures.get_signature, "public", HELLO),
    partial(swaps.add_swap, "public", HELLO, HELLO),
    partial(swaps.delete_swap, "public", HELLO),
    partial(swaps.swap_history, "public", HELLO, "you.mypinata.cloud"),
    partial(tus.ask, f"/v3/files/{ID}/upload", signed=False),
    partial(tus.create, None, 1, {}),
    partial(tus.send, f"/v3/files/{ID}/upload", 0, 1, b"x", signed=False),
    partial(uploads.pin_file, b"", {}),
    partial(uploads.pin_json, {}, name=None, keyvalues=None, cid_version=1, group_id=None),
    partial(uploads.upload_file, b"", {}),
    partial(uploads.upload_file, b"", {}, f"https://uploads.pinata.cloud/v3/files/{ID}?X-Signature=1"),
    partial(vectors.delete_vectors, ID),
    partial(vectors.query_vectors, ID, "text"),
    partial(vectors.vectorize_file, ID),
]
"""Each function of the protocol that builds a call, with arguments."""


def endpoint_of(call) -> str | None:
    """The endpoint a call is for: of those that match, the one with the fewest parameters."""

    def matches(endpoint) -> bool:
        pattern = endpoint.path.replace("/{path}", "(/.*)?")
        pattern = re.sub(r"\{\w+\}", "[^/]+", pattern)
        return (endpoint.host, endpoint.method) == (host, call.method) and bool(re.fullmatch(pattern, path))

    host, path = call.host, call.path
    if host == "signed":  # the path is a whole URL, which the host that uploads go to has signed
        host, path = "uploads", urlsplit(call.path).path
    elif host == "psa":  # at Pinata's it stands under /psa, and elsewhere at other services
        host, path = "api", f"/psa{call.path}"

    found = [
        endpoint
        for endpoint in ENDPOINTS
        if endpoint.lifecycle in ("current", "legacy") and matches(endpoint)
    ]
    return str(min(found, key=lambda endpoint: endpoint.path.count("{"))) if found else None


def builders():
    """Every public function of the protocol that gives a call."""
    for module in pkgutil.iter_modules(protocol.__path__):
        room = importlib.import_module(f"pinatakit.protocol.{module.name}")
        for name, value in vars(room).items():
            public = (
                inspect.isfunction(value) and value.__module__ == room.__name__ and not name.startswith("_")
            )
            if public and str(value.__annotations__.get("return")).startswith("Call["):
                yield value


def test_every_endpoint_that_is_used_has_a_call():
    called = {endpoint_of(call()) for call in CALLS}
    wanted = {str(endpoint) for endpoint in ENDPOINTS if endpoint.lifecycle in ("current", "legacy")}
    assert wanted - called == set()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.func.__module__}.{call.func.__name__}")
def test_every_call_is_an_endpoint_and_says_which(call):
    endpoint = endpoint_of(call())
    assert endpoint is not None
    _, method, path = endpoint.split()
    shape = re.sub(r"\{\w+\}", "{}", path.removesuffix("/{path}").removeprefix("/psa"))
    doc = re.sub(r"\{\w+\}", "{}", inspect.getdoc(call.func) or "")
    assert f"``{method} {shape}" in doc


def test_every_function_that_builds_a_call_is_tried():
    assert {call.func for call in CALLS} == set(builders()) - OTHERS
