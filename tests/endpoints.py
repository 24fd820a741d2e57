"""Every endpoint of Pinata, as its documentation, OpenAPI files and official clients name them (2026-06).

``current`` and ``legacy`` ones are used; an ``alias`` is another path of a current one, which older
clients ask for; ``removed`` ones answer no more.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Endpoint(NamedTuple):
    lifecycle: str
    host: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.host} {self.method} {self.path}"

    @property
    def shape(self) -> str:
        """The path without the names of its parameters."""
        return re.sub(r"\{[^}]+\}", "{}", self.path)


ENDPOINTS = [
    Endpoint(*row.split())
    for row in """
current api     GET    /data/testAuthentication
current api     GET    /data/userPinnedDataTotal
current api     GET    /data/pinList
current api     POST   /pinning/pinFileToIPFS
current api     POST   /pinning/pinJSONToIPFS
legacy  api     POST   /pinning/pinByHash
legacy  api     GET    /pinning/pinJobs
current api     PUT    /pinning/hashMetadata
current api     DELETE /pinning/unpin/{cid}
legacy  api     POST   /users/generateApiKey
legacy  api     GET    /users/apiKeys
legacy  api     PUT    /users/revokeApiKey
legacy  api     POST   /groups
legacy  api     GET    /groups
legacy  api     GET    /groups/{id}
legacy  api     PUT    /groups/{id}
legacy  api     DELETE /groups/{id}
legacy  api     PUT    /groups/{id}/cids
legacy  api     DELETE /groups/{id}/cids
removed api     PUT    /pinning/hashPinPolicy
removed api     PUT    /pinning/userPinPolicy
removed api     POST   /pinning/addHashToPinQueue
removed api     POST   /pinning/pinHashToIPFS
removed api     POST   /pinning/removePinFromIPFS
current uploads POST   /v3/files
current uploads HEAD   /v3/files/{file_id}/{upload}
current uploads PATCH  /v3/files/{file_id}/{upload}
current uploads POST   /v3/files/sign
current uploads POST   /v3/files/{upload_id}
current uploads GET    /v3/files/limits
current uploads POST   /v3/vectorize/files/{file_id}
current uploads DELETE /v3/vectorize/files/{file_id}
current uploads POST   /v3/vectorize/groups/{group_id}/query
current api     GET    /v3/files/{network}
current api     GET    /v3/files/{network}/{id}
current api     PUT    /v3/files/{network}/{id}
current api     DELETE /v3/files/{network}/{id}
current api     POST   /v3/files/public/pin_by_cid
current api     GET    /v3/files/public/pin_by_cid
current api     DELETE /v3/files/public/pin_by_cid/{id}
current api     POST   /v3/files/private/download_link
alias   api     POST   /v3/files/sign
alias   api     POST   /v3/files/download_link
current api     POST   /v3/groups/{network}
current api     GET    /v3/groups/{network}
current api     GET    /v3/groups/{network}/{id}
current api     PUT    /v3/groups/{network}/{id}
current api     DELETE /v3/groups/{network}/{id}
current api     PUT    /v3/groups/{network}/{id}/ids/{file_id}
current api     DELETE /v3/groups/{network}/{id}/ids/{file_id}
current api     POST   /v3/files/{network}/signature/{cid}
current api     GET    /v3/files/{network}/signature/{cid}
current api     DELETE /v3/files/{network}/signature/{cid}
current api     PUT    /v3/files/{network}/swap/{cid}
current api     GET    /v3/files/{network}/swap/{cid}
current api     DELETE /v3/files/{network}/swap/{cid}
alias   api     PUT    /v3/ipfs/swap/{cid}
alias   api     GET    /v3/ipfs/swap/{cid}
alias   api     DELETE /v3/ipfs/swap/{cid}
current api     GET    /v3/api_keys
current api     POST   /v3/api_keys
current api     DELETE /v3/api_keys/{key}
alias   api     GET    /v3/pinata/keys
alias   api     POST   /v3/pinata/keys
alias   api     PUT    /v3/pinata/keys/{key}
current api     GET    /v3/gateways
current api     POST   /v3/gateways
current api     GET    /v3/gateways/{id}
current api     DELETE /v3/gateways/{id}
current api     GET    /v3/gateways/exists/{domain}
current api     POST   /v3/gateways/{id}/custom_domain
current api     GET    /v3/gateways/{id}/custom_domain/{custom_domain_id}
current api     DELETE /v3/gateways/{id}/custom_domain/{custom_domain_id}
current api     POST   /v3/gateways/{id}/access_tokens
current api     DELETE /v3/gateways/{id}/access_tokens/{access_token_id}
current api     POST   /v3/gateways/{id}/ips
current api     DELETE /v3/gateways/{id}/ips/{ip_id}
current api     POST   /v3/gateways/{id}/hosts
current api     DELETE /v3/gateways/{id}/hosts/{host_id}
alias   api     GET    /v3/ipfs/gateways
current api     GET    /v3/gateways/plugins/marketplace
current api     GET    /v3/gateways/plugins/marketplace/{id}
current api     POST   /v3/gateways/plugins/{gateway_id}
current api     GET    /v3/gateways/plugins/{gateway_id}
current api     GET    /v3/gateways/plugins
current api     DELETE /v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}
alias   api     GET    /v3/ipfs/gateway_plugins/{gateway_id}
current api     GET    /v3/analytics/gateways/top
current api     GET    /v3/analytics/gateways/time_series
alias   api     GET    /v3/ipfs/gateway_analytics_top
alias   api     GET    /v3/ipfs/gateway_analytics_time_series
current api     GET    /v3/x402/payment_instructions
current api     POST   /v3/x402/payment_instructions
current api     GET    /v3/x402/payment_instructions/{id}
current api     PATCH  /v3/x402/payment_instructions/{id}
current api     DELETE /v3/x402/payment_instructions/{id}
current api     GET    /v3/x402/payment_instructions/{id}/cids
current api     PUT    /v3/x402/payment_instructions/{id}/cids/{cid}
current api     DELETE /v3/x402/payment_instructions/{id}/cids/{cid}
current x402    POST   /v1/pin/{network}
current x402    GET    /v1/retrieve/private/{cid}
current mpp     POST   /v1/pin/public
current mpp     GET    /v1/pin/public/{cid}
current api     GET    /psa/pins
current api     POST   /psa/pins
current api     GET    /psa/pins/{requestid}
current api     POST   /psa/pins/{requestid}
current api     DELETE /psa/pins/{requestid}
current gateway GET    /ipfs/{cid}/{path}
current gateway GET    /files/{cid}/{path}
current gateway GET    /x402/cid/{cid}
""".strip().splitlines()
]
