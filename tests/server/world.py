"""A local Pinata in which there is one of everything, and where each of it has its address."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any, Final

import httpx2

from pinatakit.content import CID
from pinatakit.protocol.signatures import sign

from .conftest import group, upload

FEE: Final = {
    "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
    "pay_to": "0x" + "ab" * 20,
    "network": "base",
    "amount": "10000",
    "description": "a fee",
}
_KEY: Final = "0x" + "46" * 32


class World:
    """Makes one of everything.

    Attributes:
        places: what stands in a path, by the shape of the path up to there.
        signature: of the public file, as the API takes it.
        missing: a CID that nobody has.
    """

    def __init__(self, api: httpx2.Client) -> None:
        self._api = api
        unique = uuid.uuid4().hex
        self.missing = str(CID.of(f"missing {unique}".encode(), 0x55))
        public, private = group(api), group(api, network="private")
        file = upload(api, unique.encode(), group_id=public, keyvalues='{"a":"b"}')
        about = {"network": "private", "group_id": private}
        text = upload(api, f"a text, {unique}".encode(), **about)
        made = sign(_KEY, cid=file["cid"], date=file["created_at"])
        self.signature = {"signature": made.signature, "address": made.address}
        self._post(f"/v3/files/public/signature/{file['cid']}", self.signature)
        swapped = upload(api, b"swapped " + unique.encode())["cid"]
        assert api.put(f"/v3/files/public/swap/{file['cid']}", json={"swap_cid": swapped}).status_code == 200
        self._post(f"/v3/vectorize/files/{text['id']}", None)
        key = self._post("/v3/api_keys", {"keyName": "k", "permissions": {"admin": True}, "maxUses": 9})
        self.domain = f"g{unique[:20]}"
        gateway = self._post("/v3/gateways", {"domain": self.domain})["data"]["id"]
        root = f"/v3/gateways/{gateway}"
        domain = self._post(f"{root}/custom_domain", {"domain": f"{unique}.example"})["data"]
        token = self._post(f"{root}/access_tokens", None)["data"]
        ip = self._post(f"{root}/ips", {"ip": "10.1.2.3"})["data"]
        host = self._post(f"{root}/hosts", {"host": "https://app.example"})["data"]
        plugin = api.get("/v3/gateways/plugins/marketplace").json()["data"][0]["id"]
        self._post(f"/v3/gateways/plugins/{gateway}", {"plugin_id": plugin})
        about = {"name": "p", "description": "d", "payment_requirements": [FEE]}
        paid = self._post("/v3/x402/payment_instructions", about)["data"]["id"]
        assert api.put(f"/v3/x402/payment_instructions/{paid}/cids/{text['cid']}").status_code == 200
        about = {"cid": self.missing, "name": "j"}
        job = self._post("/v3/files/public/pin_by_cid", about)["data"]["id"]
        other = str(CID.of(f"other {unique}".encode(), 0x55))
        wanted = {"cid": other, "name": "w", "origins": ["/ip4/10.1.2.3/tcp/4001"], "meta": {"a": "b"}}
        pin = self._post("/psa/pins", wanted)["requestid"]
        assert api.get(f"/ipfs/{file['cid']}").status_code == 200
        self.places = {
            "/pinning/unpin/{}": file["cid"],
            "/groups/{}": public,
            "/v3/files/{}": "public",
            "/v3/files/{}/{}": file["id"],
            "/v3/files/public/pin_by_cid/{}": job,
            "/v3/files/{}/signature/{}": file["cid"],
            "/v3/files/{}/swap/{}": file["cid"],
            "/v3/ipfs/swap/{}": file["cid"],
            "/v3/files/swap/{}": file["cid"],
            "/v3/groups/{}": "public",
            "/v3/groups/{}/{}": public,
            "/v3/groups/{}/{}/ids/{}": file["id"],
            "/v3/api_keys/{}": key["pinata_api_key"],
            "/v3/pinata/keys/{}": key["pinata_api_key"],
            "/v3/gateways/exists/{}": self.domain,
            "/v3/gateways/{}": gateway,
            "/v3/gateways/{}/custom_domain/{}": domain["custom_domain_id"],
            "/v3/gateways/{}/access_tokens/{}": token["id"],
            "/v3/gateways/{}/ips/{}": ip["id"],
            "/v3/gateways/{}/hosts/{}": host["id"],
            "/v3/gateways/plugins/marketplace/{}": str(plugin),
            "/v3/gateways/plugins/{}": gateway,
            "/v3/gateways/plugins/{}/plugin/{}": str(plugin),
            "/v3/ipfs/gateway_plugins/{}": gateway,
            "/v3/vectorize/files/{}": text["id"],
            "/v3/vectorize/groups/{}": private,
            "/v3/x402/payment_instructions/{}": paid,
            "/v3/x402/payment_instructions/{}/cids/{}": text["cid"],
            "/x402/cid/{}": text["cid"],
            "/psa/pins/{}": pin,
            "/ipfs/{}": file["cid"],
            "/ipfs/{}/{}": "x",
            "/ipns/{}": "name.example",
            "/ipns/{}/{}": "x",
            "/files/{}": text["cid"],
            "/files/{}/{}": "x",
        }

    def fill(self, path: str) -> str:
        """A path with all its places taken by what there is."""
        shape = filled = ""
        for name in path.strip("/").split("/"):
            shape += "/" + re.sub(r"\{.*\}", "{}", name)
            filled += "/" + (self.places[shape] if "{" in name else name)
        return filled

    def sign(self, **wanted: Any) -> str:
        """A presigned upload URL."""
        url: str = self._post("/v3/files/sign", {"date": int(time.time()), "expires": 60, **wanted})["data"]
        return url

    def _post(self, path: str, body: object) -> Any:
        answer = self._api.post(path, json=body) if body is not None else self._api.post(path)
        assert answer.status_code in (200, 202), f"{path}: {answer.text}"
        return answer.json()
