"""Down to the requested widths: never up, aspect ratio kept, at least one pixel high."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from resizer.engine.decode import REDUCING_GAP, Decoded

LANCZOS = Image.Resampling.LANCZOS
BICUBIC = Image.Resampling.BICUBIC


class Target(NamedTuple):
    requested: int  # pixels across, as configured
    size: tuple[int, int]  # pixels, upright


def sizes(upright: tuple[int, int], widths: Sequence[int]) -> list[Target]:
    """The thumbnails of an original of `upright` pixels, the largest first."""
    targets = []
    for requested in sorted(set(widths), reverse=True):
        width = min(requested, upright[0])
        height = max(1, round(upright[1] * width / upright[0]))
        targets.append(Target(requested, (width, height)))
    return targets


def scale_decoded(decoded: Decoded, size: tuple[int, int]) -> Image.Image:
    """The largest thumbnail, as stored and in the original's color space."""
    scaled = decoded.image.resize(size, LANCZOS, box=decoded.box, reducing_gap=REDUCING_GAP)
    return scaled.convert("RGBA") if scaled.mode == "RGBa" else scaled


def scale_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """From a larger, finished thumbnail: bicubic costs two thirds of Lanczos, loses little."""
    return image if image.size == size else image.resize(size, BICUBIC)
