"""The smallest decode that keeps the detail of the largest thumbnail."""

from dataclasses import dataclass
from io import BytesIO
from typing import IO, cast

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from resizer.engine.body import Body
from resizer.engine.formats import Format
from resizer.engine.frames import frame_strips
from resizer.engine.jpeg import Box, decode_jpeg
from resizer.engine.limits import Limits
from resizer.engine.modes import is_plain_and_opaque, stretch
from resizer.engine.orientation import orientation_of, swaps_sides
from resizer.engine.png import decodes_in_strips, png_strips
from resizer.engine.strips import reduce_strips, rows_for, strips_of

REDUCING_GAP = 2.0  # averaged to this many times the target, then Lanczos


@dataclass(frozen=True, slots=True)
class Original:
    """An opened original: its header was read and is within the limits; nothing is decoded yet."""

    file: ImageFile.ImageFile
    body: Body
    format: Format
    size: tuple[int, int]  # pixels, as stored
    limits: Limits

    @property
    def orientation(self) -> int:
        """Read again each time: a PNG may have it after its pixels."""
        if self.format.upright:
            return 1
        exif = self.file.info.get("exif") or b""
        return orientation_of(exif) if len(exif) <= self.limits.max_exif_bytes else 1

    @property
    def icc(self) -> bytes:
        icc = self.file.info.get("icc_profile") or b""
        return icc if len(icc) <= self.limits.max_icc_bytes else b""

    @property
    def upright_size(self) -> tuple[int, int]:
        return self.turned(self.size)

    def turned(self, size: tuple[int, int]) -> tuple[int, int]:
        """The upright size for a stored size, or the stored size for an upright one."""
        return size[::-1] if swaps_sides(self.orientation) else size


@dataclass(frozen=True, slots=True)
class Decoded:
    """L, RGB, CMYK, RGBA or RGBa. `box` is the part that the original covers, in pixels."""

    image: Image.Image
    box: Box


def open_original(body: Body, image_format: Format, limits: Limits) -> Original:
    body.seek(0)
    file = cast("IO[bytes]", body) if image_format.streams else BytesIO(body.whole())
    image = image_format.load_plugin()(file)
    limits.check_pixels(image_format.name, *image.size, whole=not decodes_in_strips(image))
    return Original(image, body, image_format, image.size, limits)


def decode_small(original: Original, width: int) -> Decoded:
    """Decode to at least `width` pixels across the upright picture, and not much more."""
    image, body = original.file, original.body
    if isinstance(image, JpegImageFile):
        ratio = original.upright_size[0] / width
        image, box = decode_jpeg(image, body, ratio, original.limits)
        image.load()
        return Decoded(image, box or _whole(image.size))

    if isinstance(image, PngImageFile) and decodes_in_strips(image):
        factor = _factor(min(original.size), width)  # the orientation may come after the pixels
        strips = png_strips(image, body, rows_for(factor))
    elif original.format.frame_bytes:
        factor = _factor(original.upright_size[0], width)
        strips = frame_strips(image, rows_for(factor))
    else:
        image.load()
        plain = stretch(image)
        if is_plain_and_opaque(plain):
            return Decoded(plain, _whole(plain.size))
        factor = _factor(original.upright_size[0], width)
        strips = strips_of(plain, rows_for(factor))
    reduced = reduce_strips(strips, original.size, factor)
    return Decoded(reduced, _whole(original.size, factor))


def _factor(across: int, width: int) -> int:
    """The factor by which to average before the exact resize."""
    return max(1, int(across / width / REDUCING_GAP))


def _whole(size: tuple[int, int], factor: int = 1) -> Box:
    return (0.0, 0.0, size[0] / factor, size[1] / factor)
