"""Pictures like those that users of other image services reported as shown wrong or rejected.

Each is remade from scratch. Colors are what Chromium shows; of a HEIC, what it shows of an AVIF.
"""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import pytest
from PIL import Image

from contract.record import Reason
from resizer.failures import UnusableImage
from resizer.rendition import Rendition
from tests.integration.resizer import test_engine_camera_raw as camera_raw
from tests.integration.resizer import test_engine_color as color
from tests.integration.resizer import test_engine_tiff as tiff
from tests.integration.resizer import test_engine_transparency as transparency
from tests.integration.resizer.rendering import pixels, render
from tools import pictures
from tools.hostile_pictures import png_chunk

Point = tuple[float, float]  # shares of width and height
MIDDLE, CORNER = (0.5, 0.5), (0.02, 0.02)
GRAY, RED = color.GRAY, color.RED
MAGENTA_OF_16_BITS = (60_000, 30_000, 33_500)


class Case(NamedTuple):
    data: Callable[[], bytes]
    color: tuple[int, ...] | None = None
    alpha: int | None = None
    tolerance: int = 10
    at: Point = MIDDLE
    size: tuple[int, int] | None = None
    or_reason: Reason | None = None  # a rejection with this reason is right, too


def png_with(kind: bytes, data: bytes, crc: int = 0) -> bytes:
    """A photo with one more chunk after its header; `crc` is added to the right one."""
    file = pictures.saved(pictures.photo(320, 240), "PNG")
    chunk = png_chunk(kind, data)
    wrong = (int.from_bytes(chunk[-4:]) + crc) % 2**32
    return file[:33] + chunk[:-4] + wrong.to_bytes(4) + file[33:]


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def photo(image_format: str) -> bytes:
    return pictures.saved(pictures.photo(320, 240), image_format)


def of_linear_profile(image_format: str, mode: str = "RGB") -> bytes:
    """Its profile says "sRGB linear", whose curve is a line."""
    columns = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
    icc = pictures.rgb_profile("sRGB linear", columns, gamma=1.0)
    if mode == "LA":
        icc = pictures.gray_profile(1.0)
    middle = (128, 255) if mode == "LA" else GRAY
    return pictures.saved(Image.new(mode, (64, 64), middle), image_format, icc_profile=icc)


def jpeg_with_empty_jfif() -> bytes:
    data = photo("JPEG")
    (length,) = struct.unpack(">H", data[4:6])
    return data[:2] + b"\xff\xe0\x00\x07JFIF\0" + data[4 + length :]


def gif_with_empty_extension() -> bytes:
    data = transparency.gif([0, 1], canvas=(40, 40))
    at = 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + b"!\xff\0" + data[at:]


def animated_gif() -> bytes:
    """The second frame covers the middle, which the first leaves free."""
    data = transparency.gif([0, 1], canvas=(100, 100))
    start = 13 + 3 * (2 << (data[10] & 7))
    frame = data[data.index(b",", start) : -1]
    control = b"!\xf9\4\4\12\0\0\0"
    second = frame[:1] + struct.pack("<HH", 40, 40) + frame[5:]
    return data[:start] + control + frame + control + second + b";"


def avif_with_two_associations() -> bytes:
    """Early encoders wrote an `ipma` for the picture and another one for its alpha channel."""
    data = pictures.saved(Image.new("RGBA", (64, 64), (*RED, 128)), "AVIF", quality=90)
    at = data.index(b"ipma") - 4
    (length,) = struct.unpack(">I", data[at : at + 4])
    box = data[at : at + length]
    entries, start = [], 16
    for _ in range(2):
        end = start + 3 + box[start + 2]  # an item id, a count, a byte for each property
        entries.append(box[start:end])
        start = end
    head = box[4:12]  # of version 0 and flags 0
    boxes = [struct.pack(">I", 16 + len(entry)) + head + b"\0\0\0\1" + entry for entry in entries]
    changed = data[:at] + b"".join(boxes) + data[at + length :]
    added = sum(map(len, boxes)) - length
    for outer in (b"meta", b"iprp"):
        changed = lengthened(changed, changed.index(outer) - 4, added)
    return with_items_moved(changed, added)


def lengthened(data: bytes, at: int, by: int) -> bytes:
    return data[:at] + struct.pack(">I", int.from_bytes(data[at : at + 4]) + by) + data[at + 4 :]


def with_items_moved(data: bytes, by: int) -> bytes:
    """Of an `iloc` of version 0 whose items have one extent with an offset of 4 bytes."""
    at = data.index(b"iloc") + 4
    assert data[at : at + 6] == b"\0\0\0\0\x44\0"
    for item in range(int.from_bytes(data[at + 6 : at + 8])):
        data = lengthened(data, at + 8 + 14 * item + 6, by)
    return data


def raw_without_jpeg() -> bytes:
    """A preview of 32 x 32 pixels, and the sensor's data of 320 x 240."""
    return camera_raw.raw([], {tiff.WIDTH: [32], tiff.HEIGHT: [32], tiff.CFA: [0, 1, 1, 2]})


def of_layout(name: str, order: str = "<", version: str = "TIFF") -> bytes:
    return tiff.stored(tiff.PICTURES[name], order, version)


def deep_tiff(*samples: int, order: str = "<", version: str = "TIFF", **tags: int) -> bytes:
    """16 bits a sample; in planes if `planes` is 2."""
    planes = [[sample] for sample in samples] if tags.get("planes") == 2 else [samples]
    picture = tiff.Picture(
        {
            tiff.BITS: [16] * len(samples),
            tiff.PHOTOMETRIC: [tags.get("photometric", 2 if len(samples) == 3 else 1)],
            tiff.SAMPLES: [len(samples)],
            tiff.PLANES: [tags.get("planes", 1)],
        },
        planes,
        (),
    )
    return tiff.stored(picture, order, version)


def float_tiff() -> bytes:
    tags = {tiff.BITS: [32] * 3, tiff.PHOTOMETRIC: [2], tiff.SAMPLES: [3], tiff.KIND: [3] * 3}
    return tiff.tiff([struct.pack("<3f", 0.9, 0.45, 0.5) * tiff.SIDE**2], tags)


def checkered() -> bytes:
    """Red and blue by turns: halved color resolution makes violet of them."""
    image = Image.new("RGB", (16, 16))
    image.putdata(
        [(255, 0, 0) if (x + y) % 2 == 0 else (0, 0, 255) for y in range(16) for x in range(16)]
    )
    return pictures.saved(image, "PNG")


ADOBE_CHRM = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
LIGHT = (188, 188, 188)
MAGENTA = (234, 117, 131)
CASES = {
    "PNG of linear light by gAMA": Case(lambda: color.png(GRAY, [color.gama(100_000)]), LIGHT),
    "PNG of P3 by cHRM": Case(
        lambda: color.png(RED, [color.gama(45_455), color.chrm(color.P3_CHRM)]), (219, 37, 13)
    ),
    "PNG of Adobe RGB by cHRM": Case(
        lambda: color.png(RED, [color.gama(45_455), color.chrm(ADOBE_CHRM)]), (231, 57, 34)
    ),
    "PNG of P3 by cICP": Case(lambda: color.png(RED, [color.cicp(12, 13)]), (217, 42, 23)),
    "PNG of HLG by cICP": Case(
        lambda: color.png(GRAY, [color.cicp(9, 18)]), (99,) * 3, tolerance=20
    ),
    "AVIF of P3 by nclx": Case(lambda: color.heif(RED, "AVIF", 12, 13), (216, 42, 21)),
    "AVIF of PQ by nclx": Case(
        lambda: color.heif((148,) * 3, "AVIF", 9, 16), (187,) * 3, tolerance=25
    ),
    "HEIC of P3 by nclx": Case(lambda: color.heif(RED, "HEIF", 12, 13), (218, 41, 23)),
    "BMP of linear light by its profile": Case(
        lambda: color.bmp(GRAY, b"DEBM", color.LINEAR_PROFILE), LIGHT
    ),
    "PNG of a linear profile with sRGB's name": Case(lambda: of_linear_profile("PNG"), LIGHT),
    "JPEG of a linear profile with sRGB's name": Case(lambda: of_linear_profile("JPEG"), LIGHT),
    "WebP of a linear profile with sRGB's name": Case(lambda: of_linear_profile("WEBP"), LIGHT),
    "gray PNG of a linear profile, with alpha": Case(lambda: of_linear_profile("PNG", "LA"), LIGHT),
    "GIF larger than its frame": Case(lambda: transparency.gif([0, 1]), alpha=0, at=CORNER),
    "GIF whose first frame is the smaller one": Case(animated_gif, alpha=0),
    "TIFF of 16 bits whose white is zero": Case(
        lambda: deep_tiff(300, photometric=0), (254,) * 3, at=CORNER
    ),
    "TIFF of 16 bits in planes": Case(lambda: deep_tiff(*MAGENTA_OF_16_BITS, planes=2), MAGENTA),
    "TIFF with a palette of 8 bits": Case(
        lambda: of_layout("palette of 8 bits"), (100, 44, 244), tolerance=6
    ),
    "gray TIFF of 16 bits, big-endian": Case(
        lambda: deep_tiff(33_400, order=">"), (130,) * 3, tolerance=6
    ),
    "gray TIFF multiplied by alpha": Case(
        lambda: of_layout("gray multiplied by alpha"), (199,) * 3, alpha=128
    ),
    "BigTIFF, big-endian": Case(
        lambda: deep_tiff(*MAGENTA_OF_16_BITS, order=">", version="BigTIFF"), MAGENTA
    ),
    "TIFF of floats": Case(float_tiff, or_reason=Reason.UNSUPPORTED_FORMAT),
    "BMP of 4444": Case(
        lambda: transparency.bmp(16, transparency.M4444, 0xFC52, header=124),
        (204, 85, 34),
        alpha=255,
        or_reason=Reason.UNSUPPORTED_FORMAT,
    ),
    "PNG with 2 MB of text": Case(
        lambda: png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000)))
    ),
    "PNG with a profile of 1.5 MB": Case(
        lambda: png_with(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_500_000)))
    ),
    "PNG with a wrong checksum in its text": Case(
        lambda: png_with(b"tEXt", b"Comment\0hello", crc=1)
    ),
    "PNG with a short pHYs": Case(lambda: png_with(b"pHYs", bytes(4))),
    "JPEG with an empty JFIF segment": Case(jpeg_with_empty_jfif, size=(320, 240)),
    "GIF with an empty extension": Case(gif_with_empty_extension),
    "half a JPEG": Case(lambda: cut(photo("JPEG"), 0.5), size=(320, 240)),
    "four fifths of a GIF": Case(lambda: cut(photo("GIF"), 0.8), size=(320, 240)),
    "half a PNG": Case(lambda: cut(photo("PNG"), 0.5), size=(320, 240)),
    "half a BMP": Case(lambda: cut(photo("BMP"), 0.5), size=(320, 240)),
    "AVIF with two ipma": Case(avif_with_two_associations, RED, alpha=128),
    "camera raw without a JPEG": Case(
        raw_without_jpeg, size=(320, 240), or_reason=Reason.UNSUPPORTED_FORMAT
    ),
    "gray PNG of 16 bits with a transparent gray": Case(
        lambda: transparency.keyed_png(16, [[0x7530]], [0x7530]), alpha=0
    ),
    "BMP of 1555": Case(lambda: transparency.bmp(16, transparency.M1555, 0x6545), alpha=0),
    "PNG of pixel art": Case(checkered, (255, 0, 0), tolerance=40),
}


def rendered(case: Case) -> Rendition | str:
    """The thumbnails, or the reason why there are none."""
    try:
        return render(case.data())
    except UnusableImage as exc:
        return exc.reason


@pytest.mark.parametrize("name", CASES)
def test_a_picture_like_a_reported_one_is_right(name: str) -> None:
    case = CASES[name]
    result = rendered(case)
    if isinstance(result, str):
        assert result == case.or_reason
        return
    assert case.size in {None, (result.width, result.height)}
    largest = pixels(result.thumbnails[max(result.thumbnails)]).convert("RGBA")
    at = [int(share * length) for share, length in zip(case.at, largest.size, strict=True)]
    found = largest.getpixel((at[0], at[1]))
    assert isinstance(found, tuple)
    expected = (*(case.color or found[:3]), found[3] if case.alpha is None else case.alpha)
    assert all(abs(a - b) <= case.tolerance for a, b in zip(found, expected, strict=True)), found
