"""The pictures to measure with: a folder of real photos, by class, or generated ones."""

import csv
from collections.abc import Iterator
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
