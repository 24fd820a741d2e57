"""Fetch: blocks from trustless gateways, each checked before it is kept.

A host may be named by whoever may queue a CID, so where a connection goes is decided here,
after its name has been resolved, and again for each redirect: never to addresses that lead to
nobody, link-local or multicast, and to loopback and private ones only where that is allowed.
The addresses of gateways that the server was started with are allowed in any case.

Source: specs.ipfs.tech/http-gateways/trustless-gateway.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, urlsplit

import anyio
import httpx2 as httpx

from pinatakit.content import CID
from pinatakit.content.walk import links_of
from pinatakit.errors import Malformed
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE, get_block, get_car

_MAX_HEIGHT: Final = 1024
_REDIRECTS: Final = 5
_TIMEOUT: Final = httpx.Timeout(30, connect=10)  # seconds of silence
_EMBEDDED: Final = tuple(  # ranges with an IPv4 address in them, which may be any
    ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class Missing:
    """The blocks of a DAG that are still wanted: depth first, links in order, each once.

    The order in which a CAR of a gateway brings them. Memory holds every CID met.
    """

    def __init__(self, root: CID) -> None:
        self._stack = [(root, 0)]
        self._seen: set[CID] = set()
        self._settle()

    @property
    def wants(self) -> CID | None:
        """The block to feed next, or `None` at the end."""
        return self._stack[-1][0] if self._stack else None

    @property
    def height(self) -> int:
        """How many blocks, or branches of blocks, are known to be wanted."""
        return len(self._stack)

    def feed(self, block: bytes) -> None:
        """Take the block that was wanted.

        Raises:
            BlockMismatch: the bytes do not hash to the CID; the same block is still wanted.
            Malformed: it is not of its codec, or the DAG is more than 1,024 blocks deep.
        """
        cid, height = self._stack[-1]
        cid.verify(block)
        self._open(cid, height, block)
        self._settle()

    def _open(self, cid: CID, height: int, block: bytes) -> None:
        if height > _MAX_HEIGHT:
            raise Malformed(f"a DAG more than {_MAX_HEIGHT} blocks deep")
        links = links_of(cid, block)
        self._stack.pop()
        self._seen.add(cid)
        self._stack += ((linked, height + 1) for linked in reversed(links))

    def _settle(self) -> None:
        """Pass over what was had already, and what is inlined in its own CID."""
        while self._stack:
            cid, height = self._stack[-1]
            if cid in self._seen:
                self._stack.pop()
            elif (block := cid.inlined) is not None:
                self._open(cid, height, block)
            else:
                return


class Forbidden(httpx.TransportError):
    """A connection that is not made: its address is not one to connect to."""


class NotGiven(Exception):
    """A gateway answered, and gave no content.

    Attributes:
        status: the HTTP status of its answer.
    """

    def __init__(self, url: str, status: int, words: str) -> None:
        super().__init__(f"{url} {words}")
        self.status = status


class Fetcher:
    """What asks gateways. Follows redirects; no proxy is used, which would connect to anything."""

    def __init__(self, *, private: bool, trusted: Collection[str] = ()) -> None:
        self._http = httpx.AsyncClient(
            transport=_Guarded(private=private, trusted={_place(urlsplit(url)) for url in trusted}),
            headers={"accept-encoding": "identity", "user-agent": "pinatakit"},
            timeout=_TIMEOUT,
            follow_redirects=True,
            max_redirects=_REDIRECTS,
            trust_env=False,
        )

    async def block(self, gateway: str, cid: CID, limit: int) -> bytes:
        """A block, not yet checked.

        Raises:
            NotGiven: the gateway does not give it, or gives more than `limit` bytes.
            httpx.TransportError: no answer came.
        """
        call = get_block(cid)
        async with self._get(gateway, call.path, dict(call.pairs()), RAW_TYPE) as response:
            data = b""
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > limit:
                    raise NotGiven(gateway, 200, f"gave more than {limit:,} bytes for block {cid}")
            return data

    @asynccontextmanager
    async def car(self, gateway: str, cid: CID) -> AsyncGenerator[httpx.Response]:
        """The answer that brings the CAR of a DAG.

        Raises:
            NotGiven: the gateway does not give it.
            httpx.TransportError: no answer came.
        """
        call = get_car(cid)
        query = dict(call.pairs()) | {"car-dups": "n"}
        accept = f"{CAR_TYPE}; version=1; order=dfs; dups=n"
        async with self._get(gateway, call.path, query, accept) as response:
            given = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if given != CAR_TYPE:
                raise NotGiven(gateway, 406, f"answered {given or 'no media type'} where a CAR was asked for")
            yield response

    @asynccontextmanager
    async def _get(
        self, gateway: str, path: str, query: dict[str, str], accept: str
    ) -> AsyncGenerator[httpx.Response]:
        try:
            async with self._http.stream(
                "GET", gateway + path, params=query, headers={"accept": accept}
            ) as response:
                if not response.is_success:
                    words = f"answered {response.status_code} {response.reason_phrase}".rstrip()
                    raise NotGiven(gateway, response.status_code, words)
                yield response
        except (httpx.TooManyRedirects, httpx.InvalidURL, httpx.DecodingError) as error:
            raise NotGiven(gateway, 404, f"leads nowhere: {error}") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class _Guarded(httpx.AsyncBaseTransport):
    """A transport that resolves names itself, and connects to what may be connected to."""

    def __init__(self, *, private: bool, trusted: set[tuple[str, int]]) -> None:
        self._private = private
        self._trusted = trusted
        self._plain = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        addresses = await self._resolve(url)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        for i, address in enumerate(addresses):
            request.url = url.copy_with(host=address)
            try:
                return await self._plain.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if i == len(addresses) - 1:
                    raise
            finally:
                request.url = url  # redirects and errors are told by name
        raise AssertionError("a name has an address")

    async def _resolve(self, url: httpx.URL) -> list[str]:
        """The addresses of a host, if one may connect to them.

        Raises:
            Forbidden: to one of them one may not.
            httpx.ConnectError: it has none.
        """
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await anyio.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{url.host!r} has no address: {error}") from None
        addresses = list(dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found))
        if (url.host, port) not in self._trusted:
            for address in addresses:
                if not may_connect(address, private=self._private):
                    raise Forbidden(
                        f"{url.host} is at a private or reserved address, and is not fetched from"
                    )
        return addresses

    async def aclose(self) -> None:
        await self._plain.aclose()


def may_connect(address: str, *, private: bool) -> bool:
    """Whether a fetch may go to an IP address; to loopback and private ones only if `private`."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return may_connect(str(ip.ipv4_mapped), private=private)
        if any(ip in network for network in _EMBEDDED):
            return False
    if ip.is_loopback:
        return private
    if ip.is_multicast or ip.is_link_local or ip.is_unspecified or ip.is_reserved:
        return False
    return ip.is_global or (private and ip.is_private)


def _place(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
