"""Gateways: make them, give them domains, say who may read (v3)."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Sequence

from pinatakit.client._listing import AsyncListing, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.protocol import gateways as calls
from pinatakit.protocol._record import only
from pinatakit.protocol.gateways import AccessToken, Allowed, CustomDomain, Gateway


class Gateways(Resource[W]):
    """The dedicated gateways of your account.

    One without tokens, hosts and IPs serves what your account has pinned, to everyone. As soon
    as it has any of them it serves only requests that satisfy one.
    """

    @listing
    def list(
        self, *, fields: Collection[str] | None = None, limit: int | None = None, page_size: int = 100
    ) -> AsyncListing[Gateway]:
        """Every gateway, without its access rules, which `get` tells; over all pages.

        `fields` are the names of those wanted; the others are unset. `limit` is how many at most.

        Raises:
            InputError: a limit or field that cannot be.
        """

        async def ask(number: int) -> tuple[builtins.list[Gateway], int]:
            page = await self.wire.send(calls.list_gateways(page=number or None, page_size=page_size))
            return page.gateways, page.total

        async def fetch(_size: int, number: int) -> tuple[Sequence[Gateway], int | None]:
            gateways, total = await ask(number)
            if number == 0 and total > len(gateways):
                # Whether pages count from 0 or 1 is not documented: what comes twice is passed over.
                number, gateways = 1, gateways + (await ask(1))[0]
            return gateways, number + 1 if 0 < number * page_size < total else None

        return paged(
            fetch,
            0,
            limit=limit,
            page_size=page_size,
            key=lambda gateway: gateway.id,
            show=only(Gateway, fields),
        )

    @operation
    async def get(self, id: str) -> Gateway:
        """Look one up by its id, with its access rules.

        Raises:
            NotFound: the account has none with that id.
        """
        return await self.wire.send(calls.get_gateway(id))

    @operation
    async def create(self, domain: str) -> Gateway:
        """Make one; `domain` is its bare name, the part before ``.mypinata.cloud``.

        Raises:
            InputError: that cannot be a name.
            ApiError: it is taken.
        """
        return await self.wire.send(calls.create_gateway(domain))

    @operation
    async def delete(self, id: str) -> None:
        """Delete one, with all its rules.

        Raises:
            NotFound: the account has none with that id.
        """
        await self.wire.send(calls.delete_gateway(id))

    @operation
    async def exists(self, domain: str) -> bool:
        """Whether a bare name is taken.

        Raises:
            InputError: that cannot be a name; nobody was asked.
        """
        return await self.wire.send(calls.gateway_exists(domain))

    @operation
    async def add_domain(self, id: str, domain: str) -> CustomDomain:
        """Let a gateway answer under a domain of yours.

        It does once the domain's DNS record leads there: `get_domain` tells how far that is.

        Raises:
            InputError: that is no domain.
            NotFound: the account has no such gateway.
        """
        return await self.wire.send(calls.add_domain(id, domain))

    @operation
    async def get_domain(self, id: str, domain_id: str) -> CustomDomain:
        """How far a custom domain is.

        Raises:
            NotFound: the gateway has no domain with that id.
        """
        return await self.wire.send(calls.get_domain(id, domain_id))

    @operation
    async def remove_domain(self, id: str, domain_id: str) -> None:
        """Take a custom domain away.

        Raises:
            NotFound: the gateway has no domain with that id.
        """
        await self.wire.send(calls.delete_domain(id, domain_id))

    @operation
    async def create_token(self, id: str) -> AccessToken:
        """Make an access token, which is sent as ``pinataGatewayToken``; treat it as a secret.

        Raises:
            NotFound: the account has no such gateway.
        """
        return await self.wire.send(calls.create_token(id))

    @operation
    async def delete_token(self, id: str, token_id: str) -> None:
        """Revoke an access token, named by its id.

        Raises:
            NotFound: the gateway has no token with that id.
        """
        await self.wire.send(calls.delete_token(id, token_id))

    @operation
    async def allow_ip(self, id: str, ip: str) -> Allowed:
        """Let an IP address read; there can be 100.

        Raises:
            InputError: that is not a single IP address.
            NotFound: the account has no such gateway.
        """
        return await self.wire.send(calls.allow_ip(id, ip))

    @operation
    async def remove_ip(self, id: str, ip_id: str) -> None:
        """Take an IP address away, named by its id.

        Raises:
            NotFound: the gateway has no address with that id.
        """
        await self.wire.send(calls.delete_ip(id, ip_id))

    @operation
    async def allow_host(self, id: str, host: str) -> Allowed:
        """Let pages of a host read, such as ``https://app.example.org``.

        Raises:
            InputError: that is no host.
            NotFound: the account has no such gateway.
        """
        return await self.wire.send(calls.allow_host(id, host))

    @operation
    async def remove_host(self, id: str, host_id: str) -> None:
        """Take a host away, named by its id.

        Raises:
            NotFound: the gateway has no host with that id.
        """
        await self.wire.send(calls.delete_host(id, host_id))
