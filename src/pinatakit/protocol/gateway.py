"""The gateway: content as blocks that can be checked, or as it is.

Sources: specs.ipfs.tech/http-gateways (trustless and path gateway); docs.pinata.cloud/gateways,
image optimization.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args
from urllib.parse import quote

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import Answer, Call, Query

CAR_TYPE = "application/vnd.ipld.car"
RAW_TYPE = "application/vnd.ipld.raw"

Fit = Literal["scale-down", "contain", "cover", "crop", "pad"]
Side = Literal["auto", "left", "right", "top", "bottom"]
_MAX_SIDE: Final = 12_000  # pixels; no image service makes larger ones


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """How a gateway shall change an image before it serves it (``img-…``).

    What comes then is not what the CID names, so it cannot be verified.

    Attributes:
        width: pixels.
        height: pixels.
        dpr: how many pixels of a screen there are for each of `width` and `height`.
        fit: how it is brought into `width` and `height`.
        gravity: which part stays when something is cut off: a side, or a point as two
            numbers from 0.0 to 1.0, from the left and from the top.
        quality: 1 to 100, of formats that lose something; 85 unless told.
        format: ``webp``, or ``auto`` for what the asker takes; unless told, as it is.
        anim: `False` for a still of an animation.
        sharpen: 0 to 10.
        onerror: ``redirect`` for the unchanged image where it cannot be changed.
        metadata: what is kept of EXIF data; the copyright unless told.

    Raises:
        InputError: a value is out of its bounds.
    """

    width: int | None = None
    height: int | None = None
    dpr: float | None = None
    fit: Fit | None = None
    gravity: Side | tuple[float, float] | None = None
    quality: int | None = None
    format: Literal["auto", "webp"] | None = None
    anim: bool | None = None
    sharpen: float | None = None
    onerror: Literal["redirect"] | None = None
    metadata: Literal["keep", "copyright", "none"] | None = None

    def __post_init__(self) -> None:
        bounds = {"width": _MAX_SIDE, "height": _MAX_SIDE, "dpr": 10, "quality": 100, "sharpen": 10}
        for name, most in bounds.items():
            value = getattr(self, name)
            least = 0 if name == "sharpen" else 1 if name != "dpr" else 0.1
            if value is not None and not least <= value <= most:
                raise InputError(f"{name} of an image is {least} to {most}, not {value!r}")
        words = {"fit": get_args(Fit), "format": ("auto", "webp"), "onerror": ("redirect",)}
        words["metadata"] = ("keep", "copyright", "none")
        if not isinstance(self.gravity, tuple):
            words["gravity"] = get_args(Side)
        elif not all(0 <= part <= 1 for part in self.gravity):
            raise InputError(f"gravity of an image is two numbers from 0.0 to 1.0, not {self.gravity!r}")
        for name, allowed in words.items():
            if getattr(self, name) not in (None, *allowed):
                raise InputError(f"{name} of an image is {', '.join(allowed)}, not {getattr(self, name)!r}")

    def query(self) -> dict[str, str | int | bool | None]:
        """The options as they stand in an address."""
        gravity = self.gravity
        return {
            "img-width": self.width,
            "img-height": self.height,
            "img-dpr": None if self.dpr is None else f"{self.dpr:g}",
            "img-fit": self.fit,
            "img-gravity": f"{gravity[0]:g}x{gravity[1]:g}" if isinstance(gravity, tuple) else gravity,
            "img-quality": self.quality,
            "img-format": self.format,
            "img-anim": self.anim,
            "img-sharpen": None if self.sharpen is None else f"{self.sharpen:g}",
            "img-onerror": self.onerror,
            "img-metadata": self.metadata,
        }


def get_car(cid: CID, path: str = "", *, start: int = 0, stop: int | None = None) -> Call[bytes]:
    """``GET /ipfs/{cid}[/path]`` as a CAR: all blocks below, in the order a `Walk` wants them.

    With `start` or `stop` the blocks that hold these bytes of a file, and those above them.
    """
    accept = {"accept": f"{CAR_TYPE}; version=1; order=dfs; dups=y"}
    query: dict[str, str | int | bool | None] = {
        "format": "car",
        "dag-scope": "all",
        "car-order": "dfs",
        "car-dups": "y",
    }
    if start or stop is not None:
        last = "*" if stop is None else str(stop - 1)
        query |= {"dag-scope": "entity", "entity-bytes": f"{start}:{last}"}
    return Call("GET", _place(cid, path), _body, query, headers=accept, host="gateway")


def get_block(cid: CID) -> Call[bytes]:
    """``GET /ipfs/{cid}`` as one raw block."""
    return Call("GET", f"/ipfs/{cid}", _body, {"format": "raw"}, headers={"accept": RAW_TYPE}, host="gateway")


def get_content(
    cid: CID,
    path: str = "",
    *,
    start: int = 0,
    stop: int | None = None,
    etag: str | None = None,
    image: ImageOptions | None = None,
) -> Call[bytes]:
    """``GET /ipfs/{cid}[/path]`` as the gateway serves it, or the bytes from `start` to `stop`.

    A `start` below 0 counts from the end (RFC 9110, 14.1.2), and has no `stop`. With `etag` the range is wanted only of that very content, else all of it.
    """
    headers = {"accept": "*/*"}
    if start or stop is not None:
        last = "" if start < 0 else f"-{'' if stop is None else stop - 1}"
        headers["range"] = f"bytes={start}{last}"
        if etag:
            headers["if-range"] = etag
    query: Query = image.query() if image else {}
    return Call("GET", _place(cid, path), _body, query, headers=headers, host="gateway")


def _place(cid: CID, path: str) -> str:
    return f"/ipfs/{cid}" + "".join(f"/{quote(name, safe='')}" for name in path.split("/") if name)


def _body(answer: Answer) -> bytes:
    return answer.body
