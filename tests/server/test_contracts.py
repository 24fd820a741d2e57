"""Answers have every field that Pinata's OpenAPI files and documentation declare, of its type.

``?`` may be left out; the local Pinata leaves out what stands in `LEFT_OUT` alone, where there is nothing to
say. ``[]`` goes through a list.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from .conftest import FORM, body
from .world import FEE, World

DECLARED: Final = """
GET /data/testAuthentication
    message:string
GET /data/userPinnedDataTotal
    pin_count:integer pin_size_total:integer pin_size_with_replications_total:integer
GET /data/pinList
    count:integer? rows:array rows[].id:uuid rows[].ipfs_pin_hash:string rows[].size:integer
    rows[].user_id:uuid rows[].date_pinned:date-time rows[].date_unpinned:date-time|null
    rows[].metadata.name:string|null rows[].metadata.keyvalues:object|null rows[].regions:array
    rows[].regions[].regionId:string rows[].regions[].currentReplicationCount:integer
    rows[].regions[].desiredReplicationCount:integer rows[].mime_type:string|null
    rows[].number_of_files:integer
POST /pinning/pinFileToIPFS
    IpfsHash:string PinSize:integer Timestamp:date-time isDuplicate:boolean? ID:uuid? Name:string?
    NumberOfFiles:integer? MimeType:string? GroupId:uuid|null? Keyvalues:object|null?
POST /pinning/pinJSONToIPFS
    IpfsHash:string PinSize:integer Timestamp:date-time isDuplicate:boolean? ID:uuid? Name:string?
    NumberOfFiles:integer? MimeType:string? GroupId:uuid|null? Keyvalues:object|null?
POST /pinning/pinByHash
    id:uuid ipfsHash:string status:string name:string|null
GET /pinning/pinJobs
    count:integer rows:array rows[].id:uuid rows[].ipfs_pin_hash:string rows[].date_queued:date-time
    rows[].name:string|null rows[].status:string rows[].keyvalues:object|null?
    rows[].host_nodes:array|null? rows[].pin_policy.regions[].id:string
    rows[].pin_policy.regions[].desiredReplicationCount:integer rows[].pin_policy.version:integer
PUT /pinning/hashMetadata
    $body:text:OK
DELETE /pinning/unpin/{cid}
    $body:text:OK
POST /users/generateApiKey
    pinata_api_key:string pinata_api_secret:string JWT:string
GET /users/apiKeys
    keys:array keys[].id:uuid keys[].name:string keys[].key:string keys[].secret:string
    keys[].max_uses:integer|null keys[].uses:integer keys[].user_id:uuid keys[].scopes:object
    keys[].revoked:boolean keys[].createdAt:date-time keys[].updatedAt:date-time count:integer
PUT /users/revokeApiKey
    $body:json_string:Revoked
POST /groups
    id:uuid user_id:uuid name:string createdAt:date-time updatedAt:date-time
GET /groups
    []:array [].id:uuid [].user_id:uuid [].name:string [].createdAt:date-time [].updatedAt:date-time
GET /groups/{id}
    id:uuid user_id:uuid name:string createdAt:date-time updatedAt:date-time
PUT /groups/{id}
    id:uuid user_id:uuid name:string createdAt:date-time updatedAt:date-time
DELETE /groups/{id}
    $body:text:OK
PUT /groups/{id}/cids
    $body:text:OK
DELETE /groups/{id}/cids
    $body:text:OK
POST /v3/files
    data.id:uuid data.user_id:uuid? data.name:string data.cid:string data.size:integer
    data.created_at:date-time data.number_of_files:integer data.mime_type:string data.group_id:uuid|null
    data.keyvalues:object<string,string>? data.vectorized:boolean? data.network:string?
    data.is_duplicate:boolean?
POST /v3/files/sign
    data:url
POST /v3/files/{upload_id}
    data.id:uuid data.user_id:uuid? data.name:string data.cid:string data.size:integer
    data.created_at:date-time data.number_of_files:integer data.mime_type:string data.group_id:uuid|null
    data.keyvalues:object<string,string>? data.vectorized:boolean? data.network:string?
    data.is_duplicate:boolean?
GET /v3/files/limits
    data.folder_max_files:integer
POST /v3/vectorize/files/{file_id}
    success:boolean
DELETE /v3/vectorize/files/{file_id}
    success:boolean
POST /v3/vectorize/groups/{group_id}/query
    data.count:integer data.matches:array data.matches[].file_id:uuid data.matches[].cid:string
    data.matches[].score:number
GET /v3/files/{network}
    data.files:array data.next_page_token:string|null? data.files[].id:uuid data.files[].name:string|null
    data.files[].cid:string|"pending" data.files[].size:integer data.files[].number_of_files:integer
    data.files[].mime_type:string data.files[].group_id:uuid|null
    data.files[].keyvalues:object<string,string> data.files[].created_at:date-time
    data.files[].expires_at:date-time|null?
GET /v3/files/{network}/{id}
    data.id:uuid data.name:string|null data.cid:string|"pending" data.size:integer
    data.number_of_files:integer data.mime_type:string data.group_id:uuid|null
    data.keyvalues:object<string,string> data.created_at:date-time data.expires_at:date-time|null?
PUT /v3/files/{network}/{id}
    data.id:uuid data.name:string|null data.cid:string|"pending" data.size:integer
    data.number_of_files:integer data.mime_type:string data.group_id:uuid|null
    data.keyvalues:object<string,string> data.created_at:date-time data.expires_at:date-time|null?
DELETE /v3/files/{network}/{id}
    data:null
POST /v3/files/public/pin_by_cid
    data.id:uuid data.cid:string data.name:string data.status:string data.keyvalues:object|null
    data.host_nodes:array<string>|null data.group_id:uuid|null data.date_queued:date-time
GET /v3/files/public/pin_by_cid
    data.jobs:array data.next_page_token:string|null? data.jobs[].id:uuid data.jobs[].cid:string
    data.jobs[].name:string data.jobs[].status:string data.jobs[].keyvalues:object|null
    data.jobs[].host_nodes:array<string>|null data.jobs[].group_id:uuid|null
    data.jobs[].date_queued:date-time
DELETE /v3/files/public/pin_by_cid/{id}
    data:null
POST /v3/files/private/download_link
    data:url
POST /v3/files/download_link
    data:url
POST /v3/groups/{network}
    data.id:uuid data.name:string data.is_public:boolean data.created_at:date-time
GET /v3/groups/{network}
    data.groups:array data.next_page_token:string|null? data.groups[].id:uuid data.groups[].name:string
    data.groups[].is_public:boolean data.groups[].created_at:date-time
GET /v3/groups/{network}/{id}
    data.id:uuid data.name:string data.is_public:boolean data.created_at:date-time
PUT /v3/groups/{network}/{id}
    data.id:uuid data.name:string data.is_public:boolean data.created_at:date-time
DELETE /v3/groups/{network}/{id}
    data:null
PUT /v3/groups/{network}/{id}/ids/{file_id}
    data:null
DELETE /v3/groups/{network}/{id}/ids/{file_id}
    data:null
POST /v3/files/{network}/signature/{cid}
    data.cid:string data.signature:string
GET /v3/files/{network}/signature/{cid}
    data.cid:string data.signature:string
DELETE /v3/files/{network}/signature/{cid}
    data:null
PUT /v3/files/{network}/swap/{cid}
    data.mapped_cid:string data.created_at:date-time
GET /v3/files/{network}/swap/{cid}
    data:array data[].mapped_cid:string|null data[].created_at:date-time
DELETE /v3/files/{network}/swap/{cid}
    data:null
PUT /v3/ipfs/swap/{cid}
    data.mappedCid:string data.createdAt:date-time
GET /v3/ipfs/swap/{cid}
    data:array data[].mappedCid:string data[].createdAt:date-time
DELETE /v3/ipfs/swap/{cid}
    data:null
GET /v3/api_keys
    keys:array keys[].id:uuid keys[].name:string keys[].key:string keys[].max_uses:integer|null
    keys[].uses:integer keys[].user_id:uuid keys[].scopes:object keys[].revoked:boolean
    keys[].createdAt:date-time keys[].updatedAt:date-time count:integer
POST /v3/api_keys
    JWT:string pinata_api_key:string pinata_api_secret:string
DELETE /v3/api_keys/{key}
    $body:json_string:Revoked
GET /v3/pinata/keys
    keys:array keys[].id:uuid keys[].name:string keys[].key:string keys[].max_uses:integer|null
    keys[].uses:integer keys[].user_id:uuid keys[].scopes:object keys[].revoked:boolean
    keys[].createdAt:date-time keys[].updatedAt:date-time count:integer
POST /v3/pinata/keys
    JWT:string pinata_api_key:string pinata_api_secret:string
PUT /v3/pinata/keys/{key}
    $body:json_string:Revoked
GET /v3/gateways
    data.count:integer data.rows:array data.rows[].id:uuid data.rows[].created_at:date-time
    data.rows[].domain:string data.rows[].restrict:boolean data.rows[].custom_domains:array
    data.rows[].custom_domains[].domain:string
    data.rows[].custom_domains[].domain_validation_status:string
    data.rows[].custom_domains[].custom_domain_id:uuid
    data.rows[].custom_domains[].ssl_validation_status:string
POST /v3/gateways
    data.id:uuid data.created_at:date-time data.domain:string data.restrict:boolean
    data.custom_domains:array data.custom_domains[].domain:string
    data.custom_domains[].domain_validation_status:string data.custom_domains[].custom_domain_id:uuid
    data.custom_domains[].ssl_validation_status:string
    data.settings.restriction_policies.accessTokens:array
    data.settings.restriction_policies.accessTokens[].id:uuid
    data.settings.restriction_policies.accessTokens[].value:string
    data.settings.restriction_policies.accessTokens[].createdAt:date-time
    data.settings.restriction_policies.allowedHosts:array<same>
    data.settings.restriction_policies.allowedIPAddresses:array<same>
GET /v3/gateways/{id}
    data.id:uuid data.created_at:date-time data.domain:string data.restrict:boolean
    data.custom_domains:array data.custom_domains[].domain:string
    data.custom_domains[].domain_validation_status:string data.custom_domains[].custom_domain_id:uuid
    data.custom_domains[].ssl_validation_status:string
    data.settings.restriction_policies.accessTokens:array
    data.settings.restriction_policies.accessTokens[].id:uuid
    data.settings.restriction_policies.accessTokens[].value:string
    data.settings.restriction_policies.accessTokens[].createdAt:date-time
    data.settings.restriction_policies.allowedHosts:array<same>
    data.settings.restriction_policies.allowedIPAddresses:array<same>
DELETE /v3/gateways/{id}
    data:null
GET /v3/gateways/exists/{domain}
    data.exists:boolean
POST /v3/gateways/{id}/custom_domain
    data.domain:string data.domain_validation_status:string data.custom_domain_id:uuid
    data.ssl_validation_status:string
GET /v3/gateways/{id}/custom_domain/{custom_domain_id}
    data.domain:string data.domain_validation_status:string data.custom_domain_id:uuid
    data.ssl_validation_status:string
DELETE /v3/gateways/{id}/custom_domain/{custom_domain_id}
    data:null
POST /v3/gateways/{id}/access_tokens
    data.id:uuid data.value:string data.createdAt:date-time
DELETE /v3/gateways/{id}/access_tokens/{access_token_id}
    data:null
POST /v3/gateways/{id}/ips
    data.id:uuid data.value:string data.createdAt:date-time
DELETE /v3/gateways/{id}/ips/{ip_id}
    data:null
POST /v3/gateways/{id}/hosts
    data.id:uuid data.value:string data.createdAt:date-time
DELETE /v3/gateways/{id}/hosts/{host_id}
    data:null
GET /v3/ipfs/gateways
    data.count:integer data.rows:array data.rows[].id:uuid data.rows[].created_at:date-time
    data.rows[].domain:string data.rows[].restrict:boolean data.rows[].custom_domains:array
    data.rows[].custom_domains[].domain:string
    data.rows[].custom_domains[].domain_validation_status:string
    data.rows[].custom_domains[].custom_domain_id:uuid
    data.rows[].custom_domains[].ssl_validation_status:string
GET /v3/gateways/plugins/marketplace
    data:array data[].id:integer data[].name:string data[].description:string data[].image:url
    data[].tags:array<string>
GET /v3/gateways/plugins/marketplace/{id}
    data.id:integer data.name:string data.description:string data.image:url data.tags:array<string>
POST /v3/gateways/plugins/{gateway_id}
    data.gateway_id:uuid data.plugin_id:integer
GET /v3/gateways/plugins/{gateway_id}
    data:array data[].gateway_id:uuid data[].plugin_id:integer
GET /v3/gateways/plugins
    data:array data[].gateway_id:uuid data[].plugin_id:integer
DELETE /v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}
    data:null
GET /v3/ipfs/gateway_plugins/{gateway_id}
    data:array data[].gateway_id:uuid data[].plugin_id:integer
GET /v3/analytics/gateways/top
    data:array data[].value:string data[].requests:integer data[].bandwidth:integer
GET /v3/analytics/gateways/time_series
    data.total_requests:integer data.total_bandwidth:integer data.time_periods:array
    data.time_periods[].period_start_time:date data.time_periods[].requests:integer
    data.time_periods[].bandwidth:integer
GET /v3/ipfs/gateway_analytics_top
    data:array data[].value:string data[].requests:integer data[].bandwidth:integer
GET /v3/ipfs/gateway_analytics_time_series
    data.total_requests:integer data.total_bandwidth:integer data.time_periods:array
GET /v3/x402/payment_instructions
    data.payment_instructions:array data.next_page_token:string? data.payment_instructions[].id:uuid
    data.payment_instructions[].version:integer data.payment_instructions[].name:string
    data.payment_instructions[].description:string? data.payment_instructions[].created_at:date-time
    data.payment_instructions[].payment_requirements:array
    data.payment_instructions[].payment_requirements[].asset:string
    data.payment_instructions[].payment_requirements[].pay_to:string
    data.payment_instructions[].payment_requirements[].network:string
    data.payment_instructions[].payment_requirements[].amount:string
    data.payment_instructions[].payment_requirements[].description:string?
POST /v3/x402/payment_instructions
    data.id:uuid data.version:integer data.name:string data.description:string? data.created_at:date-time
    data.payment_requirements:array data.payment_requirements[].asset:string
    data.payment_requirements[].pay_to:string data.payment_requirements[].network:string
    data.payment_requirements[].amount:string data.payment_requirements[].description:string?
GET /v3/x402/payment_instructions/{id}
    data.id:uuid data.version:integer data.name:string data.description:string? data.created_at:date-time
    data.payment_requirements:array data.payment_requirements[].asset:string
    data.payment_requirements[].pay_to:string data.payment_requirements[].network:string
    data.payment_requirements[].amount:string data.payment_requirements[].description:string?
PATCH /v3/x402/payment_instructions/{id}
    data.id:uuid data.version:integer data.name:string data.description:string? data.created_at:date-time
    data.payment_requirements:array data.payment_requirements[].asset:string
    data.payment_requirements[].pay_to:string data.payment_requirements[].network:string
    data.payment_requirements[].amount:string data.payment_requirements[].description:string?
DELETE /v3/x402/payment_instructions/{id}
    data:object|null
GET /v3/x402/payment_instructions/{id}/cids
    data.cids:array<string> data.next_page_token:string?
PUT /v3/x402/payment_instructions/{id}/cids/{cid}
    data.payment_instruction_id:uuid data.cid:string data.created_at:date-time
DELETE /v3/x402/payment_instructions/{id}/cids/{cid}
    data:object|null
GET /psa/pins
    count:integer results:array results[].requestid:string results[].status:string
    results[].created:date-time results[].pin.cid:string results[].pin.name:string?
    results[].pin.origins:array<string> results[].pin.meta:object<string,string>
    results[].delegates:array<multiaddr> results[].info:object
POST /psa/pins
    requestid:string status:string created:date-time pin.cid:string pin.name:string?
    pin.origins:array<string> pin.meta:object<string,string> delegates:array<multiaddr> info:object
GET /psa/pins/{requestid}
    requestid:string status:string created:date-time pin.cid:string pin.name:string?
    pin.origins:array<string> pin.meta:object<string,string> delegates:array<multiaddr> info:object
POST /psa/pins/{requestid}
    requestid:string status:string created:date-time pin.cid:string pin.name:string?
    pin.origins:array<string> pin.meta:object<string,string> delegates:array<multiaddr> info:object
DELETE /psa/pins/{requestid}
    $body:text:
"""
LEFT_OUT: Final = {
    "isDuplicate",
    "data.is_duplicate",
    "data.expires_at",
    "data.files[].expires_at",
    "data.next_page_token",
}
EMPTY: Final = {"POST /v3/gateways": ("data.custom_domains[]", "data.settings")}  # a new one has none
_FILE: Final = {"content": body(("a.txt", b"declared"), network="public"), "headers": FORM}
_PERMISSIONS: Final = {"keyName": "k", "permissions": {"admin": True}}


def _link(world: World) -> dict[str, Any]:
    url = f"https://gateway.example/files/{world.places['/files/{}']}"
    return {"json": {"url": url, "date": int(time.time()), "expires": 60, "method": "GET"}}


def _analysed(**how: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    span = {"start_date": f"{now:%Y-%m-%d}", "end_date": f"{now + timedelta(days=1):%Y-%m-%d}"}
    return {"params": {"gateway_domain": "127.0.0.1", "sort_by": "requests", **span, **how}}


REQUESTS: Final[dict[str, Callable[[World], dict[str, Any]]]] = {
    "POST /pinning/pinFileToIPFS": lambda _: _FILE,
    "POST /pinning/pinJSONToIPFS": lambda _: {
        "json": {"pinataContent": {"a": 1}, "pinataMetadata": {"name": "n"}}
    },
    "POST /pinning/pinByHash": lambda world: {"json": {"hashToPin": world.missing}},
    "PUT /pinning/hashMetadata": lambda world: {
        "json": {"ipfsPinHash": world.places["/ipfs/{}"], "name": "n"},
    },
    "POST /users/generateApiKey": lambda _: {"json": _PERMISSIONS},
    "PUT /users/revokeApiKey": lambda world: {"json": {"apiKey": world.places["/v3/api_keys/{}"]}},
    "POST /groups": lambda _: {"json": {"name": "g"}},
    "PUT /groups/{id}": lambda _: {"json": {"name": "g"}},
    "PUT /groups/{id}/cids": lambda world: {"json": {"cids": [world.places["/ipfs/{}"]]}},
    "DELETE /groups/{id}/cids": lambda world: {"json": {"cids": [world.places["/ipfs/{}"]]}},
    "POST /v3/files": lambda _: _FILE,
    "POST /v3/files/{upload_id}": lambda world: {"url": world.sign(), **_FILE},
    "POST /v3/files/sign": lambda _: {"json": {"date": int(time.time()), "expires": 60}},
    "POST /v3/vectorize/groups/{group_id}/query": lambda _: {"json": {"text": "a text"}},
    "PUT /v3/files/{network}/{id}": lambda _: {"json": {"name": "n"}},
    "POST /v3/files/public/pin_by_cid": lambda world: {"json": {"cid": world.missing}},
    "POST /v3/files/private/download_link": _link,
    "POST /v3/files/download_link": _link,
    "POST /v3/groups/{network}": lambda _: {"json": {"name": "g"}},
    "PUT /v3/groups/{network}/{id}": lambda _: {"json": {"name": "g"}},
    "POST /v3/files/{network}/signature/{cid}": lambda world: {"json": world.signature},
    "PUT /v3/files/{network}/swap/{cid}": lambda world: {"json": {"swap_cid": world.places["/files/{}"]}},
    "PUT /v3/ipfs/swap/{cid}": lambda world: {"json": {"swapCid": world.places["/files/{}"]}},
    "POST /v3/api_keys": lambda _: {"json": _PERMISSIONS},
    "POST /v3/pinata/keys": lambda _: {"json": _PERMISSIONS},
    "POST /v3/gateways": lambda world: {"json": {"domain": f"{world.domain}x"}},
    "POST /v3/gateways/{id}/custom_domain": lambda world: {"json": {"domain": f"x.{world.domain}.example"}},
    "POST /v3/gateways/{id}/ips": lambda _: {"json": {"ip": "10.9.8.7"}},
    "POST /v3/gateways/{id}/hosts": lambda _: {"json": {"host": "https://other.example"}},
    "POST /v3/gateways/plugins/{gateway_id}": lambda world: {
        "json": {"plugin_id": int(world.places["/v3/gateways/plugins/marketplace/{}"])}
    },
    "POST /v3/x402/payment_instructions": lambda _: {
        "json": {"name": "p", "description": "d", "payment_requirements": [FEE]}
    },
    "PATCH /v3/x402/payment_instructions/{id}": lambda _: {"json": {"name": "q"}},
    "GET /v3/files/{network}/swap/{cid}": lambda world: {"params": {"domain": world.domain}},
    "GET /v3/ipfs/swap/{cid}": lambda world: {"params": {"domain": world.domain}},
    "GET /v3/analytics/gateways/top": lambda _: _analysed(by="cid"),
    "GET /v3/ipfs/gateway_analytics_top": lambda _: _analysed(by="cid"),
    "GET /v3/analytics/gateways/time_series": lambda _: _analysed(date_interval="day"),
    "GET /v3/ipfs/gateway_analytics_time_series": lambda _: _analysed(by="day"),
    "POST /psa/pins": lambda world: {"json": {"cid": world.missing, "name": "n"}},
    "POST /psa/pins/{requestid}": lambda world: {"json": {"cid": world.missing, "name": "n"}},
}
GONE_FIRST: Final = {  # what there is already, and is made anew
    "POST /v3/files/{network}/signature/{cid}": "/v3/files/{network}/signature/{cid}",
    "POST /v3/gateways/plugins/{gateway_id}": "/v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}",
    "DELETE /v3/x402/payment_instructions/{id}": "/v3/x402/payment_instructions/{id}/cids/{cid}",
}


def declared() -> dict[str, dict[str, str]]:
    """By route, the fields of its answer and their types."""
    routes = re.split(r"\n(?=[A-Z])", DECLARED.strip())
    lines = (route.partition("\n") for route in routes)
    pairs = {route: [field.partition(":") for field in fields.split()] for route, _, fields in lines}
    return {route: {name: kind for name, _, kind in fields} for route, fields in pairs.items()}


@pytest.mark.parametrize("route", declared())
def test_an_answer_has_every_declared_field(api, route):
    world = World(api)
    method, path = route.split()
    if route in GONE_FIRST:
        assert api.delete(world.fill(GONE_FIRST[route])).status_code == 200
    request = REQUESTS[route](world) if route in REQUESTS else {}
    answer = api.request(method, **{"url": world.fill(path.replace("{upload_id}", "public")), **request})
    assert answer.status_code in (200, 202), answer.text
    for field, kind in declared()[route].items():
        if field == "$body":
            said = kind.partition(":")[2]
            assert answer.text == (json.dumps(said) if kind.startswith("json") else said)
            continue
        if kind == "array":
            assert isinstance(found(answer.json(), field.removesuffix("[]"))[0], list)
            continue
        if field.startswith(EMPTY.get(route, ())):
            continue
        for value in found(answer.json(), field):
            assert is_of(value, kind.removesuffix("?")), f"{field} is {value!r}, not {kind}"


def found(value: Any, field: str) -> list[Any]:
    """What stands at a field, in each item of the lists on the way."""
    values = [value]
    for step in field.split("."):
        if name := step.removesuffix("[]"):
            if field in LEFT_OUT:
                values = [value for value in values if name in value]
            assert all(name in value for value in values), f"{field} is not there"
            values = [value[name] for value in values]
        if step.endswith("[]"):
            values = [item for value in values for item in value]
            assert values, f"{field} is of an empty list"
    return values


def is_of(value: Any, kind: str) -> bool:
    """Whether a value is of a type, as the documentation names it."""
    if kind.endswith("|null"):
        return value is None or is_of(value, kind.removesuffix("|null"))
    kind = kind.removesuffix('|"pending"')
    match kind.partition("<")[0]:
        case "null":
            return value is None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "uuid":
            return bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value))
        case "date-time":
            return datetime.fromisoformat(value).tzinfo is not None
        case "date":
            return bool(date.fromisoformat(value[:10]))
        case "url":
            return value.startswith(("http://", "https://", "data:"))
        case _:
            assert kind in ("string", "multiaddr"), kind
            return isinstance(value, str)
