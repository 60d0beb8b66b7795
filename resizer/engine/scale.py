"""Down to the asked widths: never up, aspect kept, at least one pixel high."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from resizer.engine.decode import Decoded

REDUCING_GAP = 2.0  # box-reduce to this many times the target, then Lanczos
LANCZOS = Image.Resampling.LANCZOS


class Target(NamedTuple):
    asked: int  # pixels across, as configured
    size: tuple[int, int]  # pixels, upright


def sizes(upright: tuple[int, int], widths: Sequence[int]) -> list[Target]:
    """What to make of an original of `upright` pixels, the largest first."""
    targets = []
    for asked in sorted(set(widths), reverse=True):
        width = min(asked, upright[0])
        targets.append(Target(asked, (width, max(1, round(upright[1] * width / upright[0])))))
    return targets


def scale_decoded(decoded: Decoded, size: tuple[int, int]) -> Image.Image:
    """The largest thumbnail, without any of the original's metadata: savers would write some."""
    image, box = decoded.image, decoded.box
    scaled = _scale_alpha(image, size) if image.mode == "RGBA" else _scale(image, size, box)
    scaled.info = {}
    return scaled


def scale_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """From a larger, finished thumbnail."""
    return image if image.size == size else image.resize(size, LANCZOS)


def _scale(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> Image.Image:
    return image.resize(size, LANCZOS, box=box, reducing_gap=REDUCING_GAP)


def _scale_alpha(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """`resize` premultiplies RGBA: the colour of transparent pixels must not bleed out."""
    image = _scale(image, size)
    opaque = image.getchannel("A").getextrema() == (255, 255)
    return image.convert("RGB") if opaque else image
