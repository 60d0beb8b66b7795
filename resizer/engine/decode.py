"""From a header to the smallest decode that still holds the detail of the largest thumbnail."""

from dataclasses import dataclass
from io import BytesIO
from typing import IO, cast

from PIL import Image, ImageFile, JpegImagePlugin

from resizer.engine.download import Download
from resizer.engine.formats import TIFF, Format
from resizer.engine.jpeg import decode_jpeg
from resizer.engine.limits import Limits
from resizer.engine.modes import stretch
from resizer.engine.orientation import orientation_of, swaps_sides


@dataclass(frozen=True, slots=True)
class Original:
    """An opened original: its header is read and within the limits, its pixels are not decoded."""

    file: ImageFile.ImageFile
    download: Download
    format: Format
    size: tuple[int, int]  # pixels, as stored
    limits: Limits

    @property
    def orientation(self) -> int:
        """Read anew each time: a PNG may say it after its pixels."""
        if self.format is TIFF:
            return 1  # Pillow turns a TIFF upright itself
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
        """A stored size as it is upright, or an upright one as it is stored."""
        return size[::-1] if swaps_sides(self.orientation) else size


@dataclass(frozen=True, slots=True)
class Decoded:
    """`box` is the part of `image` that the original covers, in fractions of a pixel."""

    image: Image.Image
    box: tuple[float, float, float, float]


def open_original(download: Download, image_format: Format, limits: Limits) -> Original:
    download.seek(0)
    file = cast("IO[bytes]", download) if image_format.streams else BytesIO(download.whole())
    image = image_format.load_plugin()(file)
    limits.check_pixels(image_format.name, *image.size)
    return Original(image, download, image_format, image.size, limits)


def decode_small(original: Original, width: int) -> Decoded:
    """Decode to at least `width` pixels across the upright picture, and not much more if it can."""
    image = original.file
    box = None
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        ratio = original.upright_size[0] / width
        image, box = decode_jpeg(image, original.download, ratio, original.limits)
    image.load()
    return Decoded(stretch(image), box or (0.0, 0.0, float(image.width), float(image.height)))
