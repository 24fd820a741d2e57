"""Signatures: vouch for a CID with an Ethereum key (v3)."""

from __future__ import annotations

from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Network, Signature
from pinatakit.protocol import files as file_calls
from pinatakit.protocol import signatures as calls
from pinatakit.protocol.times import micros


class Signatures(Resource[W]):
    """The signatures of your files: one a CID."""

    @operation
    async def sign(
        self, cid: CID | str, private_key: str | bytes, *, network: Network | None = None
    ) -> Signature:
        """Sign a file of yours with a private key, and attach the signature.

        The key is 32 bytes, or their hexadecimal digits; it does not leave this process. Takes
        the extra ``sign``. Who wants a wallet to sign asks it for typed data (EIP-712) and
        gives the result to `add`.

        Raises:
            InputError: that is no private key, or no file of the account has the CID.
            Forbidden: the CID has a signature already.
            PinataError: the extra is not installed.
        """
        cid, network = CID.parse(cid), self.wire.network(network)
        page = await self.wire.send(file_calls.list_files(network, cid=cid, order="ASC", limit=1))
        uploaded = page.files[0].created_at if page.files else None
        if uploaded is None:
            raise InputError(
                f"there is no {network} file {cid} on the account",
                hint="only what you uploaded can be signed",
            )
        made = calls.sign(private_key, cid=str(cid), date=micros(uploaded))
        return await self.wire.send(calls.add_signature(network, cid, made.signature, made.address))

    @operation
    async def add(
        self, cid: CID | str, signature: str, address: str, *, network: Network | None = None
    ) -> Signature:
        """Attach a signature made elsewhere, by the key of `address`.

        It signs the typed data ``Sign`` with address, cid and date, which is the file's
        `created_at`; domain ``Sign Content``, version 1.0.0, chain 1.

        Raises:
            InputError: the signature or the address has not the shape of one.
            BadRequest: the signature is not that address's.
            Forbidden: the CID is not yours, or has a signature already.
        """
        return await self.wire.send(
            calls.add_signature(self.wire.network(network), CID.parse(cid), signature, address)
        )

    @operation
    async def get(self, cid: CID | str, *, network: Network | None = None) -> Signature:
        """The signature of a CID, whoever pinned it.

        Raises:
            NotFound: it has none.
        """
        return await self.wire.send(calls.get_signature(self.wire.network(network), CID.parse(cid)))

    @operation
    async def delete(self, cid: CID | str, *, network: Network | None = None) -> None:
        """Take the signature of a CID away.

        Raises:
            NotFound: it has none.
        """
        await self.wire.send(calls.delete_signature(self.wire.network(network), CID.parse(cid)))
