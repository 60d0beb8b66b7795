"""What is transparent in a PNG with a color key, a GIF and a BMP, as Chromium shows it."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO

import pytest
from PIL import Image

from contract.record import Reason
from resizer.failures import UnusableImage
from resizer.rendition import Rendition
from tests.integration.resizer.rendering import FINE, pixels, render
from tests.integration.resizer.test_engine_color import chunk

CELL = 16  # pixels, so that no neighbor's color gets into the middle
RGBA = tuple[int, ...]


def shown(rendition: Rendition, points: Sequence[tuple[int, int]]) -> list[RGBA]:
    image = pixels(rendition.thumbnails[200]).convert("RGBA")
    found = [image.getpixel(point) for point in points]
    return [color for color in found if isinstance(color, tuple)]


def alphas(data: bytes, count: int) -> list[int]:
    """Of a row of cells."""
    points = [(CELL * number + CELL // 2, CELL // 2) for number in range(count)]
    return [color[3] for color in shown(render(data, [200]), points)]


def keyed_png(depth: int, cells: Sequence[Sequence[int]], key: Sequence[int]) -> bytes:
    bits = "".join("".join(f"{part:0{depth}b}" for part in cell) * CELL for cell in cells)
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    kind = 0 if len(key) == 1 else 2
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", CELL * len(cells), CELL, depth, kind, 0, 0, 0)),
        (b"tRNS", struct.pack(f">{len(key)}H", *key)),
        (b"IDAT", zlib.compress(row * CELL)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_one_gray_of_a_png_is_transparent(depth: int) -> None:
    most = (1 << depth) - 1
    cells = [[0], [most], [most // 2]]
    middle = 0 if depth > 1 else 255
    assert alphas(keyed_png(depth, cells, [most]), 3) == [255, 0, 255]
    assert alphas(keyed_png(depth, cells, [most // 2]), 3) == [255 - middle, 255, 0]


@pytest.mark.parametrize(("depth", "alpha"), [(1, 255), (2, 255), (4, 255), (8, 0)])
def test_a_gray_that_no_pixel_can_have_makes_none_transparent(depth: int, alpha: int) -> None:
    most = (1 << depth) - 1
    assert alphas(keyed_png(depth, [[0], [most]], [0x1FF]), 2) == [255, alpha]


def test_one_color_of_a_png_is_transparent() -> None:
    data = keyed_png(8, [(1, 2, 3), (4, 5, 6), (1, 2, 4)], (1, 2, 3))
    assert alphas(data, 3) == [0, 255, 255]


def test_a_color_of_sixteen_bits_is_compared_in_all_of_them() -> None:
    key = (0x1234, 0x2345, 0x3456)
    cells = [key, (0x1234, 0x2345, 0x3457), (0x1334, 0x2345, 0x3456)]
    assert alphas(keyed_png(16, cells, key), 3) == [0, 255, 255]
    assert alphas(keyed_png(16, [[0x8001], [0x8002], [0x7F01]], [0x8001]), 3) == [0, 255, 255]


def gif(indexes: Sequence[int], canvas: tuple[int, int] = (60, 60), gray: bool = False) -> bytes:
    """A frame of 20 x 20 pixels at (20, 20)."""
    frame = Image.new("P", (20, 20))
    frame.putdata([indexes[pixel % len(indexes)] for pixel in range(400)])
    frame.putpalette(
        [index * factor % 256 for index in range(256) for factor in (1, 1 if gray else 7, 1)]
    )
    file = BytesIO()
    frame.save(file, "GIF", optimize=False)
    data = bytearray(file.getvalue())
    data[6:10] = struct.pack("<HH", *canvas)
    at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    data[at + 1 : at + 5] = struct.pack("<HH", 20, 20)
    return bytes(data)


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("colors", [1, 3, 256])
def test_what_the_first_frame_of_a_gif_does_not_cover_is_transparent(
    colors: int, gray: bool
) -> None:
    points = [(1, 1), (30, 10), (50, 50), (21, 21), (38, 38)]
    found = shown(render(gif(range(colors), gray=gray), [200]), points)
    assert [color[3] for color in found] == [0, 0, 0, 255, 255]


def test_a_frame_that_covers_everything_stays_opaque() -> None:
    image = Image.new("P", (20, 20))
    file = BytesIO()
    image.save(file, "GIF")
    assert render(file.getvalue(), [200]).thumbnails[200].content_type == "image/jpeg"


def test_a_frame_beyond_the_canvas_enlarges_it() -> None:
    rendition = render(gif([0, 1], canvas=(30, 30)), [200])
    assert (rendition.width, rendition.height) == (40, 40)
    assert [color[3] for color in shown(rendition, [(1, 1), (39, 39)])] == [0, 255]


def bmp(
    depth: int,
    masks: Sequence[int],
    number: int,
    *,
    header: int = 108,
    compression: int = 3,
    top_down: bool = False,
) -> bytes:
    """32 x 32 pixels of the same number."""
    rows = number.to_bytes(depth // 8, "little") * 32 * 32
    info = struct.pack(
        "<IiiHHIIiiII",
        header,
        32,
        -32 if top_down else 32,
        1,
        depth,
        compression,
        len(rows),
        0,
        0,
        0,
        0,
    )
    fields = b"".join(struct.pack("<I", mask) for mask in masks)
    info = (info + fields).ljust(header, b"\0")
    return (
        b"BM" + struct.pack("<IHHI", 14 + len(info) + len(rows), 0, 0, 14 + len(info)) + info + rows
    )


M1555, M4444 = (0x7C00, 0x3E0, 0x1F, 0x8000), (0xF00, 0xF0, 0xF, 0xF000)
DEEP = (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)
BGRA = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


@pytest.mark.parametrize(
    ("depth", "masks", "number", "header", "compression", "expected"),
    [
        (16, M1555, 0x7C1F, 108, 3, (255, 0, 255, 0)),
        (16, M1555, 0xFC1F, 124, 3, (255, 0, 255, 255)),
        (16, M1555, 0x7C1F, 56, 3, (255, 0, 255, 0)),
        (16, M1555[:3], 0x7C1F, 52, 3, (255, 0, 255, 255)),
        (16, M1555[:3], 0xFC1F, 40, 3, (255, 0, 255, 255)),
        (16, M4444, 0x8F0F, 108, 3, (255, 0, 255, 136)),
        (16, M4444, 0x8F0F, 40, 6, (255, 0, 255, 136)),
        (16, M4444[:3], 0x8F0F, 40, 3, (255, 0, 255, 255)),
        (16, (0xF800, 0x7E0, 0x1F), 0xF81F, 40, 3, (255, 0, 255, 255)),
        (16, (0x1F, 0x7E0, 0xF800), 0x001F, 40, 3, (255, 0, 0, 255)),
        (32, DEEP, 0xFFF003FF, 108, 3, (255, 0, 255, 255)),
        (32, DEEP, 0x600801FF, 108, 3, (128, 128, 127, 85)),
        (32, DEEP[:3], 0x200801FF, 40, 3, (128, 128, 127, 255)),
        (32, BGRA, 0x80FF00FF, 108, 3, (255, 0, 255, 128)),
        (32, BGRA, 0x80FF00FF, 108, 0, (255, 0, 255, 128)),
        (32, BGRA[:3], 0x80FF00FF, 108, 0, (255, 0, 255, 255)),
        (32, (), 0x80FF00FF, 40, 0, (255, 0, 255, 255)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 0x800000FF, 124, 3, (255, 0, 0, 128)),
        (32, (0x7FF, 0x3FF800, 0xFFC00000), 0x000007FF, 40, 3, (255, 0, 0, 255)),
    ],
)
def test_a_bmp_is_read_by_its_masks(
    depth: int, masks: Sequence[int], number: int, header: int, compression: int, expected: RGBA
) -> None:
    size = header if header > 40 else 40 + 4 * len(masks)
    data = bytearray(bmp(depth, masks, number, header=size, compression=compression))
    data[14:18] = struct.pack("<I", header)
    (color,) = shown(render(bytes(data), [200], encoding=FINE), [(16, 16)])
    assert color[3] == expected[3]
    if color[3]:
        assert max(abs(a - b) for a, b in zip(color, expected, strict=True)) <= 4


@pytest.mark.parametrize("top_down", [False, True])
def test_rows_are_in_the_order_that_the_header_says(top_down: bool) -> None:
    data = bytearray(bmp(16, M4444, 0xF00F, top_down=top_down))
    data[14 + 108 : 14 + 108 + 32 * 16 * 2] = b"\x00\xff" * 32 * 16  # the first half is red
    top, bottom = shown(render(bytes(data), [200], encoding=FINE), [(16, 4), (16, 28)])
    assert (top[0] > 200, bottom[0] > 200) == (top_down, not top_down)


@pytest.mark.parametrize(
    ("depth", "compression", "masks"),
    [(24, 4, ()), (24, 5, ()), (32, 3, (0, 0, 0)), (32, 99, ()), (64, 0, ())],
)
def test_a_bmp_of_another_coding_is_unsupported_and_not_corrupt(
    depth: int, compression: int, masks: Sequence[int]
) -> None:
    with pytest.raises(UnusableImage) as raised:
        render(bmp(depth, masks, 0, compression=compression))
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT
