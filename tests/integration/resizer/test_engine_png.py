"""A PNG decoded in strips equals the PNG decoded as a whole."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from resizer.engine import png
from resizer.engine.body import Body
from resizer.engine.limits import Limits
from tests.integration.resizer.rendering import difference, pixels, render
from tools import pictures


@pytest.fixture(autouse=True)
def _every_png_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "PIXELS_WORTH_IT", 1)


def opened(data: bytes) -> tuple[PngImageFile, Body]:
    body = Body(data)
    return PngImageFile(body), body  # type: ignore[arg-type]


def with_chunks_of(data: bytes, size: int) -> bytes:
    """The same stream cut into other IDAT chunks, an empty one among them."""
    start, end = data.index(b"IDAT") - 4, data.rindex(b"IEND") - 4
    stream, at = b"", start
    while at < end:
        length = struct.unpack(">I", data[at : at + 4])[0]
        stream += data[at + 8 : at + 8 + length]
        at += 12 + length
    pieces = [b"", *(stream[at : at + size] for at in range(0, len(stream), size))]
    return data[:start] + b"".join(chunk(b"IDAT", piece) for piece in pieces) + data[end:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("rows", [1, 7, 64, 480, 1000])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_strips_are_the_rows_of_the_picture(mode: str, rows: int) -> None:
    picture = pictures.photo_of_mode(mode)
    image, download = opened(pictures.saved(picture, "PNG"))
    assert png.decodes_in_strips(image)
    whole = Image.new(mode, picture.size)
    for number, strip in enumerate(png.png_strips(image, download, rows)):
        assert strip.height == min(rows, picture.height - number * rows)
        whole.paste(strip, (0, number * rows))
    assert whole.tobytes() == picture.tobytes()


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_chunks_of_any_size_are_read(size: int) -> None:
    picture = pictures.photo(300, 200)
    image, download = opened(with_chunks_of(pictures.saved(picture, "PNG"), size))
    strips = list(png.png_strips(image, download, 30))
    assert b"".join(strip.tobytes() for strip in strips) == picture.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_thumbnails_are_the_same_as_with_a_whole_decode(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pictures.saved(pictures.photo_of_mode(mode, 1700, 900), "PNG", exif=pictures.exif(6))
    in_strips = render(data, limits=Limits(whole_frame_pixels={"PNG": 1}))
    monkeypatch.setattr(png, "PIXELS_WORTH_IT", 1 << 40)
    whole = render(data)
    assert (in_strips.width, in_strips.height) == (whole.width, whole.height) == (900, 1700)
    sizes = [[(t.width, t.height) for t in r.thumbnails.values()] for r in (in_strips, whole)]
    assert sizes[0] == sizes[1]


def test_an_orientation_after_the_pixels_counts() -> None:
    data = pictures.saved(pictures.photo(900, 500), "PNG")
    late = data[:-12] + chunk(b"eXIf", pictures.exif(8)[6:]) + data[-12:]
    rendition = render(late)
    assert (rendition.width, rendition.height) == (500, 900)
    assert (rendition.thumbnails[200].width, rendition.thumbnails[200].height) == (200, 360)


def test_a_late_orientation_costs_no_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decode must be fine enough for both: 4000 pixels across, or 300."""
    data = pictures.saved(pictures.noise(4000, 300), "PNG")
    late = data[:-12] + chunk(b"eXIf", pictures.exif(6)[6:]) + data[-12:]
    in_strips = render(late, (200,)).thumbnails[200]
    monkeypatch.setattr(png, "PIXELS_WORTH_IT", 1 << 40)
    whole = render(late, (200,)).thumbnails[200]
    assert (whole.width, whole.height) == (150, 2000)
    assert difference(pixels(in_strips), pixels(whole)) < 1


def test_another_chunk_after_the_pixels_is_no_orientation() -> None:
    data = pictures.saved(pictures.photo(900, 500), "PNG")
    other = data[:-12] + chunk(b"teSt", pictures.exif(8)[6:]) + data[-12:]
    assert (render(other).width, render(other).height) == (900, 500)


def other_kinds() -> dict[str, bytes]:
    photo = pictures.photo(64, 48)
    plain = pictures.saved(photo, "PNG")
    wide = bytearray(plain)
    wide[24] = 16  # bits a channel
    laced = bytearray(plain)
    laced[28] = 1
    for changed in (wide, laced):
        changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    return {
        "palette": pictures.saved(photo.quantize(9), "PNG"),
        "gray": pictures.saved(photo.convert("L"), "PNG"),
        "bilevel": pictures.saved(photo.convert("1"), "PNG"),
        "16 bits": bytes(wide),
        "interlaced": bytes(laced),
        "color key": pictures.saved(photo, "PNG", transparency=(1, 2, 3)),
        "animated": pictures.saved(photo, "PNG", save_all=True, append_images=[photo.rotate(9)]),
    }


@pytest.mark.parametrize("kind", other_kinds())
def test_other_kinds_of_png_are_decoded_whole(kind: str) -> None:
    image, _ = opened(other_kinds()[kind])
    assert not png.decodes_in_strips(image)


def test_a_jpeg_is_not_decoded_in_strips() -> None:
    assert not png.decodes_in_strips(Image.open(BytesIO(pictures.saved(pictures.photo(), "JPEG"))))


def test_a_stream_that_ends_early_makes_a_partial_picture() -> None:
    picture = pictures.photo()
    data = pictures.saved(picture, "PNG")
    start = data.index(b"IDAT") - 4
    short = zlib.compress(bytes((1 + 640 * 3) * 479))
    broken = data[:start] + chunk(b"IDAT", short) + chunk(b"IEND", b"")
    assert render(broken).partial
    enough = zlib.compress(bytes((1 + 640 * 3) * 480))
    whole = render(data[:start] + chunk(b"IDAT", enough) + chunk(b"IEND", b""))
    assert (whole.color, whole.partial) == ("#000000", False)


def test_a_stream_longer_than_the_picture_is_not_inflated_to_its_end() -> None:
    data = pictures.saved(pictures.photo(), "PNG")
    start = data.index(b"IDAT") - 4
    bomb = chunk(b"IDAT", zlib.compress(bytes(400_000_000), 9))
    image, download = opened(data[:start] + bomb + chunk(b"IEND", b""))
    strips = list(png.png_strips(image, download, 64))
    assert sum(strip.height for strip in strips) == 480
