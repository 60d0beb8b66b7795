"""Which formats are taken, told from the first bytes alone, and the plugin that reads each.

The plugin's class is called directly. `Image.open` would import every plugin of the common formats
(40 ms of a cold start) and try several on one file; and for JPEG it would follow an MPO index to
the end of the file before the first pixel is decoded.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

from contract.record import Reason
from resizer.engine.errors import UnusableImage

warnings.simplefilter("error", Image.DecompressionBombWarning)

# A thread a core would reserve stacks and heaps for each: more than the function's memory.
DECODER_THREADS = 2
HEADER_BYTES = 64  # as far as `identify` looks: the brands of an ISO media file


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    content_type: str
    plugin: str  # module of the class that reads it
    streams: bool = False  # reads on demand; the others want every byte before they start
    isolated: bool = False  # decoded in a child process
    threads_option: str = ""  # module variable of the plugin, set to DECODER_THREADS

    def load_plugin(self) -> Callable[[IO[bytes]], ImageFile.ImageFile]:
        module_name, _, class_name = self.plugin.rpartition(".")
        module = import_module(module_name)
        if self.threads_option:
            owner, _, option = self.threads_option.rpartition(".")
            setattr(import_module(owner), option, DECODER_THREADS)
        plugin: Callable[[IO[bytes]], ImageFile.ImageFile] = getattr(module, class_name)
        return plugin


JPEG = Format("JPEG", "image/jpeg", "PIL.JpegImagePlugin.JpegImageFile", streams=True)
PNG = Format("PNG", "image/png", "PIL.PngImagePlugin.PngImageFile", streams=True)
WEBP = Format("WEBP", "image/webp", "PIL.WebPImagePlugin.WebPImageFile")
GIF = Format("GIF", "image/gif", "PIL.GifImagePlugin.GifImageFile", streams=True)
BMP = Format("BMP", "image/bmp", "PIL.BmpImagePlugin.BmpImageFile", streams=True)
TIFF = Format("TIFF", "image/tiff", "PIL.TiffImagePlugin.TiffImageFile", isolated=True)
AVIF = Format(
    "AVIF",
    "image/avif",
    "PIL.AvifImagePlugin.AvifImageFile",
    isolated=True,
    threads_option="PIL.AvifImagePlugin.DEFAULT_MAX_THREADS",
)
HEIC = Format(
    "HEIF",
    "image/heic",
    "pillow_heif.as_plugin.HeifImageFile",
    isolated=True,
    threads_option="pillow_heif.options.DECODE_THREADS",
)

MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"BM", BMP),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),  # BigTIFF
    (b"MM\0+", TIFF),
)
# ISO/IEC 23008-12 (HEIF) section 10 and its HEVC and AV1 annexes.
AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEVC_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"},
)


def identify(header: bytes) -> Format:
    """The format of an object by its first `HEADER_BYTES`; name and declared type count nothing."""
    for magic, image_format in MAGIC:
        if header.startswith(magic):
            return image_format
    if header.startswith(b"RIFF") and header[8:12] == b"WEBP":
        return WEBP
    if header[4:8] == b"ftyp":
        return _by_brand(header)
    raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"begins with {header[:12].hex(' ')}")


def _by_brand(header: bytes) -> Format:
    end = min(int.from_bytes(header[:4], "big"), len(header))
    brands = [header[8:12], *(header[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:  # the major brand first: `mif1` may hold either codec
        if brand in AVIF_BRANDS:
            return AVIF
        if brand in HEVC_BRANDS:
            return HEIC
    raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"ISO media file of brand {brands[0]!r}")
