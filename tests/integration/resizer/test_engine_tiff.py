"""TIFF layouts that Pillow reads wrong or rejects, in both byte orders, as TIFF and as BigTIFF."""

import struct
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

import pytest
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter

from contract.record import Reason
from resizer.failures import UnusableImage
from tests.integration.resizer.rendering import FINE, pixels, render

SIDE = 32
ORDERS = ["<", ">"]
VERSIONS = ["TIFF", "BigTIFF"]
SHORT, LONG = 3, 4
LONGS = {273, 279, 330, 513, 514}  # tags of offsets and lengths
FORMATS = {SHORT: "H", LONG: "I"}
# Tags
SUBFILE = 254
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, ORIENTATION, SAMPLES, ROWS, LENGTHS = 273, 274, 277, 278, 279
PLANES, COLORS, EXTRA, KIND, CFA = 284, 320, 338, 339, 33422
Tags = Mapping[int, Sequence[int]]


def tiff(
    strips: Sequence[bytes],
    tags: Tags,
    order: str = "<",
    version: str = "TIFF",
    types: Tags | None = None,
) -> bytes:
    """One directory behind the strips; tags are SHORT, offsets and counts LONG."""
    big = version == "BigTIFF"
    start = 16 if big else 8
    offsets = [start + sum(map(len, strips[:number])) for number in range(len(strips))]
    everything = {
        WIDTH: [SIDE],
        HEIGHT: [SIDE],
        COMPRESSION: [1],
        ROWS: [SIDE],
        STRIPS: offsets,
        LENGTHS: list(map(len, strips)),
        **tags,
    }
    body = b"".join(strips)
    at = start + len(body)
    word, count = ("Q", "Q") if big else ("I", "H")
    entry = 20 if big else 12
    directory = struct.pack(order + count, len(everything))
    rest_at = at + len(directory) + entry * len(everything) + (8 if big else 4)
    rest = b""
    for tag, values in sorted(everything.items()):
        kind = LONG if tag in LONGS else SHORT
        data = struct.pack(f"{order}{len(values)}{FORMATS[kind]}", *values)
        room = 8 if big else 4
        if len(data) > room:
            value = struct.pack(order + word, rest_at + len(rest))
            rest += data
        else:
            value = data.ljust(room, b"\0")
        directory += struct.pack(order + "HH" + word, tag, kind, len(values)) + value
    directory += struct.pack(order + word, 0)
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + "HHHQ", 43, 8, 0, at) if big else struct.pack(order + "HI", 42, at)
    return mark + head + body + directory + rest


class Picture(NamedTuple):
    tags: Tags
    samples: Sequence[Sequence[int]]  # of a pixel, by plane; one plane unless PLANES is 2
    expected: tuple[int, ...]  # RGBA; without alpha it is opaque


def gray_of(bits: int, photometric: int, value: int, shown: int) -> Picture:
    return Picture({BITS: [bits], PHOTOMETRIC: [photometric]}, [[value]], (shown,) * 3)


MAP_8 = [level * factor % 256 for factor in (1, 3, 5) for level in range(256)]
DEEP = (0xC8C8, 0x3C3C, 0x2828)  # 200, 60 and 40 in 16 bits
PICTURES = {
    "gray": gray_of(8, 1, 200, 200),
    "white is zero": gray_of(8, 0, 200, 55),
    "gray, 16 bits": gray_of(16, 1, 0xC800, 200),
    "white is zero, 16 bits": gray_of(16, 0, 0xC8FF, 55),
    "RGB, 16 bits": Picture(
        {BITS: [16] * 3, PHOTOMETRIC: [2], SAMPLES: [3]}, [DEEP], (200, 60, 40)
    ),
    "RGB, 16 bits, planes": Picture(
        {BITS: [16] * 3, PHOTOMETRIC: [2], SAMPLES: [3], PLANES: [2]},
        [[part] for part in DEEP],
        (200, 60, 40),
    ),
    "RGBA, 16 bits, planes": Picture(
        {BITS: [16] * 4, PHOTOMETRIC: [2], SAMPLES: [4], PLANES: [2], EXTRA: [2]},
        [[part] for part in (*DEEP, 0x8000)],
        (200, 60, 40, 128),
    ),
    "RGB and something else, planes": Picture(
        {BITS: [8] * 4, PHOTOMETRIC: [2], SAMPLES: [4], PLANES: [2], EXTRA: [0]},
        [[200], [60], [40], [128]],
        (200, 60, 40),
    ),
    "CMYK, 16 bits, planes": Picture(
        {BITS: [16] * 4, PHOTOMETRIC: [5], SAMPLES: [4], PLANES: [2]},
        [[0], [0xFFFF], [0xFFFF], [0]],
        (255, 0, 0),
    ),
    "palette": Picture(
        {BITS: [8], PHOTOMETRIC: [3], COLORS: [level * 257 for level in MAP_8]},
        [[100]],
        (100, 44, 244),
    ),
    "palette of 8 bits": Picture(
        {BITS: [8], PHOTOMETRIC: [3], COLORS: MAP_8}, [[100]], (100, 44, 244)
    ),
    "gray with alpha": Picture(
        {BITS: [8, 8], PHOTOMETRIC: [1], SAMPLES: [2], EXTRA: [2]},
        [[200, 128]],
        (200, 200, 200, 128),
    ),
    "gray multiplied by alpha": Picture(
        {BITS: [8, 8], PHOTOMETRIC: [1], SAMPLES: [2], EXTRA: [1]},
        [[100, 128]],
        (199, 199, 199, 128),
    ),
    "RGB multiplied by alpha": Picture(
        {BITS: [8] * 4, PHOTOMETRIC: [2], SAMPLES: [4], EXTRA: [1]},
        [[100, 30, 20, 128]],
        (199, 60, 40, 128),
    ),
    "YCbCr without JPEG": Picture(
        {BITS: [8] * 3, PHOTOMETRIC: [6], SAMPLES: [3], 530: [1, 1]},
        [[200, 128, 128]],
        (200, 200, 200),
    ),
}


def stored(picture: Picture, order: str, version: str) -> bytes:
    size = "B" if picture.tags[BITS][0] == 8 else "H"
    planes = [
        struct.pack(f"{order}{len(plane)}{size}", *plane) * SIDE**2 for plane in picture.samples
    ]
    return tiff(planes, picture.tags, order, version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", PICTURES)
def test_each_layout_is_read_as_its_tags_say(name: str, order: str, version: str) -> None:
    picture = PICTURES[name]
    rendition = render(stored(picture, order, version), [200], encoding=FINE)
    color = pixels(rendition.thumbnails[200]).convert("RGBA").getpixel((16, 16))
    assert isinstance(color, tuple)
    expected = (*picture.expected, 255)[:4]
    assert max(abs(a - b) for a, b in zip(color, expected, strict=True)) <= 4, color


@pytest.mark.parametrize("order", ORDERS)
def test_twelve_bits_of_gray_are_as_bright_as_sixteen(order: str) -> None:
    pair = 0xC80C80.to_bytes(3, "big")  # two samples of 0xC80
    data = tiff([pair * (SIDE * SIDE // 2)], {BITS: [12], PHOTOMETRIC: [1]}, order)
    if order == ">":
        with pytest.raises(UnusableImage) as raised:  # Pillow has no big-endian ones
            render(data)
        assert raised.value.reason is Reason.UNSUPPORTED_FORMAT
        return
    level = pixels(render(data, [200]).thumbnails[200]).convert("L").getpixel((16, 16))
    assert isinstance(level, int)
    assert abs(level - 200) <= 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_orientation_is_applied(orientation: int, order: str, version: str) -> None:
    tags = {BITS: [8], PHOTOMETRIC: [1], ORIENTATION: [orientation], HEIGHT: [16], ROWS: [16]}
    rendition = render(tiff([bytes(SIDE * 16)], tags, order, version))
    assert (rendition.width, rendition.height) == ((16, 32) if orientation == 6 else (32, 16))


RGB_8 = {BITS: [8] * 3, PHOTOMETRIC: [2], SAMPLES: [3]}


@pytest.mark.parametrize(
    "tags",
    [
        {BITS: [8], PHOTOMETRIC: [1], KIND: [2]},
        {BITS: [16], PHOTOMETRIC: [1], KIND: [2]},
        {BITS: [32], PHOTOMETRIC: [1]},
        {BITS: [32], PHOTOMETRIC: [0], KIND: [3]},
        {BITS: [16], PHOTOMETRIC: [1], KIND: [3]},
        {BITS: [64], PHOTOMETRIC: [1], KIND: [3]},
        {BITS: [32] * 3, PHOTOMETRIC: [2], SAMPLES: [3], KIND: [3] * 3},
        {BITS: [32] * 3, PHOTOMETRIC: [2], SAMPLES: [3]},
        {BITS: [4] * 3, PHOTOMETRIC: [2], SAMPLES: [3]},
        {BITS: [12] * 3, PHOTOMETRIC: [2], SAMPLES: [3]},
        {BITS: [16] * 2, PHOTOMETRIC: [1], SAMPLES: [2], EXTRA: [2]},
        {BITS: [8] * 4, PHOTOMETRIC: [2], SAMPLES: [4], EXTRA: [1], PLANES: [2]},
        {BITS: [8] * 2, PHOTOMETRIC: [1], SAMPLES: [2], EXTRA: [2], PLANES: [2]},
        {BITS: [8] * 3, PHOTOMETRIC: [8], SAMPLES: [3]},
        {BITS: [8] * 3, PHOTOMETRIC: [9], SAMPLES: [3]},
        {BITS: [16], PHOTOMETRIC: [4]},
        {BITS: [16] * 3, PHOTOMETRIC: [32845], SAMPLES: [3]},
        {BITS: [8] * 12, PHOTOMETRIC: [5], SAMPLES: [12]},
        *(
            {**RGB_8, COMPRESSION: [number]}
            for number in (34712, 34887, 50001, 50002, 34676, 32771, 9)
        ),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_another_layout_is_unsupported_and_never_shown_wrong(tags: Tags, order: str) -> None:
    with pytest.raises(UnusableImage) as raised:
        render(tiff([bytes(SIDE * SIDE * 16)], tags, order))
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("tags", [{**RGB_8, WIDTH: []}, {**RGB_8, STRIPS: [99_999_999]}])
def test_a_damaged_one_is_corrupt(tags: Tags) -> None:
    with pytest.raises(UnusableImage) as raised:
        render(tiff([bytes(SIDE * SIDE * 3)], tags))
    assert raised.value.reason is Reason.CORRUPT_IMAGE


@pytest.mark.parametrize("reduced", [[1, 0], [1, 1], [0, 1], [1, 1, 0]])
def test_a_smaller_copy_in_front_is_not_the_picture(reduced: list[int]) -> None:
    file = BytesIO()
    with AppendingTiffWriter(file) as writer:
        for page, flag in enumerate(reduced):
            Image.new("L", (10 + page, 10)).save(writer, "TIFF", tiffinfo={SUBFILE: flag})
            writer.newFrame()
    assert render(file.getvalue()).width == 10 + (reduced.index(0) if 0 in reduced else 0)
