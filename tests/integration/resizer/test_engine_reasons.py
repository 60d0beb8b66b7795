"""Sound files in a coding that is not read are `unsupported_format`; only damage is corrupt."""

import struct
from itertools import product
from typing import Any

import pytest
from PIL import Image

from contract.record import Reason
from resizer.engine.errors import bad_bytes_are_unusable
from resizer.failures import UnusableImage
from tests.integration.resizer.rendering import pixels, render
from tests.integration.resizer.test_engine_tiff import (
    BITS,
    COLORS,
    COMPRESSION,
    LENGTHS,
    PHOTOMETRIC,
    PLANES,
    ROWS,
    SAMPLES,
    SIDE,
    STRIPS,
    tiff,
)
from tools import pictures

TILE_WIDTH, TILE_LENGTH, SUBSAMPLING = 322, 323, 530


def reason_of(data: bytes) -> Reason:
    with pytest.raises(UnusableImage) as raised:
        render(data)
    return raised.value.reason


def with_frame(at: int, value: int, mode: str = "RGB") -> bytes:
    """A JPEG whose frame header has another byte: 1 the marker, 4 the bits, 9 the components."""
    data = bytearray(pictures.saved(pictures.photo_of_mode(mode, 64, 48), "JPEG"))
    data[data.index(b"\xff\xc0") + at] = value
    return bytes(data)


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF])
def test_a_lossless_or_hierarchical_jpeg_is_unsupported(marker: int) -> None:
    assert reason_of(with_frame(1, marker)) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_of_more_bits_is_unsupported(mode: str, bits: int) -> None:
    assert reason_of(with_frame(4, bits, mode)) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(("at", "value"), [(4, 0), (4, 159), (9, 17)])
def test_a_frame_that_contradicts_itself_is_corrupt(at: int, value: int) -> None:
    assert reason_of(with_frame(at, value)) is Reason.CORRUPT_IMAGE


@pytest.mark.parametrize("coding", [b"av01", b"vvc1", b"jpeg", b"j2k1", b"avc1", b"unci"])
def test_a_heic_whose_picture_has_another_coding_is_unsupported(coding: bytes) -> None:
    data = pictures.saved(pictures.photo(64, 48), "HEIF")
    assert data.count(b"hvc1") == 1
    assert reason_of(data.replace(b"hvc1", coding)) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("coding", [b"hvc1", b"av02"])
def test_an_avif_whose_picture_has_another_coding_is_unsupported(coding: bytes) -> None:
    data = pictures.saved(pictures.photo(64, 48), "AVIF")
    assert reason_of(data.replace(b"av01", coding)) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (OSError("Unsupported BMP header type (16)"), Reason.UNSUPPORTED_FORMAT),
        (RuntimeError("Failed to decode image: Not implemented"), Reason.UNSUPPORTED_FORMAT),
        (RuntimeError("Failed to decode image: No codec available"), Reason.UNSUPPORTED_FORMAT),
        (SyntaxError("Unsupported feature: Unsupported codec"), Reason.UNSUPPORTED_FORMAT),
        (OSError("image file is truncated (3 bytes not processed)"), Reason.CORRUPT_IMAGE),
        (SyntaxError("Invalid input: Unexpected end of file"), Reason.CORRUPT_IMAGE),
    ],
)
def test_what_a_decoder_calls_unsupported_is(said: Exception, reason: Reason) -> None:
    with pytest.raises(UnusableImage) as raised, bad_bytes_are_unusable():
        raise said
    assert raised.value.reason is reason


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "tags",
    [
        {BITS: [16], PHOTOMETRIC: [3], COLORS: [200] * 3 * 65536},
        {BITS: [8] * 3, PHOTOMETRIC: [6], SAMPLES: [3], PLANES: [2], SUBSAMPLING: [2, 2]},
        {BITS: [8] * 3, PHOTOMETRIC: [6], SAMPLES: [3], PLANES: [2]},
        {BITS: [16], PHOTOMETRIC: [1], COMPRESSION: [7]},
        {BITS: [8], PHOTOMETRIC: [1], COMPRESSION: [6]},
    ],
)
def test_a_tiff_that_no_decoder_here_reads_right_is_unsupported(tags: Any, order: str) -> None:
    assert reason_of(tiff([bytes(SIDE * SIDE * 3)], tags, order)) is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiles_whose_offsets_stand_where_those_of_strips_do_are_read(order: str) -> None:
    """As the `cramps-tile` of libtiff's own pictures."""
    tiles = [bytes([shade]) * 256 for shade in (10, 90, 170, 250)]
    tags = {BITS: [8], PHOTOMETRIC: [1], TILE_WIDTH: [16], TILE_LENGTH: [16], ROWS: [16]}
    shown = pixels(render(tiff(tiles, tags, order)).thumbnails[200]).convert("L")
    levels = [shown.getpixel(point) for point in ((8, 8), (24, 8), (8, 24), (24, 24))]
    assert all(
        isinstance(level, int) and abs(level - shade) <= 3
        for level, shade in zip(levels, (10, 90, 170, 250), strict=True)
    ), levels


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("1", "group4"),
        *product(["L", "P", "RGB"], ["raw", "tiff_lzw", "packbits"]),
        *product(["L", "RGB"], ["jpeg"]),
    ],
)
def test_a_cut_tiff_is_corrupt_and_never_half_a_picture(mode: str, compression: str) -> None:
    data = pictures.saved(pictures.photo_of_mode(mode, 160, 120), "TIFF", compression=compression)
    render(data)
    for share in range(5, 100, 5):
        assert reason_of(data[: len(data) * share // 100]) is Reason.CORRUPT_IMAGE, share


def test_a_strip_that_ends_outside_the_file_is_damage() -> None:
    tags = {BITS: [8], PHOTOMETRIC: [1], COMPRESSION: [7], LENGTHS: [1_000_000]}
    picture = pictures.saved(pictures.photo_of_mode("L", SIDE, SIDE), "JPEG")
    assert render(tiff([picture], {**tags, LENGTHS: [len(picture)]})).width == SIDE
    assert reason_of(tiff([picture], tags)) is Reason.CORRUPT_IMAGE
    old_style = {**tags, COMPRESSION: [6], STRIPS: [99_999_999]}
    assert reason_of(tiff([picture], old_style)) is Reason.CORRUPT_IMAGE


def test_a_damaged_exif_directory_fails_no_tiff() -> None:
    """Nobody reads it here for the pixels; its pointer may lead anywhere."""
    tags = {BITS: [8], PHOTOMETRIC: [1], 34665: [1]}
    assert render(tiff([bytes([255]) * SIDE * SIDE], tags)).width == SIDE


def test_more_colors_than_a_bmp_can_use_are_ignored() -> None:
    image = Image.new("P", (40, 30), 7)
    image.putpalette([level * factor % 256 for level in range(256) for factor in (1, 3, 5)])
    data = pictures.saved(image, "BMP")
    start, colors = (struct.unpack_from("<I", data, at)[0] for at in (10, 46))
    assert colors == 256
    more = (
        data[:10] + struct.pack("<I", start + 400) + data[14:46] + struct.pack("<I", 356)
        + data[50:start] + bytes(400) + data[start:]
    )  # fmt: skip
    color = pixels(render(more).thumbnails[200]).convert("RGB").getpixel((20, 15))
    assert isinstance(color, tuple)
    assert max(abs(a - b) for a, b in zip(color, (7, 21, 35), strict=True)) <= 3


def test_a_bmp_of_negative_width_is_corrupt() -> None:
    data = bytearray(pictures.saved(pictures.photo(40, 30), "BMP"))
    data[18:22] = struct.pack("<i", -40)
    assert reason_of(bytes(data)) is Reason.CORRUPT_IMAGE
