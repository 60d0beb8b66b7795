"""Generated pictures of every format, orientation, color profile and pixel layout."""

import struct
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw

pillow_heif.register_heif_opener()


def picture(width: int, height: int, color: str = "#c04020", mode: str = "RGB") -> Image.Image:
    """A picture with a white top left quarter, so that its orientation shows."""
    image = Image.new(mode, (width, height), color)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill="white")
    return image


def jpeg(width: int = 600, height: int = 400, color: str = "#c04020", **options: Any) -> bytes:
    return saved(picture(width, height, color), "JPEG", **options)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@lru_cache
def photo(width: int = 640, height: int = 480) -> Image.Image:
    """Smooth like a photo, with corners that all differ, so that any rotation shows."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    blobs = Image.effect_mandelbrot((width, height), (-2.2, -1.4, 1.0, 1.4), 60)
    image = Image.merge("RGB", (across, down, blobs))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 3, height // 4), fill=(220, 30, 30))
    draw.ellipse((width // 2, height // 2, width, height), fill=(20, 60, 200))
    return image


def noise(width: int, height: int) -> Image.Image:
    """Incompressible, for files of a given length."""
    return Image.frombytes("RGB", (width, height), Random(3).randbytes(width * height * 3))


def photo_of_mode(mode: str, width: int = 640, height: int = 480) -> Image.Image:
    image = photo(width, height)
    if mode in {"RGBA", "LA"}:
        image = image.convert("L" if mode == "LA" else "RGB")
        mask = Image.new("L", image.size, 255)
        ImageDraw.Draw(mask).rectangle((0, 0, width // 2, height // 2), fill=0)
        image.putalpha(mask)
        return image
    if mode == "P":
        return image.quantize(64)
    if mode == "I;16":
        return wide(image.convert("L"))
    return image.convert(mode)


def wide(gray: Image.Image) -> Image.Image:
    """8-bit gray as 16-bit gray: 255 becomes 65535."""
    low = gray.tobytes()
    return Image.frombytes("I;16", gray.size, bytes(b for value in low for b in (value, value)))


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def exif(orientation: int, order: str = "<") -> bytes:
    """An Exif block with one tag, the orientation."""
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = mark + struct.pack(f"{order}HIH", 42, 8, 1) + entry + bytes(4)
    return b"Exif\0\0" + tiff


def photo_exif() -> Image.Exif:
    """What a phone writes: camera, time with offset, and the place where the photo was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Apple", "iPhone 15 Pro"
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0x9011] = "2026:05:01 12:34:56", "+02:00"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (47.0, 22.0, 7.1), "E", (8.0, 32.0, 3.2)
    return exif


def stored_for(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels that a camera stores, which `orientation` turns into `upright`."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return upright.transpose(undo[orientation]) if orientation in undo else upright


def rgb_profile(name: str, primaries: Iterable[Iterable[float]], gamma: float = 2.2) -> bytes:
    """An ICC.1:2001 matrix profile: `primaries` are the D50 XYZ columns of red, green and blue."""
    curve = b"curv" + struct.pack(">4xIH2x", 1, round(gamma * 256))
    tags = [(b"desc", _description(name)), (b"cprt", b"text\0\0\0\0none\0\0\0\0")]
    tags += [(b"wtpt", _xyz((0.9642, 1.0, 0.8249)))]
    tags += [(t, _xyz(xyz)) for t, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)]
    tags += [(tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def gray_profile(gamma: float) -> bytes:
    curve = b"curv" + struct.pack(">4xIH2x", 1, round(gamma * 256))
    tags = [(b"desc", _description("Gray")), (b"cprt", b"text\0\0\0\0none\0\0\0\0")]
    tags += [(b"wtpt", _xyz((0.9642, 1.0, 0.8249))), (b"kTRC", curve)]
    return _profile(b"mntr", b"GRAY", b"XYZ ", tags)


def cmyk_profile() -> bytes:
    """A print profile with the smallest table: two points per ink."""
    table = bytearray()
    for point in range(16):
        cyan, magenta, yellow, black = ((point >> shift) & 1 for shift in (3, 2, 1, 0))
        light = max(0, 100 - 30 * cyan - 30 * magenta - 10 * yellow - 70 * black)
        a, b = 45 * magenta - 30 * cyan, 60 * yellow - 40 * cyan
        table += bytes((round(light * 2.55), 128 + a, 128 + b))
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x10000))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + bytes(table) + ramp * 3
    tags = [(b"desc", _description("Ink")), (b"cprt", b"text\0\0\0\0none\0\0\0\0")]
    tags += [(b"wtpt", _xyz((0.9642, 1.0, 0.8249))), (b"A2B0", lut)]
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def _xyz(values: Iterable[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _description(name: str) -> bytes:
    text = name.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)


def _profile(
    kind: bytes, space: bytes, connection: bytes, tags: list[tuple[bytes, bytes]]
) -> bytes:
    directory, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for signature, data in tags:
        directory += signature + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(
        ">I4sI4s4s4s", start + len(body), bytes(4), 0x02100000, kind, space, connection
    )
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + directory + body


DISPLAY_P3 = rgb_profile(
    "Display P3", ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
)
ADOBE_RGB = rgb_profile(
    "Adobe RGB (1998)",
    ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
)
