"""Endpoints: which path leads to which handler, and what key it takes."""

from __future__ import annotations

from typing import Final

from msgspec import Raw

from pinatakit.server import (
    account,
    analytics,
    files,
    gateway,
    gateways,
    groups,
    keys,
    links,
    metrics,
    payments,
    pins,
    plugins,
    presigned,
    psa,
    signatures,
    swaps,
    tus,
    uploads,
    vectors,
)
from pinatakit.server.routes import Endpoint

CONTENT: Final = ("/ipfs/", "/ipns/", "/files/", "/x402/")
"""Where content is read: the beginnings of such paths."""

ENDPOINTS: Final = (
    Endpoint(("GET",), "/data/testAuthentication", account.test, None),
    Endpoint(("GET",), "/data/userPinnedDataTotal", account.usage, "data.userPinnedDataTotal"),
    Endpoint(("GET",), "/data/pinList", pins.list_pins, "data.pinList"),
    Endpoint(("POST",), "/pinning/pinFileToIPFS", uploads.pin_file, "pinning.pinFileToIPFS"),
    Endpoint(("POST",), "/pinning/pinJSONToIPFS", uploads.pin_json, "pinning.pinJSONToIPFS", takes_json=Raw),
    *(
        Endpoint(("POST",), path, pins.pin_by_hash, "pinning.pinByHash", takes_json=True)
        for path in ("/pinning/pinByHash", "/pinning/addHashToPinQueue")  # as pinatapy calls it
    ),
    Endpoint(("GET",), "/pinning/pinJobs", pins.list_jobs, "pinning.pinJobs"),
    Endpoint(("PUT",), "/pinning/hashMetadata", pins.hash_metadata, "pinning.hashMetadata", takes_json=True),
    Endpoint(("DELETE",), "/pinning/unpin/{cid}", pins.unpin, "pinning.unpin"),
    Endpoint(("POST",), "/users/generateApiKey", keys.create_older, "admin", takes_json=True),
    Endpoint(("GET",), "/users/apiKeys", keys.list_older, "admin"),
    Endpoint(("PUT",), "/users/revokeApiKey", keys.revoke_older, "admin", takes_json=True),
    Endpoint(("POST",), "/groups", groups.create_older, "org:groups:write", takes_json=True),
    Endpoint(("GET",), "/groups", groups.list_older, "org:groups:read"),
    Endpoint(("GET",), "/groups/{id}", groups.get_older, "org:groups:read"),
    Endpoint(("PUT",), "/groups/{id}", groups.update_older, "org:groups:write", takes_json=True),
    Endpoint(("DELETE",), "/groups/{id}", groups.delete_older, "org:groups:write"),
    Endpoint(("PUT",), "/groups/{id}/cids", groups.add_cids, "org:groups:write", takes_json=True),
    Endpoint(("DELETE",), "/groups/{id}/cids", groups.remove_cids, "org:groups:write", takes_json=True),
    Endpoint(("POST",), pins.QUEUE, pins.pin_by_cid, "org:files:write", takes_json=True),
    Endpoint(("GET",), pins.QUEUE, pins.list_queue, "org:files:read"),
    Endpoint(("DELETE",), f"{pins.QUEUE}/{{id}}", pins.cancel, "org:files:write"),
    Endpoint(("GET",), "/v3/files/limits", account.limits, "org:files:read"),
    Endpoint(("POST",), "/v3/files", tus.upload, "org:files:write"),
    Endpoint(("OPTIONS",), "/v3/files", tus.options, "open"),
    Endpoint(("POST",), "/v3/files/sign", presigned.sign, "org:files:write", takes_json=True),
    Endpoint(("POST",), "/v3/files/{id:uuid}", tus.upload, "org:files:write", takes_link=True),
    Endpoint(("HEAD",), "/v3/files/{id:uuid}/upload", tus.head, "org:files:write", takes_link=True),
    Endpoint(("PATCH",), "/v3/files/{id:uuid}/upload", tus.patch, "org:files:write", takes_link=True),
    Endpoint(("DELETE",), "/v3/files/{id:uuid}/upload", tus.terminate, "org:files:write", takes_link=True),
    Endpoint(("OPTIONS",), "/v3/files/{id:uuid}", tus.options, "open"),
    Endpoint(("OPTIONS",), "/v3/files/{id:uuid}/upload", tus.options, "open"),
    Endpoint(("GET",), "/v3/files/{network}", files.list_files, "org:files:read"),
    Endpoint(("GET",), "/v3/files/{network}/{id}", files.get, "org:files:read"),
    Endpoint(("PUT",), "/v3/files/{network}/{id}", files.update, "org:files:write", takes_json=True),
    Endpoint(("DELETE",), "/v3/files/{network}/{id}", files.delete, "org:files:write"),
    Endpoint(("POST",), "/v3/groups/{network}", groups.create, "org:groups:write", takes_json=True),
    Endpoint(("GET",), "/v3/groups/{network}", groups.list_groups, "org:groups:read"),
    Endpoint(("GET",), "/v3/groups/{network}/{id}", groups.get, "org:groups:read"),
    Endpoint(("PUT",), "/v3/groups/{network}/{id}", groups.update, "org:groups:write", takes_json=True),
    Endpoint(("DELETE",), "/v3/groups/{network}/{id}", groups.delete, "org:groups:write"),
    Endpoint(("PUT",), "/v3/groups/{network}/{id}/ids/{file_id}", groups.add_file, "org:groups:write"),
    Endpoint(("DELETE",), "/v3/groups/{network}/{id}/ids/{file_id}", groups.remove_file, "org:groups:write"),
    Endpoint(("POST",), "/v3/api_keys", keys.create, "org:write", takes_json=True),
    Endpoint(("GET",), "/v3/api_keys", keys.list_keys, "org:write"),
    Endpoint(("DELETE",), "/v3/api_keys/{key}", keys.revoke, "org:write"),
    Endpoint(("POST",), "/v3/pinata/keys", keys.create, "org:write", takes_json=True),
    Endpoint(("GET",), "/v3/pinata/keys", keys.list_keys, "org:write"),
    Endpoint(("PUT",), "/v3/pinata/keys/{key}", keys.revoke, "org:write"),
    Endpoint(
        ("POST",), "/v3/files/{network}/signature/{cid}", signatures.add, "org:files:write", takes_json=True
    ),
    Endpoint(("GET",), "/v3/files/{network}/signature/{cid}", signatures.get, "org:files:read"),
    Endpoint(("DELETE",), "/v3/files/{network}/signature/{cid}", signatures.delete, "org:files:write"),
    Endpoint(("PUT",), "/v3/files/{network}/swap/{cid}", swaps.add, "org:files:write", takes_json=True),
    Endpoint(("GET",), "/v3/files/{network}/swap/{cid}", swaps.history, "org:files:read"),
    Endpoint(("DELETE",), "/v3/files/{network}/swap/{cid}", swaps.delete, "org:files:write"),
    Endpoint(("PUT",), "/v3/ipfs/swap/{cid}", swaps.add, "org:files:write", takes_json=True),
    Endpoint(("POST",), "/v3/files/swap/{cid}", swaps.add, "org:files:write", takes_json=True),  # of a guide
    Endpoint(("GET",), "/v3/ipfs/swap/{cid}", swaps.history, "org:files:read"),
    Endpoint(("DELETE",), "/v3/ipfs/swap/{cid}", swaps.delete, "org:files:write"),
    *(
        Endpoint(("POST",), path, links.download_link, "org:files:write", takes_json=True)
        for path in ("/v3/files/private/download_link", "/v3/files/download_link")
    ),
    *(
        Endpoint(("GET",), path, gateways.list_gateways, "org:gateways:read")
        for path in ("/v3/gateways", "/v3/ipfs/gateways")
    ),
    Endpoint(("POST",), "/v3/gateways", gateways.create, "org:gateways:write", takes_json=True),
    Endpoint(("GET",), "/v3/gateways/exists/{domain}", gateways.exists, "org:gateways:read"),
    Endpoint(("GET",), "/v3/gateways/plugins/marketplace", plugins.list_plugins, "org:gateways:read"),
    Endpoint(("GET",), "/v3/gateways/plugins/marketplace/{id}", plugins.get, "org:gateways:read"),
    *(
        Endpoint(("GET",), path, plugins.installed, "org:gateways:read")
        for path in (
            "/v3/gateways/plugins",
            "/v3/gateways/plugins/{gateway_id}",
            "/v3/ipfs/gateway_plugins/{gateway_id}",
        )
    ),
    Endpoint(
        ("POST",), "/v3/gateways/plugins/{gateway_id}", plugins.install, "org:gateways:write", takes_json=True
    ),
    Endpoint(
        ("DELETE",),
        "/v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}",
        plugins.uninstall,
        "org:gateways:write",
    ),
    Endpoint(("GET",), "/v3/gateways/{id}", gateways.get, "org:gateways:read"),
    Endpoint(("DELETE",), "/v3/gateways/{id}", gateways.delete, "org:gateways:write"),
    Endpoint(
        ("POST",),
        "/v3/gateways/{id}/custom_domain",
        gateways.add_domain,
        "org:gateways:write",
        takes_json=True,
    ),
    Endpoint(("GET",), "/v3/gateways/{id}/custom_domain/{rule}", gateways.get_domain, "org:gateways:read"),
    Endpoint(("POST",), "/v3/gateways/{id}/access_tokens", gateways.create_token, "org:gateways:write"),
    Endpoint(("POST",), "/v3/gateways/{id}/ips", gateways.allow_ip, "org:gateways:write", takes_json=True),
    Endpoint(
        ("POST",), "/v3/gateways/{id}/hosts", gateways.allow_host, "org:gateways:write", takes_json=True
    ),
    Endpoint(
        ("DELETE",),
        "/v3/gateways/{id}/custom_domain/{rule}",
        gateways.remove("domain"),
        "org:gateways:write",
    ),
    Endpoint(
        ("DELETE",), "/v3/gateways/{id}/access_tokens/{rule}", gateways.remove("token"), "org:gateways:write"
    ),
    Endpoint(("DELETE",), "/v3/gateways/{id}/ips/{rule}", gateways.remove("ip"), "org:gateways:write"),
    Endpoint(("DELETE",), "/v3/gateways/{id}/hosts/{rule}", gateways.remove("host"), "org:gateways:write"),
    *(
        Endpoint(("GET",), path, analytics.top, "org:analytics:read")
        for path in ("/v3/analytics/gateways/top", "/v3/ipfs/gateway_analytics_top")
    ),
    *(
        Endpoint(("GET",), path, analytics.time_series, "org:analytics:read")
        for path in ("/v3/analytics/gateways/time_series", "/v3/ipfs/gateway_analytics_time_series")
    ),
    Endpoint(("POST",), "/v3/vectorize/files/{file_id}", vectors.vectorize, "org:files:write"),
    Endpoint(("DELETE",), "/v3/vectorize/files/{file_id}", vectors.delete, "org:files:write"),
    Endpoint(
        ("POST",), "/v3/vectorize/groups/{group_id}/query", vectors.query, "org:files:read", takes_json=True
    ),
    Endpoint(("GET",), "/v3/x402/payment_instructions", payments.list_instructions, "org:files:read"),
    Endpoint(("POST",), "/v3/x402/payment_instructions", payments.create, "org:files:write", takes_json=True),
    Endpoint(("GET",), "/v3/x402/payment_instructions/{id}", payments.get, "org:files:read"),
    Endpoint(
        ("PATCH",), "/v3/x402/payment_instructions/{id}", payments.update, "org:files:write", takes_json=True
    ),
    Endpoint(("DELETE",), "/v3/x402/payment_instructions/{id}", payments.delete, "org:files:write"),
    Endpoint(("GET",), "/v3/x402/payment_instructions/{id}/cids", payments.list_cids, "org:files:read"),
    Endpoint(("PUT",), "/v3/x402/payment_instructions/{id}/cids/{cid}", payments.add_cid, "org:files:write"),
    Endpoint(
        ("DELETE",), "/v3/x402/payment_instructions/{id}/cids/{cid}", payments.remove_cid, "org:files:write"
    ),
    Endpoint(("GET",), "/x402/cid/{cid}", payments.demand, "open"),
    Endpoint(("GET",), "/psa/pins", psa.list_pins, "data.pinList"),
    Endpoint(("POST",), "/psa/pins", psa.add, "pinning.pinByHash", takes_json=True),
    Endpoint(("GET",), "/psa/pins/{id}", psa.get, "data.pinList"),
    Endpoint(("POST",), "/psa/pins/{id}", psa.replace, "pinning.pinByHash", takes_json=True),
    Endpoint(("DELETE",), "/psa/pins/{id}", psa.delete, "pinning.unpin"),
    Endpoint(("GET", "HEAD"), "/ipfs/{cid}", gateway.get, "open"),
    Endpoint(("GET", "HEAD"), "/ipfs/{cid}/{path:path}", gateway.get, "open"),
    Endpoint(("GET", "HEAD"), "/files/{cid}", gateway.get_private, "open"),
    Endpoint(("GET", "HEAD"), "/files/{cid}/{path:path}", gateway.get_private, "open"),
)

IPFS: Final = (  # of the gateways of IPFS, beside what Pinata tells of its own
    *(
        Endpoint(("GET", "HEAD"), path, gateway.get_name, "open")
        for path in ("/ipns/{name}", "/ipns/{name}/{path:path}")
    ),
    *(Endpoint(("GET", "HEAD"), path, gateway.route_uri, "open") for path in ("/ipfs/", "/ipns/")),
)

OPERATION: Final = (  # not Pinata's: for who runs it
    Endpoint(("GET",), "/-/ready", metrics.ready, "open"),
    Endpoint(("GET",), "/-/metrics", metrics.metrics, "org:analytics:read"),
)
