"""The formats that the engine reads: how each is recognized, its plugin and its pixel limit.

A plugin's class is called directly. `Image.open` would import every plugin of the common formats
(40 ms of a cold start) and try several on one file; and for JPEG it would follow an MPO index to
the end of the file before the first pixel is decoded.
"""

import re
import warnings
from dataclasses import dataclass
from importlib import import_module

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

from contract.record import Reason
from resizer.failures import UnusableImage

warnings.simplefilter("error", Image.DecompressionBombWarning)

# One thread per core would reserve more memory for stacks and heaps than the function has.
DECODER_THREADS = 2
PluginClass = type[ImageFile.ImageFile]
HEADER_BYTES = 64  # as far as `identify` looks: the brands of an ISO media file
MEGAPIXELS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    name: str  # Pillow's
    content_type: str
    also_uploaded_as: tuple[str, ...] = ()  # other content types that its files are uploaded with
    signature: re.Pattern[bytes] | None = None  # what a file begins with
    brands: frozenset[bytes] = frozenset()  # of an ISO media file
    plugin: str  # module and class that read it
    threads_option: str = ""  # module variable of the plugin, set to DECODER_THREADS
    streams: bool = False  # reads on demand; other plugins want every byte before they start
    risky: bool = False  # its decoder has a history of holes: one picture per worker
    frame_bytes: bool = False  # `engine.frames` can get the decoder's own output
    upright: bool = False  # Pillow applies the orientation itself
    # At most, where the decoder holds the whole frame: what fits into a function of 512 MB (see
    # `engine.limits`), by the bytes a pixel that were measured (benchmarks/RESULTS.md).
    whole_frame_pixels: int | None = None

    @property
    def plugin_module(self) -> str:
        return self.plugin.rpartition(".")[0]

    def load_plugin(self) -> PluginClass:
        module = import_module(self.plugin_module)
        if self.threads_option:
            owner, _, option = self.threads_option.rpartition(".")
            setattr(import_module(owner), option, DECODER_THREADS)
        plugin: PluginClass = getattr(module, self.plugin.rpartition(".")[2])
        return plugin


FORMATS = (
    Format(
        name="JPEG",
        content_type="image/jpeg",
        signature=re.compile(rb"\xff\xd8\xff"),
        plugin="resizer.engine.jpeg.JpegFile",
        streams=True,
    ),
    Format(
        name="PNG",
        content_type="image/png",
        signature=re.compile(rb"\x89PNG\r\n\x1a\n"),
        plugin="resizer.engine.png.PngFile",
        streams=True,
        whole_frame_pixels=60 * MEGAPIXELS,
    ),
    Format(
        name="WEBP",
        content_type="image/webp",
        signature=re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
        plugin="PIL.WebPImagePlugin.WebPImageFile",
        frame_bytes=True,
        whole_frame_pixels=25 * MEGAPIXELS,
    ),
    Format(
        name="GIF",
        content_type="image/gif",
        signature=re.compile(rb"GIF8[79]a"),
        plugin="resizer.engine.gif.GifFile",
        streams=True,
        whole_frame_pixels=50 * MEGAPIXELS,
    ),
    Format(
        name="AVIF",
        content_type="image/avif",
        brands=frozenset({b"avif", b"avis"}),  # ISO/IEC 23008-12 (HEIF), AV1 annex
        plugin="PIL.AvifImagePlugin.AvifImageFile",
        threads_option="PIL.AvifImagePlugin.DEFAULT_MAX_THREADS",
        risky=True,
        frame_bytes=True,
        whole_frame_pixels=36 * MEGAPIXELS,
    ),
    Format(
        name="HEIF",
        content_type="image/heic",
        also_uploaded_as=("image/heif",),
        brands=frozenset(  # ISO/IEC 23008-12 (HEIF), HEVC annex
            {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
        ),
        plugin="pillow_heif.as_plugin.HeifImageFile",
        threads_option="pillow_heif.options.DECODE_THREADS",
        risky=True,
        whole_frame_pixels=36 * MEGAPIXELS,
    ),
    Format(
        name="TIFF",
        content_type="image/tiff",
        signature=re.compile(rb"II[*+]\0|MM\0[*+]"),  # `+`: BigTIFF
        plugin="resizer.engine.tiff.TiffFile",
        risky=True,
        upright=True,
        whole_frame_pixels=36 * MEGAPIXELS,
    ),
    Format(
        name="BMP",
        content_type="image/bmp",
        signature=re.compile(rb"BM"),
        plugin="resizer.engine.bmp.BmpFile",
        streams=True,
        whole_frame_pixels=36 * MEGAPIXELS,
    ),
)


def identify(header: bytes) -> Format:
    """The format by the first `HEADER_BYTES`; file name and declared content type are ignored."""
    for image_format in FORMATS:
        if image_format.signature and image_format.signature.match(header):
            return image_format
    if header[4:8] == b"ftyp":
        return _by_brand(header)
    raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"begins with {header[:12].hex(' ')}")


def _by_brand(header: bytes) -> Format:
    """ISO/IEC 23008-12 section 10. The major brand comes first: `mif1` may hold either codec."""
    end = min(int.from_bytes(header[:4], "big"), len(header))
    brands = [header[8:12], *(header[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        for image_format in FORMATS:
            if brand in image_format.brands:
                return image_format
    raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"ISO media file of brand {brands[0]!r}")
