"""Sixteen bits of a channel: where eight would have visible steps in the darks, and where one color
of 16 bits is transparent.

Pillow has no color images of 16 bits. The high and the low bytes become two images; together they
pass through the curve of the picture's coding to sRGB's, and from there eight bits are enough.
"""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageChops, ImageFile

from resizer.engine.color import Colors, coding_of_linear
from resizer.engine.color_coding import Coding, HighDynamicRange
from resizer.engine.png import PngFile
from resizer.engine.tone_mapping import bytes_of, shaper, srgb_number

NUMBERS = 65536
COPIES = 2  # of the frame, compared with eight bits


class Planes(NamedTuple):
    """The high and the low bytes: L, LA, RGB or RGBA."""

    high: Image.Image
    low: Image.Image


def is_deep(image: ImageFile.ImageFile) -> bool:
    if isinstance(image, PngFile):
        return image.depth == 16 and not image.is_animated
    return int(image.info.get("bit_depth", 8)) > 8


def coarse_coding(colors: Colors) -> Coding | None:
    """The coding, if 8 bits would have visible steps."""
    coding = coding_of_linear(colors) if colors.icc else colors.coding
    return coding if coding and coding.is_coarse() else None


def png_planes(image: PngFile, open_again: Callable[[], PngFile]) -> Planes:
    """Decoded once or twice: a raw mode for the other byte order finds the low bytes."""
    raw_mode = image.tile[0].args
    if raw_mode == "I;16B":
        return Planes(*_loaded(image, "LA", "LA").split())
    if raw_mode == "LA;16B":
        high, low, alpha, rest = _loaded(image, "RGBA", "RGBA").split()
        return Planes(Image.merge("LA", (high, alpha)), Image.merge("LA", (low, rest)))
    mode = image.mode
    low = _loaded(open_again(), mode, f"{mode};16L")
    return Planes(_loaded(image, mode, f"{mode};16B"), low)


def _loaded(image: PngFile, mode: str, raw_mode: str) -> Image.Image:
    image._mode = mode
    image.tile = [image.tile[0]._replace(args=raw_mode)]
    image.load()
    return image


def heif_planes(data: bytes, size: tuple[int, int]) -> Planes | None:
    """None if the decoder makes something else of it than 16 bits of RGB or RGBA."""
    from pillow_heif import HeifFile

    file = HeifFile(BytesIO(data), convert_hdr_to_8bit=False)  # type: ignore[no-untyped-call]
    frame = file[file.primary_index]
    mode = frame.mode.removesuffix(";16")
    if frame.mode not in {"RGB;16", "RGBA;16"} or frame.size != size:
        return None
    pixels = bytes(frame.data)
    high, low = (
        Image.frombytes(mode, size, pixels, "raw", f"{mode};16{order}", frame.stride, 1)
        for order in "LB"
    )
    return Planes(high, low)


def deep_strips(
    planes: Planes, coding: Coding | None, key: int | tuple[int, ...] | None, rows: int
) -> Iterator[Image.Image]:
    """L, LA, RGB or RGBA of 8 bits, in sRGB's curve or in that of `tone_mapping.shaper`.

    Without a coding, the high bytes. `key` is the color, of 16 bits a channel, that is transparent.
    """
    curve = _curve(coding) if coding else None
    width, height = planes.high.size
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        high, low = planes.high.crop(box), planes.low.crop(box)
        strip = _curved(high, low, curve) if curve else high
        if key is not None:
            strip.putalpha(_unlike(high, low, (key,) if isinstance(key, int) else key))
        yield strip


def _unlike(high: Image.Image, low: Image.Image, key: Sequence[int]) -> Image.Image:
    """255 where a pixel is not of the color `key`, 0 where it is."""
    unlike = Image.new("L", high.size)
    for one, other, number in zip(high.split(), low.split(), key, strict=True):
        for band, byte in ((one, number >> 8), (other, number & 255)):
            levels = [255 * (level != byte) for level in range(256)]
            unlike = ImageChops.lighter(unlike, band.point(levels))
    return unlike


def _curve(coding: Coding) -> list[int]:
    """From 16 bits of a channel to a byte."""
    transfer = coding.transfer
    if isinstance(transfer, HighDynamicRange):
        return bytes_of(shaper(transfer), NUMBERS)
    light = transfer.light
    return bytes_of(lambda number: srgb_number(min(light(number), 1.0)), NUMBERS)


def _curved(high: Image.Image, low: Image.Image, curve: list[int]) -> Image.Image:
    bands = high.getbands()
    pairs = zip(high.split(), low.split(), strict=True)
    channels = [
        one if name == "A" else _through(curve, _joined(one, other))
        for name, (one, other) in zip(bands, pairs, strict=True)
    ]
    return Image.merge(high.mode, channels)


def _through(curve: list[int], image: Image.Image) -> Image.Image:
    """`Image.point` would round each of the 65,536 numbers for each strip."""
    return image._new(image.im.point(curve, "L"))


def _joined(high: Image.Image, low: Image.Image) -> Image.Image:
    numbers = Image.merge("LA", (low, high)).tobytes()
    return Image.frombytes("I;16", high.size, numbers).convert("I")
