"""The smallest decode that keeps the detail of the largest thumbnail."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import SEEK_END, BytesIO
from typing import IO, cast

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from resizer.engine.body import Body
from resizer.engine.camera_raw import embedded_jpeg
from resizer.engine.color import Colors, believed
from resizer.engine.color_sources import colors_of_png, colors_of_video, profile_of_bmp
from resizer.engine.deep import (
    COPIES,
    Planes,
    coarse_coding,
    deep_strips,
    heif_planes,
    is_deep,
    png_planes,
)
from resizer.engine.formats import Format, PluginClass, identify
from resizer.engine.frames import frame_strips
from resizer.engine.iso_color import video_color
from resizer.engine.jpeg import Box, decode_jpeg
from resizer.engine.limits import Limits
from resizer.engine.metered import Metered
from resizer.engine.modes import GRAY_MODES, is_plain_and_opaque, stretch
from resizer.engine.one_ipma import with_one_ipma
from resizer.engine.orientation import orientation_of, swaps_sides
from resizer.engine.png import PngFile, decodes_in_strips, png_strips
from resizer.engine.sizes import reduction
from resizer.engine.strips import reduce_strips, rows_for, strips_of
from resizer.engine.structure import check_structure
from resizer.memory_budget import MIB

Rows = tuple[float, float]  # the first of some rows and the one after them, as shares of the height
EVERY_ROW: Rows = (0.0, 1.0)

REDUCING_GAP = 2.0  # averaged to this many times the target, then Lanczos


@dataclass(frozen=True, slots=True)
class Original:
    """An opened original: its header was read and is within the limits; nothing is decoded yet."""

    file: ImageFile.ImageFile
    body: Metered
    format: Format
    size: tuple[int, int]  # pixels, as stored
    limits: Limits
    raw_file: bytes = b""  # the camera's, from which the original's JPEG was taken

    @property
    def orientation(self) -> int:
        """Read again each time: a PNG may have it after its pixels."""
        if self.format.upright:
            return 1
        return orientation_of(self.exif)

    @property
    def exif(self) -> bytes:
        """Empty if there is none. A TIFF has the same tags, so it is its own Exif block."""
        if self.format.name == "TIFF":
            return self.body.whole()
        return self.raw_file or self._metadata("exif", self.limits.max_exif_bytes)

    @property
    def colors(self) -> Colors:
        icc = self._metadata("icc_profile", self.limits.max_icc_bytes)
        gray = self.file.mode in GRAY_MODES
        match self.format.name:
            case "PNG":
                assert isinstance(self.file, PngFile)
                return believed(colors_of_png(icc, self.file.color_chunks, self.file.is_gray))
            case "AVIF" | "HEIF" if not icc:
                return colors_of_video(video_color(self.body.whole()))
            case "BMP":
                icc = profile_of_bmp(self.body.whole(), self.limits.max_icc_bytes)
        return believed(Colors(icc=icc, gray=gray))

    def _metadata(self, name: str, max_bytes: int) -> bytes:
        """Empty if there is none, if it is too large, or of another type: a TIFF tag has any."""
        value = self.file.info.get(name)
        return value if isinstance(value, bytes) and len(value) <= max_bytes else b""

    def open_again(self) -> PngFile:
        assert isinstance(self.file, PngFile)
        self.body.seek(0)
        return type(self.file)(cast("IO[bytes]", self.body))

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
    colors: Colors
    rows: Rows = EVERY_ROW
    partial: bool = False  # something of the picture is missing, if only its details


def _same(plugin: PluginClass) -> PluginClass:
    return plugin


def open_original(
    body: Body,
    image_format: Format,
    limits: Limits,
    as_class: Callable[[PluginClass], PluginClass] = _same,
) -> Original:
    """`as_class` may replace the plugin's class."""
    if image_format.name == "TIFF":
        data = body.whole()
        if jpeg := embedded_jpeg(data):
            return replace(_opened(Body(jpeg), identify(jpeg), limits), raw_file=data)
    return _opened(body, image_format, limits, as_class)


def _opened(
    body: Body,
    image_format: Format,
    limits: Limits,
    as_class: Callable[[PluginClass], PluginClass] = _same,
) -> Original:
    size = body.seek(0, SEEK_END)
    body.seek(0)
    check_structure(image_format.name, body, limits)
    body.seek(0)
    file = Metered(body if image_format.streams else BytesIO(_mended(body, image_format)), body)
    file.allow(limits.max_header_reads, 2 * size + MIB)
    image = as_class(image_format.load_plugin())(cast("IO[bytes]", file))
    limits.check_pixels(image_format.name, *image.size, whole=not decodes_in_strips(image))
    if not isinstance(image.info.get("xmp"), bytes):  # as a TIFF tag; Pillow searches it for text
        image.info.pop("xmp", None)
    file.allow(limits.max_reads, limits.max_read_bytes)
    return Original(image, file, image_format, image.size, limits)


def _mended(body: Body, image_format: Format) -> bytes:
    data = body.whole()
    return with_one_ipma(data) if image_format.name == "AVIF" else data


def decode_small(original: Original, width: int) -> Decoded:
    """Decode to at least `width` pixels across the upright picture, and not much more."""
    image, body = original.file, original.body
    if isinstance(image, JpegImageFile):
        ratio = reduction(original.upright_size, width)
        image, box = decode_jpeg(image, body, ratio, original.limits)
        image.load()
        return Decoded(image, box or _whole(image.size), original.colors)

    if deep := _decode_deep(original, width):
        return deep
    if isinstance(image, PngImageFile) and decodes_in_strips(image):
        factor = _factor_either_way(original.size, width)
        strips = png_strips(image, body, rows_for(factor))
    elif original.format.frame_bytes:
        factor = _factor(original.upright_size, width)
        strips = frame_strips(image, rows_for(factor))
    else:
        image.load()
        plain = stretch(image)
        if is_plain_and_opaque(plain):
            return Decoded(plain, _whole(plain.size), original.colors)
        factor = _factor(original.upright_size, width)
        strips = strips_of(plain, rows_for(factor))
    reduced = reduce_strips(strips, original.size, factor)
    return Decoded(reduced, _whole(original.size, factor), original.colors)


def _decode_deep(original: Original, width: int) -> Decoded | None:
    """None if the picture has 8 bits, if 8 are enough, or if it is too large for more."""
    image, name = original.file, original.format.name
    if name not in {"PNG", "HEIF"} or not is_deep(image):
        return None
    colors = original.colors
    coding = coarse_coding(colors)
    key = image.info.pop("transparency", None)  # which Pillow would compare with 8 bits
    if coding is None and key is None:
        return None
    if not original.limits.has_room(name, COPIES * image.width * image.height):
        return None
    if isinstance(image, PngFile):
        planes: Planes | None = png_planes(image, original.open_again)
    else:
        planes = heif_planes(original.body.whole(), image.size)
    if planes is None:
        return None
    factor = _factor_either_way(original.size, width)
    strips = deep_strips(planes, coding, key, rows_for(factor))
    reduced = reduce_strips(strips, original.size, factor)
    colors = colors.after_curve(coding) if coding else colors
    return Decoded(reduced, _whole(original.size, factor), colors)


def _factor_either_way(size: tuple[int, int], width: int) -> int:
    """For a picture whose orientation may come after its pixels."""
    return min(_factor(upright, width) for upright in (size, size[::-1]))


def _factor(upright: tuple[int, int], width: int) -> int:
    """The factor by which to average before the exact resize."""
    return max(1, int(reduction(upright, width) / REDUCING_GAP))


def _whole(size: tuple[int, int], factor: int = 1) -> Box:
    return (0.0, 0.0, size[0] / factor, size[1] / factor)
