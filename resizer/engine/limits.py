"""What an original may ask of the function. Checked on the header, before a pixel is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from resizer.engine.errors import UnusableImage

MEGAPIXELS = 1_000_000
MIB = 1024 * 1024

# Formats whose decoder holds the whole frame, most of them several times over: what fits 512 MB.
# Bytes a pixel are measured, see benchmarks/RESULTS.md.
WHOLE_FRAME_PIXELS: Mapping[str, int] = MappingProxyType(
    {
        "PNG": 60 * MEGAPIXELS,
        "WEBP": 25 * MEGAPIXELS,
        "GIF": 50 * MEGAPIXELS,
        "AVIF": 36 * MEGAPIXELS,
        "HEIF": 50 * MEGAPIXELS,
        "TIFF": 50 * MEGAPIXELS,
        "BMP": 50 * MEGAPIXELS,
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Pixels are counted before orientation, bytes as they are uploaded."""

    max_pixels: int = 100 * MEGAPIXELS
    max_bytes: int = 64 * MIB
    max_dimension: int = 65_535  # pixels; the most that JPEG and WebP headers can say
    max_icc_bytes: int = 4 * MIB  # a larger profile is ignored, the picture is not refused
    max_exif_bytes: int = 1 * MIB  # likewise
    max_scans: int = 200  # of a JPEG; encoders write 3 to 20, each costs a pass over the picture
    max_coefficient_bytes: int = 300 * MIB  # held by libjpeg for a JPEG of several scans
    whole_frame_pixels: Mapping[str, int] = field(default_factory=lambda: WHOLE_FRAME_PIXELS)
    decode_seconds: float = 20.0  # of an isolated decoder, wall time
    decode_memory_bytes: int = 400 * MIB  # of an isolated decoder, above what the parent has

    def check_bytes(self, size: int) -> None:
        if size <= 0:
            raise UnusableImage("empty")
        if size > self.max_bytes:
            raise UnusableImage("too_large", f"{size} bytes, at most {self.max_bytes}")

    def check_pixels(self, image_format: str, width: int, height: int, *, whole: bool) -> None:
        """`whole`: the decoder is going to hold every pixel, if the format is one that does."""
        most = self.max_pixels
        if whole:
            most = min(most, self.whole_frame_pixels.get(image_format, most))
        if width * height > most:
            raise UnusableImage(
                "too_many_pixels", f"{width}x{height} {image_format}, at most {most} pixels"
            )
        if max(width, height) > self.max_dimension:
            raise UnusableImage("too_many_pixels", f"{width}x{height}")

    def check_scans(self, scans: int, coefficient_bytes: int) -> None:
        if coefficient_bytes > self.max_coefficient_bytes:
            raise UnusableImage("too_many_pixels", "for a JPEG of several scans")
        if scans > self.max_scans:
            raise UnusableImage("corrupt_image", f"{scans} scans, at most {self.max_scans}")
