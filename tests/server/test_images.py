"""Images that are changed on the way."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from pinatakit import Pinata
from pinatakit.errors import InputError
from pinatakit.protocol.gateway import ImageOptions

from .conftest import upload

Image = pytest.importorskip("PIL.Image")


def picture(format, width=200, height=100, **how):
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    out = io.BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


@pytest.fixture(scope="module")
def png(api):
    return upload(api, picture("PNG"), "picture.png")["cid"]


@pytest.fixture
def get(stranger):
    def get(cid, query, **headers):
        answer = stranger.get(f"/ipfs/{cid}?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return Image.open(io.BytesIO(answer.content))

    return get


def colours(image):
    """Of the left and of the right edge."""
    image = image.convert("RGB")
    middle = image.height // 2

    def name(red, green, blue):
        return "white" if green > 200 else "red" if red > blue else "blue"

    return tuple(name(*image.getpixel((x, middle))) for x in (0, image.width - 1))


@pytest.mark.parametrize(
    ("query", "size", "edges"),
    [
        ("img-width=100", (100, 50), ("red", "blue")),
        ("img-height=50", (100, 50), ("red", "blue")),
        ("img-width=50&img-dpr=2", (100, 50), ("red", "blue")),
        ("img-width=400", (200, 100), ("red", "blue")),
        ("img-width=50&img-height=50", (50, 25), ("red", "blue")),
        ("img-width=400&img-fit=contain", (400, 200), ("red", "blue")),
        ("img-width=50&img-height=50&img-fit=cover", (50, 50), ("red", "blue")),
        ("img-width=50&img-height=50&img-fit=cover&img-gravity=left", (50, 50), ("red", "red")),
        ("img-width=50&img-height=50&img-fit=cover&img-gravity=1x0.5", (50, 50), ("blue", "blue")),
        ("img-width=400&img-height=50&img-fit=crop", (200, 50), ("red", "blue")),
        ("img-width=400&img-height=100&img-fit=pad", (400, 100), ("white", "white")),
        ("img-width=100&img-fit=scaleDown&img-sharpen=1", (100, 50), ("red", "blue")),
    ],
)
def test_an_image_is_fitted(get, png, query, size, edges):
    image = get(png, query)
    assert (image.format, image.size, colours(image)) == ("PNG", size, edges)


def test_a_format_is_chosen_by_the_query_or_by_what_is_taken(get, png, api):
    assert get(png, "img-format=webp").format == "WEBP"
    assert get(png, "img-format=auto").format == "PNG"
    assert get(png, "img-format=auto", accept="image/webp,*/*").format == "WEBP"
    jpeg = upload(api, picture("JPEG"), "picture.jpg")["cid"]
    assert get(jpeg, "img-width=50").format == "JPEG"


def test_quality_makes_it_smaller(stranger, api):
    noise = Image.effect_noise((200, 200), 100)
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    cid = upload(api, out.getvalue(), "noise.jpg")["cid"]
    sizes = [len(stranger.get(f"/ipfs/{cid}?img-quality={quality}").content) for quality in (10, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] / 2


def test_an_image_stands_upright_and_keeps_its_copyright(get, api):
    exif = Image.Exif()
    exif[0x0112], exif[0x8298], exif[0x010F] = 6, "me", "camera"
    cid = upload(api, picture("JPEG", exif=exif), "turned.jpg")["cid"]
    for query, kept in (
        ("img-width=50", {0x8298: "me"}),
        ("img-width=50&img-metadata=keep", {0x8298: "me", 0x010F: "camera"}),
        ("img-width=50&img-metadata=none", {}),
    ):
        image = get(cid, query)
        assert image.size == (50, 100)
        assert dict(image.getexif()) == kept


def test_a_photo_of_a_phone_stays_a_jpeg(get, api):
    """An MPO is several JPEGs in one (CIPA DC-007), and its media type is that of the first."""
    photo = picture("MPO", save_all=True, append_images=[Image.new("RGB", (200, 100), "white")])
    image = get(upload(api, photo, "photo.jpg")["cid"], "img-width=100")
    assert (image.format, image.size, colours(image)) == ("JPEG", (100, 50), ("red", "blue"))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_an_image_keeps_the_colours_that_its_profile_says(get, api, format):
    """Here what is written as red is seen as blue, and the other way round."""
    image_cms = pytest.importorskip("PIL.ImageCms")
    profile = image_cms.ImageCmsProfile(image_cms.createProfile("sRGB")).tobytes()
    other = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
    swapped = re.sub(b"[rb]XYZ", lambda tag: other[tag[0]], profile)
    cid = upload(api, picture(format, icc_profile=swapped), "seen")["cid"]
    image = get(cid, "img-width=100")
    assert (image.size, colours(image), image.info.get("icc_profile")) == ((100, 50), ("blue", "red"), None)


def test_a_profile_that_cannot_be_read_is_passed_over(get, api):
    cid = upload(api, picture("JPEG", icc_profile=b"no profile"), "odd.jpg")["cid"]
    assert colours(get(cid, "img-width=100")) == ("red", "blue")


def test_colours_of_print_become_those_of_screens(get, api):
    out = io.BytesIO()
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(out, "JPEG")
    image = get(upload(api, out.getvalue(), "print.jpg")["cid"], "img-width=10")
    assert (image.mode, colours(image)) == ("RGB", ("red", "red"))


def test_greys_of_16_bits_become_greys_of_8(get, api):
    image = Image.new("I;16", (40, 10), 0x4000)
    image.paste(Image.new("I;16", (20, 10), 0xC000), (20, 0))
    out = io.BytesIO()
    image.save(out, "PNG")
    small = get(upload(api, out.getvalue(), "scan.png")["cid"], "img-width=20")
    assert (small.mode, small.getpixel((0, 2)), small.getpixel((19, 2))) == ("L", 0x40, 0xC0)


def test_an_animation_moves_or_stands_still(get, api):
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50)
    cid = upload(api, out.getvalue(), "moving.gif")["cid"]
    moving = get(cid, "img-width=20")
    assert (moving.format, moving.size, moving.n_frames) == ("GIF", (20, 20), 3)
    assert get(cid, "img-width=20&img-format=webp").n_frames == 3
    assert getattr(get(cid, "img-width=20&img-anim=false"), "n_frames", 1) == 1


def test_what_is_no_image_is_served_as_it_is(stranger, api):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    for data, name in ((b"text", "a.txt"), (svg, "a.svg")):
        cid = upload(api, data, name)["cid"]
        assert stranger.get(f"/ipfs/{cid}?img-width=10").content == data


@pytest.mark.parametrize(
    "query",
    [
        "img-width=0",
        "img-width=x",
        "img-fit=some",
        "img-quality=101",
        "img-gravity=2x2",
        "img-size=5",
        "img-anim=no",
    ],
)
def test_an_option_that_cannot_be_is_refused(stranger, png, query):
    answer = stranger.get(f"/ipfs/{png}?{query}")
    assert answer.status_code == 400
    assert "img-" in answer.text or "of an image" in answer.text


def test_a_broken_image_is_415_or_leads_to_itself(stranger, api):
    data = picture("PNG")[:60]
    cid = upload(api, data, "broken.png")["cid"]
    assert stranger.get(f"/ipfs/{cid}?img-width=10").status_code == 415
    moved = stranger.get(f"/ipfs/{cid}?img-width=10&img-onerror=redirect&filename=x.png")
    assert moved.status_code == 302
    assert moved.headers["location"].endswith(f"/ipfs/{cid}?filename=x.png")


def test_a_private_image_that_is_broken_comes_as_it_is(stranger, api, server):
    data = picture("PNG")[:60]
    cid = upload(api, data, "broken.png", network="private")["cid"]
    url = f"{server.url}/files/{cid}?img-width=10&img-onerror=redirect"
    asked = {"url": url, "date": int(time.time()), "expires": 60, "method": "GET"}
    link = api.post("/v3/files/private/download_link", json=asked).json()["data"]
    answer = stranger.get(link)
    assert (answer.status_code, answer.content) == (200, data)


def test_a_changed_image_has_an_etag_of_its_own(stranger, png):
    tags = {
        stranger.head(f"/ipfs/{png}{query}").headers["etag"]
        for query in ("", "?img-width=10", "?img-width=20")
    }
    assert len(tags) == 3
    tag = stranger.get(f"/ipfs/{png}?img-width=10").headers["etag"]
    assert stranger.get(f"/ipfs/{png}?img-width=10", headers={"if-none-match": tag}).status_code == 304


def test_without_pillow_it_is_said_what_to_install(stranger, png, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    answer = stranger.get(f"/ipfs/{png}?img-width=10")
    assert answer.status_code == 501
    assert "pinatakit[images]" in answer.text
    assert stranger.get(f"/ipfs/{png}").status_code == 200


def test_the_client_asks_for_an_image_as_it_shall_be(server, png, tmp_path):
    options = ImageOptions(
        width=50, height=50, fit="cover", gravity=(0.0, 0.5), quality=80, format="webp", anim=False
    )
    with Pinata(gateway_url=server.url) as pinata:
        image = Image.open(io.BytesIO(pinata.read_bytes(png, image=options)))
        assert (image.format, image.size, colours(image)[0]) == ("WEBP", (50, 50), "red")
        got = pinata.download(png, tmp_path / "small.png", image=ImageOptions(width=20))
        with Image.open(got.path) as image:
            assert image.size == (20, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"height": 99_999},
        {"quality": 0},
        {"fit": "some"},
        {"gravity": "up"},
        {"gravity": (0, 2)},
        {"sharpen": 11},
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_asked(wrong):
    with pytest.raises(InputError, match="of an image"):
        ImageOptions(**wrong)
