"""CID: the name of content, made of its own hash.

An immutable value. Text appears only at the edges: `CID.parse` and `str`.
Source: github.com/multiformats/cid (versions 0 and 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pinatakit.content import multiformats as mf
from pinatakit.errors import BlockMismatch, InvalidCID, Malformed, UnknownHash

_V0_PREFIX: Final = b"\x12\x20"  # sha2-256, 32 bytes
_MAX_TEXT: Final = 512
_MIN_DIGEST: Final = 16  # bytes: md5 has no more, and anybody finds a block for a shorter one
_MIN_CUT: Final = 20  # bytes, where a longer digest was cut; as many as Kubo asks for (go-verifcid)
_MAX_DIGEST: Final = 128  # bytes (go-verifcid)


class CID:
    """The name of a block, and of the whole DAG below it.

    Equal when version, codec and multihash are equal: a CIDv0 and the CIDv1 of the
    same block are different names. Ordered by their bytes.
    """

    __slots__ = ("_text", "codec", "multihash", "version")

    version: int
    codec: int
    multihash: bytes
    _text: str  # as `str` tells it, once that was asked

    def __init__(self, version: int, codec: int, multihash: bytes) -> None:
        put = object.__setattr__
        put(self, "version", version)
        put(self, "codec", codec)
        put(self, "multihash", multihash)

    if not TYPE_CHECKING:  # or any attribute would be one

        def __getattr__(self, name: str) -> object:
            """What was not read yet of a CID that was `told`."""
            if name not in ("version", "codec", "multihash"):
                raise AttributeError(f"a CID has no {name!r}")
            read = CID.parse(self._text)
            self.__init__(read.version, read.codec, read.multihash)
            return getattr(read, name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a CID is immutable; {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a CID is immutable; {name!r} cannot be deleted")

    @classmethod
    def parse(cls, text: str | CID) -> CID:
        """The CID a text stands for: CIDv0 (``Qm…``) or CIDv1 in any base of `BASES`.

        Strict: mixed case, padding, left-over bits and trailing bytes are refused, so
        that a CID has one text in each base. A leading ``ipfs://`` or ``/ipfs/`` is
        not part of a CID.

        Raises:
            InvalidCID: the text names no content; the message says why.
        """
        if isinstance(text, CID):
            return text
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidCID(f"a CID is text, not {type(text).__name__}")
        shown = text if len(text) <= 80 else text[:77] + "…"
        if not text or len(text) > _MAX_TEXT:
            raise InvalidCID(f"{shown!r} is not a CID", hint="a CID looks like bafy…, bafk… or Qm…")
        try:
            if len(text) == 46 and text.startswith("Qm"):
                cid = cls.from_bytes(mf.from_base58(text))
            else:
                data = mf.from_multibase(text)
                if data[:1] == b"\x12":
                    raise InvalidCID("a CIDv0 has no multibase prefix")
                cid = cls.from_bytes(data)
        except (InvalidCID, Malformed) as error:
            raise InvalidCID(
                f"{shown!r} is not a CID: {error.message}", hint="a CID looks like bafy…, bafk… or Qm…"
            ) from None
        if text[0] in "Qb":
            object.__setattr__(cid, "_text", text)
        return cid

    @classmethod
    def told(cls, text: str) -> CID:
        """The CID that told this text of itself by `str`; it is not read until more than that is asked of it."""
        cid: CID = object.__new__(cls)
        object.__setattr__(cid, "_text", text)
        return cid

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> CID:
        """The CID that fills the data.

        Raises:
            InvalidCID: the data is no CID, or more than one.
        """
        cid, end = cls.read(data)
        if end != len(data):
            raise InvalidCID(f"{len(data) - end} bytes follow the CID")
        return cid

    @classmethod
    def read(cls, data: bytes | bytearray | memoryview, at: int = 0) -> tuple[CID, int]:
        """The CID that starts at `at`, and the place behind it.

        Raises:
            InvalidCID: no CID starts there.
        """
        try:
            if data[at : at + 2] == _V0_PREFIX:
                if len(data) < at + 34:
                    raise InvalidCID("the digest is cut short")
                return cls(0, mf.DAG_PB, bytes(data[at : at + 34])), at + 34
            if data[at : at + 1] == b"\1" and data[at + 2 : at + 4] == _V0_PREFIX and len(data) >= at + 36:
                codec = data[at + 1]
                if codec < 0x80:  # as nearly all CIDs are
                    return cls(1, codec, bytes(data[at + 2 : at + 36])), at + 36
            version, at = mf.read_varint(data, at)
            if version != 1:
                raise InvalidCID(f"CID version {version} does not exist")
            codec, at = mf.read_varint(data, at)
            code, place = mf.read_varint(data, at)
            size, place = mf.read_varint(data, place)
        except Malformed as error:
            raise InvalidCID(error.message) from None
        end = place + size
        if end > len(data):
            raise InvalidCID("the digest is cut short")
        if code == mf.IDENTITY and size > mf.IDENTITY_LIMIT:
            raise InvalidCID(f"an inlined block of {size} bytes is larger than {mf.IDENTITY_LIMIT}")
        return cls(1, codec, bytes(data[at:end])), end

    @classmethod
    def of(cls, data: bytes, codec: int = mf.RAW, *, version: int = 1) -> CID:
        """The CID of one block, by sha2-256."""
        return cls(version, codec, _V0_PREFIX + mf.digest(mf.SHA2_256, data))

    @property
    def hash_code(self) -> int:
        """The multicodec code of the hash function."""
        return mf.read_varint(self.multihash)[0]

    @property
    def codec_name(self) -> str:
        """What the block is written in: ``raw``, ``dag-pb``, …, or the code in hexadecimal."""
        return mf.CODEC_NAMES.get(self.codec, f"0x{self.codec:x}")

    @property
    def hash_name(self) -> str:
        """What it is hashed with: ``sha2-256``, …, or the code in hexadecimal."""
        return mf.hash_name(self.hash_code)

    @property
    def digest(self) -> bytes:
        """The digest alone, without the code and length before it."""
        _, at = mf.read_varint(self.multihash)
        _, at = mf.read_varint(self.multihash, at)
        return self.multihash[at:]

    @property
    def inlined(self) -> bytes | None:
        """The block itself, where the "hash" is the identity; else `None`."""
        return self.digest if self.multihash[0] == mf.IDENTITY else None

    def verify(self, block: bytes | bytearray | memoryview) -> None:
        """Check that a block's bytes hash to this CID.

        Raises:
            BlockMismatch: they do not.
            UnknownHash: the hash function cannot be computed here.
        """
        multihash = self.multihash
        if multihash[:2] == _V0_PREFIX:
            if mf.digest(mf.SHA2_256, block) != multihash[2:]:
                raise BlockMismatch(self)
            return
        code, digest = self.hash_code, self.digest
        if code == mf.IDENTITY:
            if digest != block:
                raise BlockMismatch(self)
            return
        if not _MIN_DIGEST <= len(digest) <= _MAX_DIGEST:
            raise UnknownHash(f"a digest of {len(digest)} bytes proves nothing")
        full = mf.digest(code, block, len(digest))
        if len(digest) > len(full) or (len(digest) < _MIN_CUT and len(digest) != len(full)):
            raise UnknownHash(f"{mf.hash_name(code)} cut to {len(digest)} bytes proves nothing")
        if full[: len(digest)] != digest:
            raise BlockMismatch(self)

    def to_v1(self) -> CID:
        """The same block's name in version 1."""
        return self if self.version == 1 else CID(1, self.codec, self.multihash)

    def to_v0(self) -> CID:
        """The same block's name in version 0.

        Raises:
            InvalidCID: version 0 can name only dag-pb blocks hashed with sha2-256.
        """
        if self.version == 0:
            return self
        if self.codec != mf.DAG_PB or self.multihash[:2] != _V0_PREFIX:
            raise InvalidCID(
                f"{self} has no CIDv0: version 0 names only dag-pb blocks hashed with sha2-256",
                hint="content added with raw leaves has other blocks; upload it with cid_version=0 for a CIDv0",
            )
        return CID(0, self.codec, self.multihash)

    def encode(self, base: str = "base32") -> str:
        """The CID as text in a base of `BASES`; a CIDv0 has only base58btc.

        Raises:
            ValueError: no such base, or one that a CIDv0 cannot have.
        """
        if self.version == 0:
            if base != "base58btc":
                raise ValueError(f"a CIDv0 is written in base58btc only, not {base}; use to_v1() first")
            return mf.to_base58(self.multihash)
        return mf.multibase(bytes(self), base)

    def __bytes__(self) -> bytes:
        if self.version == 0:
            return self.multihash
        return b"\x01" + mf.write_varint(self.codec) + self.multihash

    def __str__(self) -> str:
        try:
            return self._text
        except AttributeError:
            text = self.encode("base58btc" if self.version == 0 else "base32")
            object.__setattr__(self, "_text", text)
            return text

    def __repr__(self) -> str:
        return f"CID({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CID):
            return NotImplemented
        return (
            self.multihash == other.multihash and self.codec == other.codec and self.version == other.version
        )

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, CID):
            return NotImplemented
        return bytes(self) < bytes(other)

    def __hash__(self) -> int:
        return hash(self.multihash)

    def __reduce__(self) -> tuple[type[CID], tuple[int, int, bytes]]:
        return CID, (self.version, self.codec, self.multihash)
