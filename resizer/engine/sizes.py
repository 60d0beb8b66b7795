"""The size of each thumbnail: never up, aspect ratio kept, at least one pixel each way.

A thumbnail fits into its width and ten times that height, so that a page that lays out thumbnails
200 pixels wide never gets one of 30,000 rows: see docs/decisions/0025.
"""

from collections.abc import Sequence
from typing import NamedTuple

HEIGHT_PER_WIDTH = 10
MAX_HEIGHT = 16_383  # pixels; the most that WebP can say (RFC 9649, section 2.4); JPEG: 65,500

Size = tuple[int, int]


class Target(NamedTuple):
    requested: int  # pixels across, as configured
    size: Size  # pixels, upright


def sizes(upright: Size, widths: Sequence[int]) -> list[Target]:
    """The thumbnails of an original of `upright` pixels, the largest first."""
    return [
        Target(requested, _fitted(upright, requested))
        for requested in sorted(set(widths), reverse=True)
    ]


def reduction(upright: Size, requested: int) -> float:
    """How many times smaller the thumbnail is than the original: 1.0 or more."""
    return max(1.0, upright[0] / requested, upright[1] / _max_height(requested))


def _fitted(upright: Size, requested: int) -> Size:
    width = min(requested, upright[0])
    height = max(1, round(upright[1] * width / upright[0]))
    if height <= _max_height(requested):
        return width, height
    height = _max_height(requested)
    return max(1, round(upright[0] * height / upright[1])), height


def _max_height(requested: int) -> int:
    return min(HEIGHT_PER_WIDTH * requested, MAX_HEIGHT)
