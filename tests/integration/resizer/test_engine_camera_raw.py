"""Raw files of cameras: the largest JPEG in them is the picture, never the small preview."""

import struct
from typing import Any

import pytest

from contract.record import Reason
from resizer.failures import UnusableImage
from resizer.rendition import Rendition
from tests.integration.resizer.rendering import pixels, render
from tests.integration.resizer.test_engine_tiff import (
    BITS,
    COMPRESSION,
    HEIGHT,
    ORIENTATION,
    PHOTOMETRIC,
    ROWS,
    SAMPLES,
    WIDTH,
    tiff,
)
from tools import pictures

SUB_IFDS, JPEG, JPEG_LENGTH, SUBFILE = 330, 513, 514, 254
DNG_VERSION = 50706
CFA, LINEAR_RAW = 32803, 34892
PREVIEW = {
    SUBFILE: [1], WIDTH: [32], HEIGHT: [32], ROWS: [32], BITS: [8] * 3, PHOTOMETRIC: [2],
    SAMPLES: [3],
}  # fmt: skip
PREVIEW_PIXELS = bytes(32 * 32 * 3)
SENSOR = {BITS: [16], PHOTOMETRIC: [CFA], WIDTH: [64], HEIGHT: [64]}
CAMERA_JPEG = pictures.saved(pictures.photo(320, 240), "JPEG")


def raw(jpegs: list[bytes], tags: dict[int, Any] | None = None, order: str = "<") -> bytes:
    """A preview, whose directory names the first JPEG, and a directory for each of the others."""
    files = [PREVIEW_PIXELS, *jpegs]
    starts = [8 + sum(map(len, files[:number])) for number in range(len(files))]
    body = b"".join(files)
    below = b""
    offsets = []
    for start, jpeg in list(zip(starts, files, strict=True))[2:]:
        offsets.append(8 + len(body) + len(below))
        below += struct.pack(order + "H", 3)
        below += struct.pack(order + "HHIHH", COMPRESSION, 3, 1, 7, 0)
        below += struct.pack(order + "HHII", 273, 4, 1, start)
        below += struct.pack(order + "HHII", 279, 4, 1, len(jpeg)) + bytes(4)
    first = {JPEG: [starts[1]], JPEG_LENGTH: [len(jpegs[0])]} if jpegs else {}
    pointers = {SUB_IFDS: offsets} if offsets else {}
    everything = {**PREVIEW, **first, **pointers, DNG_VERSION: [1, 4], **(tags or {})}
    return tiff([body + below], {**everything, 279: [len(PREVIEW_PIXELS)]}, order)


def size(rendition: Rendition) -> tuple[int, int]:
    return rendition.width, rendition.height


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_jpeg_of_a_raw_file_is_the_picture(order: str) -> None:
    rendition = render(raw([CAMERA_JPEG], order=order))
    assert size(rendition) == (320, 240)
    assert rendition.content_type == "image/tiff"
    assert pixels(rendition.thumbnails[200]).size == (200, 150)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_largest_one_counts_also_in_a_directory_below(order: str) -> None:
    small = pictures.saved(pictures.photo(160, 120), "JPEG")
    assert size(render(raw([small, CAMERA_JPEG, small], order=order))) == (320, 240)


def test_a_progressive_one_counts_and_a_lossless_one_is_sensor_data() -> None:
    progressive = pictures.saved(pictures.photo(640, 480), "JPEG", progressive=True)
    assert size(render(raw([CAMERA_JPEG, progressive]))) == (640, 480)
    lossless = bytearray(pictures.saved(pictures.photo(800, 600), "JPEG"))
    lossless[lossless.index(b"\xff\xc0") + 1] = 0xC3
    assert size(render(raw([bytes(lossless), CAMERA_JPEG]))) == (320, 240)


def test_the_orientation_of_the_raw_file_counts() -> None:
    assert size(render(raw([CAMERA_JPEG], {ORIENTATION: [6]}))) == (240, 320)


@pytest.mark.parametrize("tags", [{}, {JPEG: [99_999_999]}, {JPEG_LENGTH: [10]}, {JPEG: [8]}])
def test_a_raw_file_without_a_picture_is_unsupported(tags: dict[int, Any]) -> None:
    with pytest.raises(UnusableImage) as raised:
        render(raw([CAMERA_JPEG] if tags else [], tags))
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("photometric", [CFA, LINEAR_RAW])
def test_sensor_data_is_told_by_its_photometric_interpretation(photometric: int) -> None:
    data = tiff([bytes(64 * 64 * 2)], {**SENSOR, PHOTOMETRIC: [photometric]})
    with pytest.raises(UnusableImage) as raised:
        render(data)
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT


def test_sensor_data_that_is_coded_as_jpeg_is_not_the_picture() -> None:
    tags = {PHOTOMETRIC: [LINEAR_RAW], COMPRESSION: [7], BITS: [8] * 3, SAMPLES: [3]}
    with pytest.raises(UnusableImage) as raised:
        render(tiff([CAMERA_JPEG], tags))
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT


def test_canons_raw_file_is_told_by_its_mark() -> None:
    """Its largest JPEG is lossless, and no tag says that it is the sensor's."""
    files = CAMERA_JPEG + PREVIEW_PIXELS
    tags = {**PREVIEW, 273: [16 + len(CAMERA_JPEG)], 279: [len(PREVIEW_PIXELS)]}
    tags |= {JPEG: [16], JPEG_LENGTH: [len(CAMERA_JPEG)]}
    data = tiff([b"CR\x02\0" + bytes(4) + files], tags)
    assert size(render(data)) == (320, 240)
    assert size(render(data[:8] + bytes(3) + data[11:])) == (32, 32)


def test_another_tiff_with_a_small_jpeg_is_the_picture_itself() -> None:
    data = raw([CAMERA_JPEG])
    entry = struct.pack("<HH", DNG_VERSION, 3)
    assert size(render(data.replace(entry, struct.pack("<HH", 50_000, 3)))) == (32, 32)


def test_directories_that_point_to_each_other_end() -> None:
    data = bytearray(raw([CAMERA_JPEG, CAMERA_JPEG]))
    directory = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[directory : directory + 2], "little")
    end = directory + 2 + 12 * count
    data[end : end + 4] = struct.pack("<I", directory)
    assert size(render(bytes(data))) == (320, 240)
