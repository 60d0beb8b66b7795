"""Down to the asked widths: never up, aspect kept, at least one pixel high."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from resizer.engine.decode import Decoded
from resizer.engine.modes import is_plain_and_opaque, to_plain_mode, without_opaque_alpha
from resizer.engine.strips import reduce_in_strips

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
    """The largest thumbnail, as stored and in the original's colour space."""
    image, box = decoded.image, decoded.box
    if image.size == size:  # nothing to average: alpha keeps its exact colours
        return without_opaque_alpha(to_plain_mode(image))
    if not is_plain_and_opaque(image):
        across = max(1, int(image.width / size[0] / REDUCING_GAP))
        down = max(1, int(image.height / size[1] / REDUCING_GAP))
        box = (0.0, 0.0, image.width / across, image.height / down)
        image = reduce_in_strips(image, (across, down))
    scaled = image.resize(size, LANCZOS, box=box, reducing_gap=REDUCING_GAP)
    return scaled.convert("RGBA") if scaled.mode == "RGBa" else scaled


def scale_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """From a larger, finished thumbnail."""
    return image if image.size == size else image.resize(size, LANCZOS)
