"""Thumbnails as files, the placeholder and the color."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from resizer.engine.encode import Encoding
from tests.integration.resizer.rendering import pixels, render
from tools import pictures


@pytest.mark.parametrize(
    ("size", "thumbnails"),
    [
        ((800, 600), {200: (200, 150), 400: (400, 300)}),
        ((300, 600), {200: (200, 400), 400: (300, 600)}),  # never up
        ((90, 30), {200: (90, 30), 400: (90, 30)}),
        ((1, 1), {200: (1, 1), 400: (1, 1)}),
        ((9000, 3), {200: (200, 1), 400: (400, 1)}),  # at least one pixel high
        ((3, 9000), {200: (1, 2000), 400: (1, 4000)}),  # at most ten times as high as wide
        ((500, 16_000), {200: (62, 2000), 400: (125, 4000)}),
    ],
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_sizes(
    image_format: str, size: tuple[int, int], thumbnails: dict[int, tuple[int, int]]
) -> None:
    rendition = render(pictures.saved(pictures.photo(*size), image_format))
    assert (rendition.width, rendition.height) == size
    made = {
        requested: (made.width, made.height) for requested, made in rendition.thumbnails.items()
    }
    assert made == thumbnails
    for thumbnail in rendition.thumbnails.values():
        assert pixels(thumbnail).size == (thumbnail.width, thumbnail.height)


def test_other_widths_can_be_requested_in_any_order() -> None:
    rendition = render(pictures.saved(pictures.photo(), "JPEG"), widths=(64, 1000, 320, 64))
    assert {requested: made.width for requested, made in rendition.thumbnails.items()} == {
        64: 64,
        320: 320,
        1000: 640,
    }


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("wanted", ["jpeg", "webp", "avif"])
def test_no_metadata_reaches_a_thumbnail(image_format: str, wanted: str) -> None:
    secret = b"41.40338, 2.17403"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    options = {"comment": secret} if image_format in {"JPEG", "GIF"} else {}
    if image_format != "GIF":
        options |= {"exif": exif.tobytes(), "icc_profile": pictures.DISPLAY_P3}
    data = pictures.saved(pictures.photo(), image_format, **options)
    assert secret in data
    for width in (200, 640):  # scaled, and as large as the original
        for thumbnail in render(data, (width,), encoding=Encoding(wanted)).thumbnails.values():  # type: ignore[arg-type]
            assert secret not in thumbnail.data
            assert not {"exif", "icc_profile", "comment", "xmp"} & pixels(thumbnail).info.keys()


def test_a_format_can_be_set_for_all_and_for_one_width() -> None:
    data = pictures.saved(pictures.photo(), "JPEG")
    rendition = render(data, encoding=Encoding(format="webp", formats={400: "avif"}))
    types = {requested: made.content_type for requested, made in rendition.thumbnails.items()}
    assert types == {200: "image/webp", 400: "image/avif"}
    assert pixels(rendition.thumbnails[200]).format == "WEBP"
    assert pixels(rendition.thumbnails[400]).format == "AVIF"


def test_a_transparent_picture_as_a_jpeg_gets_a_white_background() -> None:
    data = pictures.saved(pictures.photo_of_mode("RGBA"), "PNG")
    thumbnail = render(data, encoding=Encoding(format="jpeg")).thumbnails[200]
    assert thumbnail.content_type == "image/jpeg"
    assert min(pixels(thumbnail).crop((10, 10, 30, 30)).tobytes()) > 250


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 65_535), (400, 65_535), (65_535, 400)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_of_any_proportions_becomes_small_thumbnails(
    size: tuple[int, int], mode: str, orientation: int
) -> None:
    data = pictures.saved(Image.new(mode, size, "red"), "PNG", exif=pictures.exif(orientation))
    rendition = render(data, (200, 4096))
    for requested, made in rendition.thumbnails.items():
        assert made.width <= requested
        assert made.height <= min(10 * requested, 16_383)
        assert len(made.data) < 300_000


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_placeholder_is_a_tiny_picture_of_the_whole(mode: str) -> None:
    url = render(pictures.saved(pictures.photo_of_mode(mode), "PNG")).placeholder
    kind, _, data = url.partition(",")
    assert kind == "data:image/webp;base64"
    tiny = Image.open(BytesIO(b64decode(data, validate=True)))
    assert tiny.size == (16, 12)
    if mode == "RGB":
        red, _, blue = tiny.convert("RGB").getpixel((2, 1))  # type: ignore[misc]
        assert red > blue + 60


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_placeholder_of_the_busiest_picture_is_at_most_400_characters(mode: str) -> None:
    cells = pictures.noise(16, 16)  # as many as the placeholder has pixels
    if mode == "RGBA":
        cells.putalpha(cells.getchannel("G").transpose(Image.Transpose.ROTATE_90))
    busy = cells.resize((640, 640), Image.Resampling.NEAREST)
    url = render(pictures.saved(busy, "PNG")).placeholder
    assert 50 < len(url) <= 400


@pytest.mark.parametrize("size", [(1, 1), (9000, 2), (2, 9000)])
def test_a_placeholder_of_any_shape_is_a_picture(size: tuple[int, int]) -> None:
    url = render(pictures.saved(pictures.photo(*size), "PNG")).placeholder
    assert Image.open(BytesIO(b64decode(url.partition(",")[2]))).size[0] >= 1


def test_the_color_is_the_most_common_one_and_not_the_mean() -> None:
    image = Image.new("RGB", (600, 600), (10, 200, 30))
    image.paste((250, 0, 250), (0, 0, 200, 600))
    red, green, blue = bytes.fromhex(render(pictures.saved(image, "PNG")).color[1:])
    assert (abs(red - 10), abs(green - 200), abs(blue - 30)) < (4, 4, 4)


def test_transparent_pixels_do_not_count_for_the_color() -> None:
    image = Image.new("RGBA", (300, 300), (255, 255, 255, 0))
    image.paste((0, 0, 200, 255), (0, 0, 60, 60))
    assert render(pictures.saved(image, "PNG")).color == "#0000c8"


def test_a_fully_transparent_picture_has_a_color_too() -> None:
    image = Image.new("RGBA", (300, 300), (255, 255, 255, 0))
    assert render(pictures.saved(image, "PNG")).color == "#000000"
