"""Every format, pixel layout, orientation and profile against a full decode of the same bytes.

The tolerance is the mean difference in levels of 255: 4:2:0 and the encoder cost up to 3.4 on the
test picture's hard, saturated edges; a wrong turn, a lost profile or a clipped range costs over 20.
"""

import struct

import pytest
from PIL import Image

from resizer.engine.encode import Encoding
from tests.integration.resizer.rendering import FINE, difference, pixels, reference, render
from tools import pictures

TOLERANCE = 4.0
LAYOUTS = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIF": ("L", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "BMP": ("1", "L", "P", "RGB"),
}
CASES = [(image_format, mode) for image_format, modes in LAYOUTS.items() for mode in modes]
TRANSPARENT = {"LA", "RGBA"}
ORIENTED = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF")
CONTENT_TYPES = {"HEIF": "image/heic"}


def assert_like_a_full_decode(data: bytes) -> None:
    rendition = render(data, encoding=FINE)
    for width, thumbnail in rendition.thumbnails.items():
        assert difference(pixels(thumbnail), reference(data, width)) < TOLERANCE


@pytest.mark.parametrize(("image_format", "mode"), CASES)
def test_every_format_and_layout_looks_like_a_full_decode(image_format: str, mode: str) -> None:
    options = {"quality": 95} if image_format in {"JPEG", "WEBP", "AVIF", "HEIF"} else {}
    data = pictures.saved(pictures.photo_of_mode(mode), image_format, **options)
    assert_like_a_full_decode(data)
    rendition = render(data)
    assert rendition.content_type == CONTENT_TYPES.get(
        image_format, f"image/{image_format}".lower()
    )
    expected = "image/webp" if mode in TRANSPARENT else "image/jpeg"
    assert {thumbnail.content_type for thumbnail in rendition.thumbnails.values()} == {expected}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ORIENTED)
def test_every_orientation_comes_out_upright(image_format: str, orientation: int) -> None:
    upright = pictures.photo()
    stored = pictures.stored_for(upright, orientation)
    data = pictures.saved(stored, image_format, exif=pictures.exif(orientation))
    rendition = render(data, encoding=FINE)
    assert (rendition.width, rendition.height) == upright.size
    for width, thumbnail in rendition.thumbnails.items():
        wanted = reference(pictures.saved(upright, "PNG"), width)
        assert (thumbnail.width, thumbnail.height) == wanted.size
        assert difference(pixels(thumbnail), wanted) < TOLERANCE


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_of_exif_is_read(order: str) -> None:
    data = pictures.saved(pictures.photo(), "JPEG", exif=pictures.exif(6, order))
    assert (render(data).width, render(data).height) == (480, 640)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(value: int) -> None:
    data = pictures.saved(pictures.photo(), "JPEG", exif=pictures.exif(value))
    assert (render(data).width, render(data).height) == (640, 480)


def test_an_orientation_after_the_pixels_of_a_png_counts() -> None:
    data = pictures.saved(pictures.photo(), "PNG", exif=pictures.exif(6))
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    moved = data[:start] + data[end:-12] + data[start:end] + data[-12:]  # before IEND
    rendition = render(moved)
    assert (rendition.width, rendition.height) == (480, 640)
    assert rendition.thumbnails[400].height == 533


PROFILES = {
    "display-p3": (pictures.DISPLAY_P3, "RGB", "JPEG"),
    "display-p3 transparent": (pictures.DISPLAY_P3, "RGBA", "PNG"),
    "adobe-rgb": (pictures.ADOBE_RGB, "RGB", "PNG"),
    "adobe-rgb webp": (pictures.ADOBE_RGB, "RGB", "WEBP"),
    "adobe-rgb avif": (pictures.ADOBE_RGB, "RGB", "AVIF"),
    "adobe-rgb heic": (pictures.ADOBE_RGB, "RGB", "HEIF"),
    "linear gray": (pictures.gray_profile(1.0), "L", "JPEG"),
    "print cmyk": (pictures.cmyk_profile(), "CMYK", "JPEG"),
    "print cmyk tiff": (pictures.cmyk_profile(), "CMYK", "TIFF"),
}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_converted_to_srgb(name: str) -> None:
    profile, mode, image_format = PROFILES[name]
    options = {"quality": 95} if image_format in {"JPEG", "WEBP", "AVIF", "HEIF"} else {}
    data = pictures.saved(
        pictures.photo_of_mode(mode), image_format, icc_profile=profile, **options
    )
    assert_like_a_full_decode(data)


def test_a_profile_changes_what_it_should() -> None:
    """The reference converts with the same library, so this compares with a known value."""
    gray = pictures.photo_of_mode("L").point(lambda _: 128)
    data = pictures.saved(gray, "PNG", icc_profile=pictures.gray_profile(1.0))
    # IEC 61966-2-1: linear 128/255 is 0.7355 as sRGB.
    assert abs(pixels(render(data).thumbnails[200]).convert("L").getpixel((9, 9)) - 188) <= 1  # type: ignore[operator]


@pytest.mark.parametrize(
    "profile",
    [
        b"not a profile",
        pictures.DISPLAY_P3[:200],
        pictures.cmyk_profile(),
        pictures.gray_profile(1),
    ],
    ids=["garbage", "truncated", "cmyk", "gray"],
)
def test_a_broken_or_foreign_profile_is_ignored(profile: bytes) -> None:
    plain = pictures.saved(pictures.photo(), "JPEG", quality=95)
    tagged = pictures.saved(pictures.photo(), "JPEG", quality=95, icc_profile=profile)
    assert render(tagged).thumbnails == render(plain).thumbnails


def test_a_gray_picture_with_an_rgb_profile_keeps_its_grays() -> None:
    data = pictures.saved(pictures.photo_of_mode("L"), "JPEG", icc_profile=pictures.ADOBE_RGB)
    thumbnail = pixels(render(data, encoding=FINE).thumbnails[200]).convert("RGB")
    red, green, blue = thumbnail.split()
    assert difference(red, green) <= 1
    assert difference(green, blue) <= 1


def test_a_color_key_becomes_transparency() -> None:
    image = pictures.photo().copy()
    image.paste((255, 0, 255), (0, 0, 320, 240))
    data = pictures.saved(image, "PNG", transparency=(255, 0, 255))
    thumbnail = render(data).thumbnails[200]
    assert thumbnail.content_type == "image/webp"
    alpha = pixels(thumbnail).getchannel("A")
    assert alpha.getpixel((20, 20)) == 0
    assert alpha.getpixel((180, 130)) == 255


@pytest.mark.parametrize("width", [100, 400])  # averaged first, and not
def test_hidden_color_does_not_bleed_out_of_transparent_pixels(width: int) -> None:
    image = pictures.photo().convert("RGBA")
    image.paste((0, 255, 0, 0), (0, 0, 323, 480))
    image.paste((200, 0, 0, 255), (323, 0, 640, 480))
    data = pictures.saved(image, "PNG")
    thumbnail = pixels(render(data, (width,), encoding=FINE).thumbnails[width])
    # Lossy WebP keeps color for 2 x 2 pixels: some of either side mixes there, not bright green.
    edge = thumbnail.crop((width // 2 - 6, 9, width // 2 + 6, 10))
    reds, greens, alphas = (edge.getchannel(band).tobytes() for band in "RGA")
    seen = [
        (red, green) for red, green, alpha in zip(reds, greens, alphas, strict=True) if alpha > 30
    ]
    assert seen
    assert all(green < 60 for _, green in seen)


def test_transparent_pixels_are_averaged_by_what_is_visible() -> None:
    """Red columns between hidden green ones: half transparent red, not brown."""
    columns = bytes((200, 0, 0, 255, 0, 255, 0, 0)) * 320 * 480
    image = Image.frombytes("RGBA", (640, 480), columns)
    thumbnail = pixels(render(pictures.saved(image, "PNG"), (100,), encoding=FINE).thumbnails[100])
    red, green, _, alpha = thumbnail.getpixel((50, 40))  # type: ignore[misc]
    assert abs(red - 200) < 10
    assert green < 10
    assert abs(alpha - 128) < 10


def test_alpha_that_is_opaque_everywhere_becomes_a_jpeg() -> None:
    data = pictures.saved(pictures.photo().convert("RGBA"), "PNG")
    assert render(data).thumbnails[400].content_type == "image/jpeg"


def test_an_animation_becomes_its_first_frame() -> None:
    red, blue = (pictures.photo_of_mode("RGB").point(f) for f in (lambda v: v, lambda v: 255 - v))
    for image_format in ("GIF", "WEBP", "PNG", "AVIF", "TIFF"):
        still = pictures.saved(red, image_format)
        moving = pictures.saved(red, image_format, save_all=True, append_images=[blue, red])
        wanted = pixels(render(still, encoding=FINE).thumbnails[200])
        assert difference(pixels(render(moving, encoding=FINE).thumbnails[200]), wanted) < TOLERANCE


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    gray = pictures.wide(pictures.photo_of_mode("L").point(lambda _: 100))
    for image_format in ("PNG", "TIFF"):
        thumbnail = render(pictures.saved(gray, image_format)).thumbnails[200]
        assert abs(pixels(thumbnail).getpixel((50, 50)) - 100) <= 1  # type: ignore[operator]


def test_floats_and_wide_integers_use_their_own_range() -> None:
    gray = Image.linear_gradient("L")  # all of 0 to 255
    ramp = gray.convert("F")
    for image in (
        ramp.point(lambda value: value * 4 - 300),
        ramp.point(lambda v: v * 9000).convert("I"),
    ):
        thumbnail = pixels(render(pictures.saved(image, "TIFF"), encoding=FINE).thumbnails[200])
        wanted = reference(pictures.saved(gray, "PNG"), 200)
        assert difference(thumbnail, wanted) < TOLERANCE


@pytest.mark.parametrize("quality", [30, 90])
def test_quality_is_settable(quality: int) -> None:
    data = pictures.saved(pictures.photo(), "PNG")
    default = len(render(data).thumbnails[400].data)
    changed = len(render(data, encoding=Encoding(jpeg_quality=quality)).thumbnails[400].data)
    assert (changed < default) == (quality < Encoding().jpeg_quality)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_16_bits_is_read_in_either_byte_order(order: str) -> None:
    """Pillow opens the two as different modes, and writes only the first."""
    width, height, level = 64, 48, 0x8200
    samples = struct.pack(f"{order}H", level) * (width * height)
    entries = [
        (256, 3, width),
        (257, 3, height),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, height),
        (279, 4, len(samples)),
    ]
    tags = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
        for tag, kind, value in entries
    )
    magic = b"II*\0" if order == "<" else b"MM\0*"
    header = magic + struct.pack(f"{order}I", 8 + len(samples))
    directory = struct.pack(f"{order}H", len(entries)) + tags + bytes(4)
    thumbnail = render(header + samples + directory).thumbnails[200]
    middle = pixels(thumbnail).convert("L").getpixel((32, 24))
    assert middle == pytest.approx(130, abs=1)
