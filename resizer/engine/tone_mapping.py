"""PQ and HLG (ITU-R BT.2100) become sRGB as Chromium shows them on an ordinary screen.

That is the reference white tone mapping operator (SMPTE ST 2094-50, annex D). Light up to diffuse
white is kept, times a constant; from there to the peak, the curve is a quadratic Bezier. The
largest of a color's three channels decides, and the others keep their ratio to it. Chromium has the
curve in eight points and a cubic between them, which differs by 3 levels of 255 for a peak of 4,000
nits, and by 10 for 10,000, where it is no longer growing.

Everything is computed on the thumbnail, in floats. A 3-D table is no alternative: interpolating one
that is quick to build, of 33 nodes an axis, is off by up to 50 of 255 levels.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from PIL import Image, ImageMath

from resizer.engine.color_coding import (
    REC_709,
    REC_2020,
    SRGB,
    Chromaticities,
    HighDynamicRange,
    Matrix,
    inverse,
    product,
    to_d50,
    to_xyz,
)

WHITE_NITS = 203.0  # diffuse white (ITU-R BT.2408)
USUAL_PEAK_NITS = 1000.0
BRIGHTEST_NITS = 10_000.0  # that PQ can express
PEAK_LEVEL = 232  # of 255: where the peak is in a shaped picture
LEVELS = 65536  # of linear light, before it becomes a byte
KNEE = 0.65  # how far the curve's middle point is from diffuse white to the corner
FLAT_RATIO = 1.001  # of peak to diffuse white


def pq_nits(number: float) -> float:
    """SMPTE ST 2084, equation 4.1."""
    power = number ** (1 / 78.84375)
    ratio = max(power - 0.8359375, 0.0) / (18.8515625 - 18.6875 * power)
    return float(BRIGHTEST_NITS * ratio ** (1 / 0.1593017578125))


def hlg_scene(number: float) -> float:
    """ITU-R BT.2100, table 5: the inverse of its transfer function, 0 to 1."""
    if number <= 0.5:
        return number * number / 3
    return (math.exp((number - 0.55991073) / 0.17883277) + 0.28466892) / 12


class Tone:
    """From light in nits to the light that is shown, 0 to 1, for pictures of this peak.

    `x` and `y` are the coefficients of the curve above diffuse white, of `t`, 0 to 1, and its
    square. A peak that is no brighter than diffuse white has no curve: the channels are clipped.
    """

    def __init__(self, peak_nits: float) -> None:
        self.peak_nits = min(max(peak_nits, WHITE_NITS), BRIGHTEST_NITS)
        ratio = self.peak_nits / WHITE_NITS
        self.is_flat = ratio < FLAT_RATIO
        usual = math.log(USUAL_PEAK_NITS / WHITE_NITS)
        self.white = 1 - 0.5 * min(math.log(ratio) / usual, 1)  # where diffuse white ends up
        knee_x, knee_y = KNEE * (1 / self.white - 1), KNEE * (1 - self.white)
        self.x = (2 * knee_x, ratio - 1 - 2 * knee_x)
        self.y = (2 * knee_y, 1 - self.white - 2 * knee_y)

    def shown(self, nits: float) -> float:
        above = nits / WHITE_NITS - 1
        if above <= 0 or self.is_flat:
            return min(self.white * nits / WHITE_NITS, 1.0)
        return self.white + _along(self.y, _where(self.x, above)) if nits < self.peak_nits else 1.0

    def nits(self, shown: float) -> float:
        """The inverse of `shown`."""
        if shown <= self.white or self.is_flat:
            return shown * WHITE_NITS / self.white
        return WHITE_NITS * (1 + _along(self.x, _where(self.y, shown - self.white)))


def _along(curve: tuple[float, float], t: float) -> float:
    return t * (curve[0] + t * curve[1])


def _where(curve: tuple[float, float], value: float) -> float:
    """The `t` with this value."""
    root = math.sqrt(max(curve[0] ** 2 + 4 * curve[1] * value, 0.0))
    return 2 * value / (curve[0] + root)


def srgb_number(light: float) -> float:
    """IEC 61966-2-1, both 0 to 1."""
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def shaper(transfer: HighDynamicRange) -> Callable[[float], float]:
    """From 16 bits of a channel to 8 with even steps for the eye; both 0 to 1.

    A gray up to the peak becomes as bright as it will be shown; what is brighter only decides about
    the color, and gets the rest of the numbers.
    """
    tone = Tone(transfer.peak_nits)
    peak = PEAK_LEVEL / 255
    above = math.log(BRIGHTEST_NITS / tone.peak_nits) or 1.0

    def shaped(number: float) -> float:
        nits = _gray_nits(hlg_scene(number)) if transfer.hlg else pq_nits(number)
        if nits <= tone.peak_nits:
            return peak * srgb_number(tone.shown(nits))
        return peak + (1 - peak) * math.log(nits / tone.peak_nits) / above

    return shaped


def _unshaped(level: int, tone: Tone) -> float:
    """The nits of a gray that the shaper made `level` of 255."""
    if level <= PEAK_LEVEL:
        return tone.nits(SRGB.light(level / PEAK_LEVEL))
    above = (level - PEAK_LEVEL) / (255 - PEAK_LEVEL)
    return tone.peak_nits * float((BRIGHTEST_NITS / tone.peak_nits) ** above)


def _gray_nits(scene: float) -> float:
    """HLG on a display of 1,000 nits (ITU-R BT.2100)."""
    return float(1000 * max(scene, 0.0) ** 1.2)


def _gray_scene(nits: float) -> float:
    return float((nits / 1000) ** (1 / 1.2))


def tone_map(
    image: Image.Image, primaries: Chromaticities, transfer: HighDynamicRange, shaped: bool
) -> Image.Image:
    """RGB in sRGB, of an RGB image. Raises ValueError if the primaries are none."""
    to_rec_2020 = product(inverse(to_d50(REC_2020)), to_d50(primaries))
    to_rec_709 = product(inverse(to_d50(REC_709)), to_d50(REC_2020))
    luminance = to_xyz(primaries)[1]
    tone = Tone(transfer.peak_nits)
    levels = _light(transfer, shaped)

    def linear(op: dict[str, Any]) -> list[Any]:
        """0 to `LEVELS` - 1. An operand is a channel, an operator makes a new one."""
        light = [op["red"], op["green"], op["blue"]]
        if transfer.hlg:
            gain = op["max"](_weighted(luminance, light), 0) ** 0.2 * 1000
            light = [channel * gain for channel in light]
        light = _times(to_rec_2020, light)
        largest = op["max"](op["max"](light[0], light[1]), light[2])
        factor = _factor(tone, largest, op)
        rgb = _times(to_rec_709, [channel * factor for channel in light])
        return [op["min"](op["max"](channel, 0), 1) * (LEVELS - 1) + 0.5 for channel in rgb]

    bands = [band.point(levels, "F") for band in image.split()]
    channels = ImageMath.lambda_eval(linear, red=bands[0], green=bands[1], blue=bands[2])
    number = _bytes_of_light()
    return Image.merge("RGB", [channel.im.convert("I").point(number, "L") for channel in channels])


def _factor(tone: Tone, largest: Any, op: dict[str, Any]) -> Any:
    """From nits to the light that is shown, for a color whose largest channel this is."""
    if tone.is_flat:
        return 1 / WHITE_NITS
    ratio = op["max"](largest * (1 / WHITE_NITS), 1)
    above = op["min"](ratio, tone.peak_nits / WHITE_NITS) - 1
    root = (above * (4 * tone.x[1]) + tone.x[0] ** 2) ** 0.5
    t = above * 2 / (root + tone.x[0])
    return (t * (t * tone.y[1] + tone.y[0]) + tone.white) / (ratio * WHITE_NITS)


def _light(transfer: HighDynamicRange, shaped: bool) -> list[float]:
    """What each of the 256 numbers of a channel means: nits, or light of the scene for HLG."""
    if not shaped:
        meaning = hlg_scene if transfer.hlg else pq_nits
        return [meaning(number / 255) for number in range(256)]
    nits = [_unshaped(number, Tone(transfer.peak_nits)) for number in range(256)]
    return list(map(_gray_scene, nits)) if transfer.hlg else nits


@lru_cache(maxsize=1)
def _bytes_of_light() -> list[int]:
    return bytes_of(srgb_number, LEVELS)


def bytes_of(curve: Callable[[float], float], numbers: int) -> list[int]:
    """A growing curve as a table from 0 to `numbers` - 1 to a byte.

    A search for the 255 steps costs a tenth of calling the curve for each of 65,536 numbers.
    """
    steps = [
        bisect_right(range(numbers), (step - 0.5) / 255, key=lambda i: curve(i / (numbers - 1)))
        for step in range(1, 256)
    ]
    found: list[int] = []
    for byte, end in enumerate([*steps, numbers]):
        found += [byte] * (end - len(found))
    return found


def _weighted(weights: Sequence[float], channels: Sequence[Any]) -> Any:
    red, green, blue = (weight * part for weight, part in zip(weights, channels, strict=True))
    return red + green + blue


def _times(matrix: Matrix, channels: Sequence[Any]) -> list[Any]:
    return [_weighted(row, channels) for row in matrix]
