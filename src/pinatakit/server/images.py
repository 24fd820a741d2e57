"""Images: changed on the way, by Pillow where it is installed (``pip install pinatakit[images]``).

Source: docs.pinata.cloud/gateways/image-optimizations, whose words are Cloudflare's
(developers.cloudflare.com/images/transform-images). Cloudflare itself finds the most interesting
part with ``gravity=auto``; here that is the middle.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec

from pinatakit.errors import InputError
from pinatakit.protocol.gateway import ImageOptions
from pinatakit.server.refusal import Refusal, bad_request

if TYPE_CHECKING:
    from PIL.Image import Image

CHANGED: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
"""Media types that can be changed; others, SVG among them, are served as they are."""

MAX_INPUT: Final = 70 << 20
"""Bytes of the largest image that is looked at."""

_MAX_PIXELS: Final = 100_000_000
_COPYRIGHT: Final = 0x8298  # the EXIF tag
_SIDES: Final = {"auto": (0.5, 0.5), "left": (0, 0.5), "right": (1, 0.5), "top": (0.5, 0), "bottom": (0.5, 1)}
_FORMATS: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
_WRITTEN_AS: Final = {"MPO": "JPEG"}  # several JPEGs in one, as phones make them; the first is what is seen
_PLAIN: Final = ("RGB", "RGBA", "L", "LA")


def read_options(query: Mapping[str, str]) -> ImageOptions | None:
    """The image options of a query, if it has any.

    Raises:
        Refusal: one of them cannot be.
    """
    given = {
        name.lower().removeprefix("img-"): value
        for name, value in query.items()
        if name.lower().startswith("img-") and value
    }
    if not given:
        return None
    values: dict[str, Any] = {}
    for name, text in given.items():
        try:
            values[name] = _read(name, text)
        except ValueError:
            raise bad_request(f'"img-{name}" cannot be {text!r}') from None
    try:
        return ImageOptions(**values)
    except InputError as error:
        raise bad_request(error.message) from None


def _read(name: str, text: str) -> Any:
    match name:
        case "width" | "height" | "quality":
            return int(text)
        case "dpr" | "sharpen":
            return float(text)
        case "anim":
            return msgspec.convert(text, bool, strict=False)
        case "fit":
            return "scale-down" if text == "scaleDown" else text  # as the JavaScript SDK writes it
        case "gravity" if text not in _SIDES:
            x, _, y = text.partition("x")
            return float(x), float(y)
        case "gravity" | "format" | "onerror" | "metadata":
            return text
        case _:
            raise bad_request(f'"img-{name}" is no image option')


def change(data: bytes, options: ImageOptions, *, webp: bool) -> tuple[bytes, str]:
    """An image, changed, and its media type; `webp` says that whoever asks takes WebP.

    Raises:
        Refusal: Pillow is not installed (501), or it cannot read the image (415).
    """
    try:
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (an extra)
    except ImportError:
        raise Refusal(
            501, "NOT_IMPLEMENTED", "Image options need Pillow here: pip install 'pinatakit[images]'."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise Refusal(413, "TOO_LARGE", f"The image has more than {_MAX_PIXELS:,} pixels.")
                return _changed(image, options, webp=webp)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"The image cannot be changed: {error}") from None


def _changed(image: Image, options: ImageOptions, *, webp: bool) -> tuple[bytes, str]:
    from PIL import Image as images  # noqa: N813, PLC0415
    from PIL import ImageOps, ImageSequence  # noqa: PLC0415

    to_webp = options.format == "webp" or (options.format == "auto" and webp)
    read_as = _WRITTEN_AS.get(image.format or "", image.format)
    name = "WEBP" if to_webp else read_as if read_as in _FORMATS else "PNG"
    assert name
    exif = image.getexif()
    still = options.anim is False or getattr(image, "n_frames", 1) == 1 or name not in ("GIF", "WEBP")
    frames: list[Image] = []
    durations: list[int] = []
    for frame in ImageSequence.Iterator(image):
        durations.append(frame.info.get("duration", 0))
        plain = _plain(ImageOps.exif_transpose(frame.copy()), still=still)
        frames.append(_sharpened(_fitted(plain, options), options.sharpen))
        if still:
            break
    how: dict[str, Any] = {}
    if name in ("JPEG", "WEBP", "AVIF"):
        how["quality"] = options.quality or 85
    if name == "JPEG" and frames[0].mode not in ("RGB", "L"):
        frames[0] = frames[0].convert("RGB")
    if not still:
        how |= {
            "save_all": True,
            "append_images": frames[1:],
            "duration": durations,
            "loop": image.info.get("loop", 0),
        }
    kept = options.metadata or "copyright"
    about = images.Exif()
    for tag, value in exif.items():
        if tag != 0x0112 and (
            kept == "keep" or (kept == "copyright" and tag == _COPYRIGHT)
        ):  # not the orientation
            about[tag] = value
    if name != "GIF" and len(about):
        how["exif"] = about
    out = io.BytesIO()
    frames[0].save(out, name, **how)
    return out.getvalue(), _FORMATS[name]


def _plain(image: Image, *, still: bool) -> Image:
    """An image in the colours of sRGB, or in shades of grey: its profile is applied, and not kept."""
    from PIL import ImageCms  # noqa: PLC0415

    profile = image.info.pop("icc_profile", None)
    if image.mode.startswith("I"):  # 16 bits, which `convert` cuts off, and `point` leaves as they are
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    clear = "transparency" in image.info or image.mode in ("PA", "RGBa", "La", "RGBA")
    colours = "RGBA" if clear or not still else "RGB"
    if profile and image.mode not in ("L", "LA", "CMYK"):
        image = image.convert(colours)
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):  # else it is seen as it would be without one
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = cast("Any", ImageCms).createProfile("sRGB")  # whose type Pillow does not tell
            changed = ImageCms.profileToProfile(image, given, srgb, outputMode=colours)
            assert changed  # it is another one
            changed.info.pop("icc_profile", None)
            return changed
    return image if image.mode in _PLAIN else image.convert(colours)


def _fitted(image: Image, options: ImageOptions) -> Image:
    from PIL import ImageOps  # noqa: PLC0415

    dpr = options.dpr or 1
    width, height = (
        None if side is None else max(1, round(side * dpr)) for side in (options.width, options.height)
    )
    if width is None and height is None:
        return image
    fit: Literal["scale-down", "contain", "cover", "crop", "pad"] = options.fit or "scale-down"
    box = (
        width or max(1, round(image.width * (height or 1) / image.height)),
        height or max(1, round(image.height * (width or 1) / image.width)),
    )
    if min(box) < 1 or max(box) > 20_000:
        raise bad_request(f"An image of {box[0]} x {box[1]} pixels is not made here.")
    gravity = options.gravity or "auto"
    centre = gravity if isinstance(gravity, tuple) else _SIDES[gravity]
    smaller = image.width <= box[0] and image.height <= box[1]
    match fit:
        case "scale-down":
            return image if smaller else ImageOps.contain(image, box)
        case "contain":
            return ImageOps.contain(image, box)
        case "cover":
            return ImageOps.fit(image, box, centering=centre)
        case "crop":
            box = (min(box[0], image.width), min(box[1], image.height))
            return image if smaller else ImageOps.fit(image, box, centering=centre)
        case "pad":
            return ImageOps.pad(image, box, color="white", centering=centre)


def _sharpened(image: Image, sharpen: float | None) -> Image:
    from PIL import ImageFilter  # noqa: PLC0415

    return image.filter(ImageFilter.UnsharpMask(1, round(sharpen * 50), 0)) if sharpen else image
