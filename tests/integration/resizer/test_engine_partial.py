"""Cut files: of a JPEG, PNG, GIF or BMP what is there is shown, and the rest is transparent."""

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

import pytest
from PIL import Image

from resizer.engine import partial, png
from resizer.engine.body import Body
from resizer.engine.encode import Encoding
from resizer.engine.limits import Limits
from resizer.engine.partial import ADAM7
from resizer.failures import UnusableImage
from resizer.rendition import Rendition
from tests.integration.resizer.rendering import difference, pixels, render
from tools import pictures
from tools.hostile_pictures import png_chunk

WIDTH, HEIGHT = 317, 233
FINE = Encoding(format="webp", webp_quality=97)  # with or without alpha
LOSSLESS = 1.0  # mean difference of 255
SHOWN = Limits(min_decoded_share=0.01)


def picture(mode: str = "RGB") -> Image.Image:
    return pictures.photo_of_mode(mode, WIDTH, HEIGHT)


def interlaced_png(image: Image.Image) -> bytes:
    """Pillow writes none."""
    color_type, size = {"L": (0, 1), "RGB": (2, 3), "P": (3, 1), "RGBA": (6, 4)}[image.mode]
    data, raw = image.tobytes(), b""
    for part in ADAM7:
        for y in range(part.top, image.height, part.down):
            starts = ((y * image.width + x) * size for x in range(part.left, WIDTH, part.across))
            raw += b"\0" + b"".join(data[start : start + size] for start in starts)
    palette = png_chunk(b"PLTE", bytes(image.getpalette() or ())) if image.mode == "P" else b""
    header = struct.pack(">IIBBBBB", *image.size, 8, color_type, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + palette
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )


def run_length_bmp(image: Image.Image) -> bytes:
    """Of one run for each pixel."""
    palette = bytes(image.getpalette() or ())
    colors = b"".join(palette[at : at + 3][::-1].ljust(4, b"\0") for at in range(0, 768, 3))
    rows = [image.tobytes()[y * WIDTH : (y + 1) * WIDTH] for y in reversed(range(HEIGHT))]
    runs = b"".join(b"".join(bytes((1, pixel)) for pixel in row) + b"\0\0" for row in rows)
    start = 54 + 1024
    head = b"BM" + struct.pack("<IHHI", start + len(runs) + 2, 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return head + info + colors.ljust(1024, b"\0") + runs + b"\0\1"


def top_down_bmp(image: Image.Image) -> bytes:
    data, row = pictures.saved(image, "BMP"), (WIDTH * 3 + 3) // 4 * 4
    rows = [data[54 + y * row : 54 + (y + 1) * row] for y in reversed(range(HEIGHT))]
    return data[:22] + struct.pack("<i", -HEIGHT) + data[26:54] + b"".join(rows)


KINDS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: pictures.saved(picture(), "JPEG", quality=90),
    "JPEG 4:4:4": lambda: pictures.saved(picture(), "JPEG", subsampling="4:4:4"),
    "JPEG restarts": lambda: pictures.saved(picture(), "JPEG", restart_marker_blocks=3),
    "JPEG gray": lambda: pictures.saved(picture("L"), "JPEG"),
    "JPEG CMYK": lambda: pictures.saved(picture("CMYK"), "JPEG"),
    "PNG 1": lambda: pictures.saved(picture("1"), "PNG"),
    "PNG L": lambda: pictures.saved(picture("L"), "PNG"),
    "PNG LA": lambda: pictures.saved(picture("LA"), "PNG"),
    "PNG P": lambda: pictures.saved(picture("P"), "PNG"),
    "PNG RGB": lambda: pictures.saved(picture(), "PNG"),
    "PNG RGBA": lambda: pictures.saved(picture("RGBA"), "PNG"),
    "PNG 16 bits": lambda: pictures.saved(picture("I;16"), "PNG"),
    "GIF": lambda: pictures.saved(picture("P"), "GIF", interlace=0),
    "GIF transparent": lambda: pictures.saved(picture("P"), "GIF", interlace=0, transparency=3),
    "BMP": lambda: pictures.saved(picture(), "BMP"),
    "BMP P": lambda: pictures.saved(picture("P"), "BMP"),
    "BMP top-down": lambda: top_down_bmp(picture()),
    "BMP run length": lambda: run_length_bmp(picture("P")),
}
INTERLACED: dict[str, Callable[[], bytes]] = {
    "PNG L": lambda: interlaced_png(picture("L")),
    "PNG P": lambda: interlaced_png(picture("P")),
    "PNG RGB": lambda: interlaced_png(picture()),
    "PNG RGBA": lambda: interlaced_png(picture("RGBA")),
    "GIF": lambda: pictures.saved(picture("P"), "GIF", interlace=1),
}
PROGRESSIVE: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: pictures.saved(picture(), "JPEG", progressive=True),
    "JPEG restarts": lambda: pictures.saved(
        picture(), "JPEG", progressive=True, restart_marker_blocks=3
    ),
    "JPEG gray": lambda: pictures.saved(picture("L"), "JPEG", progressive=True),
    "JPEG CMYK": lambda: pictures.saved(picture("CMYK"), "JPEG", progressive=True),
}


@lru_cache
def whole(kind: str) -> bytes:
    return (KINDS | {f"interlaced {name}": make for name, make in INTERLACED.items()})[kind]()


def shown(made: Rendition) -> Image.Image:
    return pixels(made.thumbnails[400])


def cut(data: bytes, percent: int) -> bytes:
    return data[: len(data) * percent // 100]


def visible_rows(image: Image.Image) -> tuple[int, int]:
    """The first and the one after the last that have a pixel that is not transparent."""
    box = image.convert("RGBA").getchannel("A").getbbox()
    return (0, 0) if box is None else (box[1], box[3])


@pytest.mark.parametrize("percent", [35, 50, 65, 80, 95])
@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_that_are_there_are_those_of_the_whole_picture(kind: str, percent: int) -> None:
    data = whole(kind)
    made = render(cut(data, percent), limits=SHOWN, encoding=FINE)
    assert made.partial
    image, expected = shown(made).convert("RGBA"), shown(render(data, encoding=FINE))
    top, bottom = visible_rows(image)
    assert (bottom == HEIGHT) == (kind in {"BMP", "BMP P", "BMP run length"})
    assert 0.15 * HEIGHT < bottom - top < HEIGHT
    box = (0, top + 1, WIDTH, bottom - 1)
    assert difference(image.crop(box), expected.crop(box)) < LOSSLESS


@pytest.mark.parametrize("kind", ["BMP", "BMP top-down", "BMP P"])
@pytest.mark.parametrize("percent", range(30, 100, 10))
def test_the_share_of_a_bitmaps_rows_is_that_of_its_bytes(kind: str, percent: int) -> None:
    top, bottom = visible_rows(shown(render(cut(whole(kind), percent))))
    assert bottom - top == pytest.approx(HEIGHT * percent / 100, abs=3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG RGB", "PNG P", "GIF", "BMP"])
def test_too_few_rows_are_a_corrupt_picture(kind: str) -> None:
    data = cut(whole(kind), 60)
    top, bottom = visible_rows(shown(render(data)))
    share = (bottom - top) / HEIGHT
    assert render(data, limits=Limits(min_decoded_share=share - 0.02)).partial
    with pytest.raises(UnusableImage, match="corrupt_image"):
        render(data, limits=Limits(min_decoded_share=share + 0.02))


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_not_partial(kind: str) -> None:
    assert not render(whole(kind)).partial


@pytest.mark.parametrize("make", [*PROGRESSIVE.values(), KINDS["JPEG"], KINDS["JPEG restarts"]])
def test_a_jpeg_that_lacks_its_end_marker_alone_is_whole(make: Callable[[], bytes]) -> None:
    data = make()
    for end in (len(data) - 1, len(data) - 2):
        made = render(data[:end])
        assert not made.partial
        assert made == render(data)


@pytest.mark.parametrize("percent", range(20, 100, 5))
@pytest.mark.parametrize("kind", PROGRESSIVE)
def test_a_progressive_picture_is_there_once_its_first_scan_is(kind: str, percent: int) -> None:
    data = PROGRESSIVE[kind]()
    first_scan = data.index(b"\xff\xda")
    end_of_first = data.index(b"\xff\xc4", first_scan)
    made = render(cut(data, percent), limits=SHOWN)
    if len(cut(data, percent)) > end_of_first:
        assert shown(made).mode == shown(render(data)).mode  # no transparent row
    assert made.partial


@pytest.mark.parametrize("kind", PROGRESSIVE)
def test_a_progressive_picture_cut_in_its_first_scan_shows_no_gray(kind: str) -> None:
    data = PROGRESSIVE[kind]()
    first_scan = data.index(b"\xff\xda")
    end = (first_scan + data.index(b"\xff\xc4", first_scan)) // 2
    top, bottom = visible_rows(shown(render(data[:end], limits=SHOWN)))
    assert 0 == top < bottom < 0.8 * HEIGHT


@pytest.mark.parametrize("percent", [60, 80])
def test_a_large_progressive_picture_is_pruned_where_it_is_cut(percent: int) -> None:
    data = pictures.saved(pictures.photo(4000, 3000), "JPEG", progressive=True)
    made = render(cut(data, percent))
    assert made.partial
    assert difference(shown(made), shown(render(data))) < 3


@pytest.mark.parametrize("percent", [30, 50, 75, 95])
@pytest.mark.parametrize("kind", INTERLACED)
def test_an_interlaced_picture_becomes_coarse_not_short(kind: str, percent: int) -> None:
    data = whole(f"interlaced {kind}")
    made = render(cut(data, percent), encoding=FINE)
    assert made.partial
    assert visible_rows(shown(made))[1] == visible_rows(shown(render(data)))[1]
    assert difference(shown(made), shown(render(data, encoding=FINE))) < 12


@pytest.mark.parametrize("kind", INTERLACED)
def test_a_whole_interlaced_picture_is_not_partial(kind: str) -> None:
    made = render(whole(f"interlaced {kind}"))
    assert not made.partial
    ended = render(whole(f"interlaced {kind}")[:-1])
    assert (ended.partial, ended.thumbnails) == (False, made.thumbnails)


@pytest.mark.parametrize("percent", [30, 60, 90])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_png_decoded_in_strips_is_shown_as_far_as_one_decoded_whole(
    monkeypatch: pytest.MonkeyPatch, mode: str, percent: int
) -> None:
    data = cut(whole(f"PNG {mode}"), percent)
    expected = render(data, limits=SHOWN)
    monkeypatch.setattr(png, "PIXELS_WORTH_IT", 1)
    made = render(data, limits=SHOWN)
    assert made.partial
    assert visible_rows(shown(made)) == visible_rows(shown(expected))
    assert difference(shown(made), shown(expected)) < LOSSLESS


def test_damage_in_the_middle_of_a_png_ends_it() -> None:
    data = bytearray(whole("PNG RGB"))
    middle = len(data) * 3 // 4
    data[middle : middle + 40] = bytes(40)
    for worth_it in (png.PIXELS_WORTH_IT, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(png, "PIXELS_WORTH_IT", worth_it)
            made = render(bytes(data))
        assert made.partial
        assert 0.3 * HEIGHT < visible_rows(shown(made))[1] < HEIGHT


def test_an_upright_picture_is_cut_where_its_stored_one_is() -> None:
    data = pictures.saved(picture(), "JPEG", exif=pictures.exif(6))  # turned right to be upright
    made = render(cut(data, 70))
    assert (made.width, made.height, made.partial) == (HEIGHT, WIDTH, True)
    box = shown(made).convert("RGBA").getchannel("A").getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert (top, right, bottom) == (0, HEIGHT, WIDTH)
    assert left > 0


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
@pytest.mark.parametrize("image_format", ["PNG", "GIF", "BMP"])
def test_rows_of_the_color_of_missing_ones_count_if_they_are_there(
    image_format: str, color: tuple[int, int, int]
) -> None:
    image = picture()
    image.paste(color, (0, 100, WIDTH, HEIGHT - 40))
    options = {"interlace": 0} if image_format == "GIF" else {}
    data = pictures.saved(image, image_format, **options)
    with_end, without = render(data), render(data[:-60])
    assert without.partial or image_format == "GIF"
    top, bottom = visible_rows(shown(without))
    assert bottom - top > 0.8 * HEIGHT
    box = (0, top + 2, WIDTH, bottom - 2)
    assert difference(shown(without).crop(box), shown(with_end).crop(box)) < 4


def test_a_cut_picture_of_one_color_is_corrupt() -> None:
    """No row could be told from a missing one."""
    data = pictures.saved(Image.new("P", (300, 200)), "GIF")
    with pytest.raises(UnusableImage, match="corrupt_image"):
        render(data[: len(data) // 2])


@pytest.mark.parametrize("image_format", ["WEBP", "AVIF", "HEIF", "TIFF"])
@pytest.mark.parametrize("percent", range(10, 100, 10))
def test_what_browsers_do_not_show_is_corrupt_wherever_it_is_cut(
    image_format: str, percent: int
) -> None:
    data = pictures.saved(picture(), image_format)
    with pytest.raises(UnusableImage, match="corrupt_image"):
        render(cut(data, percent))


def test_a_whole_picture_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(partial, "decode_cut", fail)
    monkeypatch.setattr("resizer.thumbnails.decode_cut", fail)
    for kind in KINDS:
        render(whole(kind))


def test_a_second_decode_needs_no_second_download() -> None:
    arrived: list[int] = []
    data = cut(whole("JPEG"), 50)
    body = Body(data, arrived.append)
    from resizer.thumbnails import make_thumbnails

    assert make_thumbnails(body, (200,)).partial
    assert max(arrived) == len(data)
