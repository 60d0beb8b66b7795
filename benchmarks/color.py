"""Compare colors with those that Chromium shows: every source of color, format, depth and alpha.

    make bench-color                                   (sharp: see benchmarks/RESULTS.md)

Prints a table in Markdown. Each picture has the same patches, and a thumbnail of the same size. A
row has Chromium's color of one patch and, of each engine, the largest difference in levels of 255
between the middle of a patch and the same in Chromium, over all channels, on white: opaque / with
alpha. What Chromium cannot show is compared with what it shows of the same in another format.
"""

import importlib
import json
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pillow_heif
from PIL import Image, UnidentifiedImageError

from benchmarks.resize.engines import Sharp
from resizer.engine.body import Body
from resizer.engine.color_coding import LINEAR, PRIMARIES, Coding, Curve, profile
from resizer.engine.encode import Encoding
from resizer.failures import UnusableImage
from resizer.thumbnails import make_thumbnails
from tools import pictures
from tools.chromium import shown_by_chromium
from tools.hostile_pictures import png_chunk

Color = tuple[int, ...]
Chunks = Sequence[tuple[bytes, bytes]]

WIDTH = 400
SIDE, COLUMNS = 32, 6  # pixels of a patch; patches in a row
LEVELS = (0, 20, 60, 128, 200, 255)
GRAYS: list[Color] = [(level, level, level) for level in LEVELS]
COLORS: list[Color] = [
    *GRAYS,
    *((200, 60, 40), (60, 180, 60), (40, 60, 200), (220, 200, 60), (150, 100, 80), (90, 200, 210)),
]
RED = 6  # the patch whose color a row shows
ALPHA = 128
FINE = Encoding(jpeg_quality=97, webp_quality=97, avif_quality=97)  # the encoder adds little
SRGB = 1, 13  # code points of ITU-T H.273: primaries and transfer
P3 = Coding(PRIMARIES[12], Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
OF_LINEAR_LIGHT = Coding(PRIMARIES[1], LINEAR)
P3_CHRM = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
GAMMA_22 = b"gAMA", struct.pack(">I", 45_455)


class Row(NamedTuple):
    source: str
    image_format: str
    depth: int
    alpha: bool
    data: bytes
    reference: bytes | None = None  # the same picture, for Chromium


def patches(colors: Sequence[Color], alpha: bool) -> Image.Image:
    rows = -(-len(colors) // COLUMNS)
    image = Image.new("RGBA" if alpha else "RGB", (SIDE * COLUMNS, SIDE * rows))
    for number, color in enumerate(colors):
        row, column = divmod(number, COLUMNS)
        # Half of the patches are transparent to a half.
        full = (*color, ALPHA if number % 2 else 255) if alpha else color
        image.paste(full, (column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE))
    return image


def png(image: Image.Image, chunks: Chunks, depth: int) -> bytes:
    """In 16 bits, 255 becomes 65535."""
    kind = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}[image.mode]
    width, height = image.size
    samples = image.tobytes()
    if depth == 16:
        samples = bytes(byte for sample in samples for byte in (sample, sample))
    stride = len(samples) // height
    rows = b"".join(b"\0" + samples[at : at + stride] for at in range(0, len(samples), stride))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def cicp(primaries: int, transfer: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes((primaries, transfer, 0, 1))


def nclx(image: Image.Image, image_format: str, code: tuple[int, int]) -> bytes:
    """AVIF or HEIC of 8 bits that says `code`, in place of what its encoder says."""
    options: dict[str, Any] = (
        {"subsampling": "4:4:4"} if image_format == "AVIF" else {"chroma": 444}
    )
    data = pictures.saved(image, image_format, quality=100, **options)
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", *code) + data[at + 4 :]


def deep_heic(image: Image.Image, code: tuple[int, int]) -> bytes:
    """Of 10 bits."""
    samples = bytes(byte for sample in image.tobytes() for byte in (sample, sample))
    wide = pillow_heif.from_bytes(f"{image.mode};16", image.size, samples)
    file = BytesIO()
    coding = {"color_primaries": code[0], "transfer_characteristics": code[1]}
    wide.save(file, quality=-1, chroma=444, full_range_flag=1, matrix_coefficients=6, **coding)
    return file.getvalue()


def bmp(image: Image.Image, kind: bytes, fields: bytes, icc: bytes = b"") -> bytes:
    """With a V5 header: `kind` is bV5CSType, `fields` are endpoints and gammas."""
    rows = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGR")
    header = struct.pack("<IiiHHIIiiII", 124, *image.size, 1, 24, 0, len(rows), 0, 0, 0, 0)
    header += bytes(16) + kind + fields.ljust(48, b"\0")
    header += struct.pack("<IIII", 4, 124 + len(rows), len(icc), 0)
    size = 14 + len(header) + len(rows) + len(icc)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 138) + header + rows + icc


def endpoints(primaries: Sequence[float], gamma: float) -> bytes:
    """CIEXYZTRIPLE in 2.30 fixed point, and three gammas in 16.16."""
    fields = b""
    for x, y in zip(primaries[0:6:2], primaries[1:6:2], strict=True):
        fields += struct.pack("<3i", *(round(v * 2**30) for v in (x, y, 1 - x - y)))
    return fields + struct.pack("<3I", *[round(gamma * 2**16)] * 3)


OF_PNG: Mapping[str, Chunks] = {
    "nothing": [],
    "sRGB, and a gAMA that it overrules": [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))],
    "gAMA, linear light": [(b"gAMA", struct.pack(">I", 100_000))],
    "gAMA, 1.8": [(b"gAMA", struct.pack(">I", 55_556))],
    "gAMA and cHRM, P3": [GAMMA_22, (b"cHRM", P3_CHRM)],
    "cICP, P3": [cicp(12, 13)],
    "cICP, linear light": [cicp(1, 8)],
    "cICP, PQ": [cicp(9, 16)],
    "cICP, HLG": [cicp(9, 18)],
}
OF_VIDEO = {"nclx, P3": (12, 13), "nclx, PQ": (9, 16), "nclx, HLG": (9, 18)}
OF_ICC = {"ICC, P3": profile(P3), "ICC, linear light": profile(OF_LINEAR_LIGHT)}
ENCODERS: Mapping[str, dict[str, Any]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": 100, "chroma": 444},
    "TIFF": {},
}
SHOWN_BY_CHROMIUM = frozenset({"JPEG", "WEBP", "AVIF"})


def rows() -> Iterable[Row]:
    for alpha in (False, True):
        image = patches(COLORS, alpha)
        for source, chunks in OF_PNG.items():
            for depth in (8, 16):
                yield Row(source, "PNG", depth, alpha, png(image, chunks, depth))
        yield from of_profiles(image, alpha)
        for source, code in OF_VIDEO.items():
            avif = nclx(image, "AVIF", code)
            yield Row(source, "AVIF", 8, alpha, avif)
            yield Row(source, "HEIC", 8, alpha, nclx(image, "HEIF", code), avif)
            yield Row(source, "HEIC", 10, alpha, deep_heic(image, code), avif)
    yield from of_gray()
    image = patches(COLORS, alpha=False)
    for source, icc in OF_ICC.items():
        yield Row(source, "BMP", 8, False, bmp(image, b"DEBM", b"", icc))
    for source, primaries, gamma in (("linear light", 1, 1.0), ("P3", 12, 2.2)):
        fields = endpoints(PRIMARIES[primaries], gamma)
        yield Row(f"V4 endpoints, {source}", "BMP", 8, False, bmp(image, bytes(4), fields))


def of_profiles(image: Image.Image, alpha: bool) -> Iterable[Row]:
    for source, icc in {"nothing": b"", **OF_ICC}.items():
        with_profile = {"icc_profile": icc} if icc else {}
        reference = pictures.saved(image, "PNG", **with_profile)
        if icc:
            yield Row(source, "PNG", 8, alpha, reference)
            chunk = b"iCCP", b"a\0\0" + zlib.compress(icc)
            yield Row(source, "PNG", 16, alpha, png(image, [chunk], 16))
        for image_format, options in ENCODERS.items():
            if alpha and image_format == "JPEG":
                continue
            data = pictures.saved(image, image_format, **options, **with_profile)
            shown = None if image_format in SHOWN_BY_CHROMIUM else reference
            name = {"HEIF": "HEIC", "WEBP": "WebP"}.get(image_format, image_format)
            yield Row(source, name, 8, alpha, data, shown)


def of_gray() -> Iterable[Row]:
    icc = pictures.gray_profile(1.0)
    for alpha in (False, True):
        image = patches(GRAYS, alpha).convert("LA" if alpha else "L")
        data = pictures.saved(image, "PNG", icc_profile=icc)
        yield Row("ICC, gray", "PNG", 8, alpha, data)
        chunk = b"iCCP", b"a\0\0" + zlib.compress(icc)
        yield Row("ICC, gray", "PNG", 16, alpha, png(image, [chunk], 16))
    image = patches(GRAYS, alpha=False).convert("L")
    for image_format, reference in (
        ("JPEG", None),
        ("TIFF", pictures.saved(image, "PNG", icc_profile=icc)),
    ):
        data = pictures.saved(image, image_format, icc_profile=icc)
        yield Row("ICC, gray", image_format, 8, False, data, reference)


def on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def ours(data: bytes) -> Image.Image:
    thumbnail = make_thumbnails(Body(data), [WIDTH], encoding=FINE).thumbnails[WIDTH]
    return on_white(pictures.opened(thumbnail.data))


def libvips(data: bytes) -> Image.Image:
    pyvips = importlib.import_module("pyvips")
    image = pyvips.Image.thumbnail_buffer(data, WIDTH, size="down", export_profile="srgb")
    image = image.flatten(background=255) if image.hasalpha() else image
    image = image.colourspace("srgb").cast("uchar")
    size = image.width, image.height
    return Image.frombytes("RGB", size, image.write_to_memory())


def of_sharp(sharp: Sharp, data: bytes) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture"
        file.write_bytes(data)
        sharp.ask(file, raw=str(file))
        info = json.loads(Path(f"{file}.{WIDTH}.json").read_text())
        mode = "RGB" if info["channels"] == 3 else "L"
        raw = Path(f"{file}.{WIDTH}").read_bytes()
        return Image.frombytes(mode, (info["width"], info["height"]), raw).convert("RGB")


def middles(image: Image.Image) -> list[Color]:
    """The color in the middle of each patch."""
    points = [
        (column + SIDE // 2, row + SIDE // 2)
        for row in range(0, image.height, SIDE)
        for column in range(0, image.width, SIDE)
    ]
    colors = [image.getpixel(point) for point in points]
    return [color for color in colors if isinstance(color, tuple)]


def cell(engine: Callable[[bytes], Image.Image], data: bytes, expected: Sequence[Color]) -> str:
    """The largest difference, or a dash if the engine rejects the picture."""
    try:
        found = middles(engine(data))
    except (UnusableImage, UnidentifiedImageError, ValueError, RuntimeError) as exc:
        return f"– ({type(exc).__name__})" if isinstance(exc, RuntimeError) else "–"
    except importlib.import_module("pyvips").Error:
        return "–"
    if len(found) != len(expected):
        return "another size"
    pairs = zip(found, expected, strict=True)
    return str(max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)))


def main() -> None:
    sharp = Sharp()
    engines: dict[str, Callable[[bytes], Image.Image]] = {
        "ours": ours,
        "libvips": libvips,
        "sharp": lambda data: of_sharp(sharp, data),
    }
    made = sorted(rows(), key=itemgetter(0, 1, 2, 3))
    shown = shown_by_chromium([row.reference or row.data for row in made])
    lines: dict[tuple[str, str, int], list[list[str]]] = {}
    for row, image in zip(made, shown, strict=True):
        assert image, f"Chromium does not show {row[:4]}"
        expected = middles(on_white(image))
        color = " ".join(map(str, expected[min(RED, len(expected) - 3)]))
        cells = [cell(engine, row.data, expected) for engine in engines.values()]
        lines.setdefault(row[:3], []).append([color, *cells])
    print(f"| source of color | format | bits | Chromium | {' | '.join(engines)} |")
    print("| --- " * (4 + len(engines)) + "|")
    for key, (opaque, *transparent) in lines.items():
        with_alpha = [row[1:] for row in transparent]
        both = [" / ".join(cells) for cells in zip(opaque[1:], *with_alpha, strict=True)]
        print(f"| {' | '.join([*map(str, key), opaque[0], *both])} |")


if __name__ == "__main__":
    main()
