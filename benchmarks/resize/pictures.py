"""The pictures to measure with: a folder of real photos, by class, or generated ones."""

import csv
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pillow_heif
from PIL import Image, ImageChops, ImageFilter

pillow_heif.register_heif_opener()


class Picture(NamedTuple):
    kind: str
    path: Path


MADE = {
    "generated JPEG 3 MP": (2048, 1536, "JPEG", {"quality": 88}),
    "generated JPEG 12 MP": (4032, 3024, "JPEG", {"quality": 88}),
    "generated JPEG 24 MP": (6000, 4000, "JPEG", {"quality": 88}),
    "generated JPEG 48 MP": (8064, 6048, "JPEG", {"quality": 88}),
    "generated JPEG 110 MP": (12_248, 9000, "JPEG", {"quality": 80}),
    "generated progressive 12 MP": (4032, 3024, "JPEG", {"quality": 88, "progressive": True}),
    "generated progressive 24 MP": (6000, 4000, "JPEG", {"quality": 88, "progressive": True}),
    "generated PNG photo 2 MP": (1632, 1224, "PNG", {}),
    "generated PNG photo 12 MP": (4032, 3024, "PNG", {}),
    "generated PNG photo 48 MP": (8064, 6048, "PNG", {}),
    "generated WebP 12 MP": (4032, 3024, "WEBP", {"quality": 85}),
    "generated AVIF 12 MP": (4032, 3024, "AVIF", {"quality": 70, "speed": 10}),
    "generated HEIC 12 MP": (4032, 3024, "HEIF", {"quality": 70}),
}
LINEAR_LIGHT = b"gAMA", struct.pack(">I", 100_000)
PQ = b"cICP", bytes([9, 16, 0, 1])


def real(folder: Path) -> Iterator[Picture]:
    """The photos with their class in MANIFEST.csv; without one, each is its own class."""
    manifest = folder / "MANIFEST.csv"
    if manifest.exists():
        with manifest.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield Picture(row["class"], folder / row["file"])
    else:
        for path in sorted(folder.iterdir()):
            yield Picture(path.name, path)


def made(folder: Path) -> Iterator[Picture]:
    folder.mkdir(parents=True, exist_ok=True)
    for kind, (width, height, image_format, options) in MADE.items():
        path = folder / f"{kind.replace(' ', '_')}.{image_format.lower()}"
        if not path.exists():
            photo(width, height).save(path, image_format, **options)
        yield Picture(kind, path)
    for kind, (suffix, write) in DEEP.items():
        path = folder / f"{kind.replace(' ', '_')}.{suffix}"
        if not path.exists():
            write(path, photo(4032, 3024))
        yield Picture(kind, path)


def _deep_png(color: tuple[bytes, bytes]) -> Callable[[Path, Image.Image], None]:
    def write(path: Path, image: Image.Image) -> None:
        header = struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0)
        samples, row_bytes = _doubled(image), 6 * image.width
        rows = b"".join(
            b"\0" + samples[at : at + row_bytes] for at in range(0, len(samples), row_bytes)
        )
        chunks = [(b"IHDR", header), color, (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks))

    return write


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _deep_heic(path: Path, image: Image.Image) -> None:
    picture = pillow_heif.from_bytes("RGB;16", image.size, _doubled(image))
    picture.save(path, quality=70, color_primaries=9, transfer_characteristics=16)


def _doubled(image: Image.Image) -> bytes:
    """16 bits a channel, of which both bytes are the same."""
    flat = Image.frombytes("L", (3 * image.width, image.height), image.tobytes())
    return Image.merge("LA", (flat, flat)).tobytes()


DEEP: dict[str, tuple[str, Callable[[Path, Image.Image], None]]] = {
    "generated PNG 16 bit linear 12 MP": ("png", _deep_png(LINEAR_LIGHT)),
    "generated PNG 16 bit PQ 12 MP": ("png", _deep_png(PQ)),
    "generated HEIC 10 bit PQ 12 MP": ("heif", _deep_heic),
}


def photo(width: int, height: int) -> Image.Image:
    """Detail at every scale, as in a photo: layers of noise at several scales, and sensor grain."""
    image = Image.new("RGB", (width, height), (128, 128, 128))
    for cells in (4, 16, 64, 256):
        size = (cells, max(1, cells * height // width))
        noise = Image.frombytes("RGB", size, Random(cells).randbytes(size[0] * size[1] * 3))
        layer = noise.resize((width, height), Image.Resampling.BICUBIC)
        image = Image.blend(image, layer, 0.35)
    grain = Image.effect_noise((width, height), 9).filter(ImageFilter.GaussianBlur(0.6))
    return ImageChops.add(image, Image.merge("RGB", (grain,) * 3), scale=1, offset=-128)
