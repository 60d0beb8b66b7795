"""Malicious bytes, or no picture at all: each ends quickly, with thumbnails or a reason."""

import struct
import zlib

import pytest
from PIL import Image, WebPImagePlugin

from resizer.engine import formats
from resizer.engine.limits import Limits
from resizer.engine.partial import CUT_FORMATS
from resizer.failures import UnusableImage
from tests.integration.resizer.rendering import render
from tools import pictures
from tools.hostile_pictures import png_chunk, tiff

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd metadata

FORMATS = [image_format.name for image_format in formats.FORMATS]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def reason_of(data: bytes, limits: Limits = Limits()) -> str:  # noqa: B008 - frozen
    with pytest.raises(UnusableImage) as caught:
        render(data, limits=limits)
    return caught.value.reason


def outcome(data: bytes) -> str:
    """What became of `data`: "thumbnails" or the reason; anything else raised fails the test."""
    try:
        rendition = render(data)
    except UnusableImage as exc:
        return exc.reason
    assert rendition.thumbnails.keys() == {200, 400}
    return "thumbnails"


@pytest.mark.parametrize(
    "data",
    [
        SVG,
        b"<!doctype html><title>not a picture</title>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(60),
        b"GIF90a" + bytes(60),
        b"\x00\x00\x00\x20ftypmp42" + bytes(60),
        b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1miaf" + bytes(60),
        b"RIFF\x40\0\0\0WAVEfmt " + bytes(60),
        b"8BPS\0\1" + bytes(60),
        b"\0\0\1\0" + bytes(60),
        b"\xff\xd8",
        b"x",
    ],
)
def test_what_is_not_an_accepted_picture_is_unsupported(data: bytes) -> None:
    assert reason_of(data) == "unsupported_format"


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_polyglot_file_is_read_as_the_format_that_it_begins_with(image_format: str) -> None:
    data = pictures.saved(pictures.photo(), image_format)
    plain = render(data)
    assert render(data + SVG + b"PK\x05\x06" + bytes(18)) == plain


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_a_truncated_file_ends_with_thumbnails_or_a_reason(
    image_format: str, sixteenth: int
) -> None:
    data = pictures.saved(pictures.photo(), image_format)
    assert outcome(data[: len(data) * sixteenth // 16]) in {"thumbnails", "corrupt_image"}


@pytest.mark.parametrize("image_format", sorted(set(FORMATS) - CUT_FORMATS))
def test_half_a_file_is_corrupt(image_format: str) -> None:
    data = pictures.saved(pictures.photo(), image_format)
    assert reason_of(data[: len(data) // 2]) == "corrupt_image"


@pytest.mark.parametrize("image_format", FORMATS)
def test_more_pixels_than_the_limit_are_rejected(image_format: str) -> None:
    data = pictures.saved(pictures.photo(200, 100), image_format)
    assert reason_of(data, Limits(max_pixels=19_999)) == "too_many_pixels"
    assert render(data, limits=Limits(max_pixels=20_000)).width == 200


@pytest.mark.parametrize("image_format", FORMATS)
def test_whole_frame_formats_have_their_own_limits(image_format: str) -> None:
    data = pictures.saved(pictures.photo(200, 100), image_format)
    limits = Limits(whole_frame_pixels={image_format: 19_999})
    assert reason_of(data, limits) == "too_many_pixels"


def test_limits_scale_with_the_functions_memory() -> None:
    default = Limits()
    assert default.for_memory(512 * 1024 * 1024) == default
    large = default.for_memory(1024 * 1024 * 1024)
    assert large.whole_frame_pixels["HEIF"] > 48_000_000 > default.whole_frame_pixels["HEIF"]
    assert large.max_coefficient_bytes > default.max_coefficient_bytes
    assert large.max_pixels == default.max_pixels
    none = default.for_memory(64 * 1024 * 1024)
    assert set(none.whole_frame_pixels.values()) == {0}


def test_a_side_longer_than_the_limit_is_rejected() -> None:
    data = pictures.saved(pictures.photo(200, 100), "PNG")
    assert reason_of(data, Limits(max_dimension=199)) == "too_many_pixels"


def png_of(width: int, height: int, body: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        sealed = kind + data
        return struct.pack(">I", len(data)) + sealed + struct.pack(">I", zlib.crc32(sealed))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def bomb(image_format: str) -> bytes:
    """A small file that says it is 30,000 x 30,000 pixels."""
    if image_format == "PNG":
        return png_of(30_000, 30_000, b"")
    if image_format == "WEBP":  # VP8L: 14 bits a side, the most that WebP can say
        header = b"\x2f" + struct.pack("<I", (16_383 << 14) | 16_383)
        chunk = b"VP8L" + struct.pack("<I", 30) + header + bytes(25)
        return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    data = bytearray(pictures.saved(Image.new("RGB", (64, 64)), image_format))
    small = {"GIF": struct.pack("<HH", 64, 64), "BMP": struct.pack("<ii", 64, 64)}
    large = {"GIF": struct.pack("<HH", 30_000, 30_000), "BMP": struct.pack("<ii", 30_000, 30_000)}
    wanted = {"JPEG": struct.pack(">HH", 64, 64), "AVIF": struct.pack(">II", 64, 64)}
    grown = {"JPEG": struct.pack(">HH", 30_000, 30_000), "AVIF": struct.pack(">II", 30_000, 30_000)}
    old, new = (small | wanted)[image_format], (large | grown)[image_format]
    assert data.count(old) >= 1
    return bytes(data.replace(old, new))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
def test_a_bomb_is_rejected(image_format: str) -> None:
    assert reason_of(bomb(image_format)) in {"too_many_pixels", "corrupt_image"}


def test_a_tiff_bomb_is_rejected() -> None:
    tags = [(256, 4, 30_000), (257, 4, 30_000), (258, 3, 8), (259, 3, 5), (262, 3, 1)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, 30_000), (279, 4, 8)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    assert reason_of(data) == "too_many_pixels"


def test_a_gif_frame_larger_than_its_screen_counts_as_its_own_size() -> None:
    data = bytearray(pictures.saved(Image.new("P", (64, 64)), "GIF"))
    at = data.rindex(b"\x2c" + bytes(4) + struct.pack("<HH", 64, 64))
    data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    assert reason_of(bytes(data)) == "too_many_pixels"


def test_ten_thousand_frames_cost_no_more_than_one() -> None:
    still = pictures.saved(pictures.photo(300, 200).quantize(16), "GIF")
    screen, frames = still[:-1], still[still.index(b"\x2c") : -1]
    assert render(screen + frames * 200 + b";") == render(still)


def test_a_compressed_profile_or_text_that_explodes_is_harmless() -> None:
    zeros = zlib.compress(bytes(200_000_000), 9)

    def chunk(kind: bytes, data: bytes) -> bytes:
        sealed = kind + data
        return struct.pack(">I", len(data)) + sealed + struct.pack(">I", zlib.crc32(sealed))

    plain = pictures.saved(pictures.photo(), "PNG")
    for kind in (b"iCCP", b"zTXt"):
        data = plain[:33] + chunk(kind, b"name\0\0" + zeros) + plain[33:]
        assert outcome(data) in {"thumbnails", "corrupt_image"}


def with_chunk(kind: bytes, data: bytes) -> bytes:
    plain = pictures.saved(pictures.photo(), "PNG")
    return plain[:33] + png_chunk(kind, data) + plain[33:]


def test_a_text_of_a_png_never_costs_the_picture() -> None:
    plain = render(pictures.saved(pictures.photo(), "PNG"))
    packed = zlib.compress(bytes(2_000_000))
    for text in (b"transparency\0\1\2\3", b"exif\0" + pictures.exif(6), b"icc_profile\0x"):
        assert render(with_chunk(b"tEXt", text)) == plain
    assert render(with_chunk(b"zTXt", b"a\0\0" + packed)) == plain
    assert render(with_chunk(b"iTXt", b"a\0\1\0\0\0" + packed)) == plain


def test_a_text_of_a_png_may_have_a_wrong_checksum() -> None:
    data = with_chunk(b"tEXt", b"a\0b").replace(b"a\0b", b"a\0c")
    assert render(data) == render(pictures.saved(pictures.photo(), "PNG"))


def test_a_profile_of_a_png_is_unpacked_up_to_its_limit() -> None:
    plain = render(pictures.saved(pictures.photo(), "PNG"))
    used = [
        render(with_chunk(b"iCCP", b"a\0\0" + zlib.compress(pictures.ADOBE_RGB + bytes(more))))
        for more in (0, 3_000_000, 5_000_000)
    ]
    assert used[0] == used[1] != plain
    assert used[2] == plain
    assert render(with_chunk(b"iCCP", b"a\0\1" + zlib.compress(pictures.ADOBE_RGB))) == plain
    assert render(with_chunk(b"iCCP", b"a\0\0nonsense")) == plain
    assert render(with_chunk(b"iCCP", b"a")) == plain


def test_a_sampling_factor_of_zero_is_corrupt() -> None:
    for progressive in (False, True):
        data = bytearray(
            pictures.saved(pictures.photo(3300, 2500), "JPEG", progressive=progressive)
        )
        at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
        for factor in (at + 11, at + 14, at + 17):
            damaged = data.copy()
            damaged[factor] = 0
            assert reason_of(bytes(damaged)) == "corrupt_image"


def test_a_webp_canvas_is_checked_before_libwebp_allocates_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_: object) -> None:
        pytest.fail("the decoder was called")

    monkeypatch.setattr(WebPImagePlugin.WebPImageFile, "_open", never)
    size = (12_000 - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size + size
    data = b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    assert reason_of(data) == "too_many_pixels"


@pytest.mark.parametrize("kind", range(1, 19))
@pytest.mark.parametrize("tag", [34_675, 34_665, 700, 33_723, 34_377])
def test_metadata_of_a_tiff_of_any_type_is_ignored(tag: int, kind: int) -> None:
    """A profile, a directory for Exif, XMP, IPTC, Photoshop."""
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (278, 4, 8)]
    entries = [(number, kind, 1, struct.pack("<I", value)) for number, kind, value in tags]
    entries += [(273, 4, 1, struct.pack("<I", 8)), (279, 4, 1, struct.pack("<I", 64))]
    assert outcome(tiff([*entries, (tag, kind, 1, b"\7\0\0\0")], bytes(64))) == "thumbnails"


def test_a_tiff_tag_whose_data_are_not_there_is_ignored() -> None:
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (278, 4, 8)]
    entries = [(number, kind, 1, struct.pack("<I", value)) for number, kind, value in tags]
    entries += [(273, 4, 1, struct.pack("<I", 8)), (279, 4, 1, struct.pack("<I", 64))]
    assert outcome(tiff([*entries, (60_000, 4, 0x3FFFFFFF, bytes(4))], bytes(64))) == "thumbnails"


def test_a_profile_over_the_limit_is_ignored() -> None:
    data = pictures.saved(pictures.photo(), "JPEG", icc_profile=pictures.ADOBE_RGB)
    plain = pictures.saved(pictures.photo(), "JPEG")
    limits = Limits(max_icc_bytes=len(pictures.ADOBE_RGB) - 1)
    assert render(data, limits=limits).thumbnails == render(plain).thumbnails
    assert render(data).thumbnails != render(plain).thumbnails


def test_an_exif_block_over_the_limit_is_ignored() -> None:
    data = pictures.saved(pictures.photo(), "JPEG", exif=pictures.exif(6))
    assert render(data).width == 480
    assert render(data, limits=Limits(max_exif_bytes=10)).width == 640


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0II*\0" + struct.pack("<I", 0xFFFFFFFF),
        b"Exif\0\0II*\0" + struct.pack("<I", 8) + b"\xff\xff",
        b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 65535) + b"\x01\x12" * 30,
        b"Exif\0\0II*\0" + struct.pack("<IH", 8, 0) + struct.pack("<I", 8),  # next: itself
        b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8),
        b"Exif\0\0",
    ],
)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_exif_that_loops_or_points_outside_is_ignored(image_format: str, block: bytes) -> None:
    data = pictures.saved(pictures.photo(), image_format, exif=block)
    assert (render(data).width, render(data).height) == (640, 480)


def test_the_end_of_a_jpeg_header_is_reached_however_many_markers_it_has() -> None:
    plain = pictures.saved(pictures.photo(), "JPEG")
    comments = (b"\xff\xfe" + struct.pack(">H", 3) + b"x") * 50_000
    assert outcome(plain[:2] + comments + plain[2:]) == "thumbnails"
