"""Plugins: the marketplace, and which gateway has what."""

from __future__ import annotations

import pytest

from .conftest import v3_refusal

NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
MARKET = "/v3/gateways/plugins/marketplace"


@pytest.fixture
def gateway(api, request) -> str:
    made = api.post("/v3/gateways", json={"domain": request.node.name.replace("_", "-")[:60]}).json()["data"]
    yield made["id"]
    api.delete(f"/v3/gateways/{made['id']}")


def test_the_marketplace_has_pinatas_two(api):
    rows = api.get(MARKET).json()["data"]
    assert [(row["id"], row["name"]) for row in rows] == [
        (1, "Content Addressable Attestation"),
        (2, "Hot Swaps"),
    ]
    assert set(rows[0]) == {"id", "name", "description", "image", "tags"}
    assert api.get(f"{MARKET}/2").json()["data"] == rows[1]
    assert v3_refusal(api.get(f"{MARKET}/3"))[0] == 404


def test_an_installed_plugin_is_listed_by_three_paths(api, gateway):
    row = {"gateway_id": gateway, "plugin_id": 1}
    for _ in range(2):
        assert api.post(f"/v3/gateways/plugins/{gateway}", json={"plugin_id": 1}).json() == {"data": row}
    for path in (
        "/v3/gateways/plugins",
        f"/v3/gateways/plugins/{gateway}",
        f"/v3/ipfs/gateway_plugins/{gateway}",
    ):
        assert api.get(path).json() == {"data": [row]}
    assert api.delete(f"/v3/gateways/plugins/{gateway}/plugin/1").json() == {"data": None}
    assert api.get(f"/v3/gateways/plugins/{gateway}").json() == {"data": []}


def test_plugins_and_gateways_there_are_not_are_refused(api, gateway):
    one = f"/v3/gateways/plugins/{gateway}"
    for wrong in (None, "1", True):
        assert v3_refusal(api.post(one, json={"plugin_id": wrong}))[0] == 400
    assert v3_refusal(api.post(one, json={"plugin_id": 3}))[0] == 404
    assert v3_refusal(api.post(f"/v3/gateways/plugins/{NOBODY}", json={"plugin_id": 1}))[0] == 404
    assert v3_refusal(api.get(f"/v3/gateways/plugins/{NOBODY}"))[0] == 404
    assert v3_refusal(api.delete(f"{one}/plugin/1"))[0] == 404
    assert v3_refusal(api.delete(f"{one}/plugin/x"))[0] == 404
