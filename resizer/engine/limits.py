"""What an original may cost the function. Checked from the header, before a pixel is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from contract.record import Reason
from resizer.engine.formats import FORMATS, MEGAPIXELS
from resizer.failures import UnusableImage
from resizer.memory_budget import IDLE_BYTES, MIB

# The defaults fit a function of 512 MB, the smallest that the template allows; `for_memory` scales
# them.
MEMORY_BYTES = 512 * MIB

WHOLE_FRAME_PIXELS: Mapping[str, int] = MappingProxyType(
    {
        image_format.name: image_format.whole_frame_pixels
        for image_format in FORMATS
        if image_format.whole_frame_pixels is not None
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Pixels are counted before orientation."""

    max_pixels: int = 100 * MEGAPIXELS
    max_dimension: int = 65_535  # pixels; the most that a JPEG header can say, and more than WebP's
    max_icc_bytes: int = 4 * MIB  # a larger profile is ignored, but the picture is accepted
    max_exif_bytes: int = 1 * MIB  # likewise
    max_scans: int = 200  # of a JPEG; encoders write 3 to 20, each costs a pass over the picture
    max_segments: int = 100_000  # of such a JPEG; encoders write 3 for each scan
    # Pillow reads 3 times for a segment or a chunk, twice for a block of a GIF and for a run of a
    # BMP. A PNG of 50 MB in chunks of 1 KB needs 150,000 reads, metadata some hundreds.
    max_header_reads: int = 500_000
    max_reads: int = 3_000_000  # of the pixels
    max_read_bytes: int = 1024 * MIB  # likewise; strips of a TIFF may overlap
    min_decoded_share: float = 0.25  # rows of a cut picture that must be there
    max_coefficient_bytes: int = 300 * MIB  # held by libjpeg for a JPEG of several scans
    whole_frame_pixels: Mapping[str, int] = field(default_factory=lambda: WHOLE_FRAME_PIXELS)

    def for_memory(self, memory_bytes: int) -> "Limits":
        """These limits, which fit MEMORY_BYTES, for a function of another size."""
        share = max(0, memory_bytes - IDLE_BYTES) / (MEMORY_BYTES - IDLE_BYTES)
        return replace(
            self,
            max_coefficient_bytes=int(self.max_coefficient_bytes * share),
            whole_frame_pixels={
                name: int(most * share) for name, most in self.whole_frame_pixels.items()
            },
        )

    def check_pixels(self, image_format: str, width: int, height: int, *, whole: bool) -> None:
        """`whole`: the whole frame is decoded at once, not in strips."""
        most = self.max_pixels
        if whole:
            most = min(most, self.whole_frame_pixels.get(image_format, most))
        if width * height > most:
            raise UnusableImage(
                Reason.TOO_MANY_PIXELS, f"{width}x{height} {image_format}, at most {most} pixels"
            )
        if max(width, height) > self.max_dimension:
            raise UnusableImage(Reason.TOO_MANY_PIXELS, f"{width}x{height}")

    def has_room(self, image_format: str, pixels: int) -> bool:
        """Whether so many pixels of a whole frame fit into memory."""
        return pixels <= self.whole_frame_pixels.get(image_format, self.max_pixels)

    def check_scans(self, scans: int, coefficient_bytes: int) -> None:
        if coefficient_bytes > self.max_coefficient_bytes:
            raise UnusableImage(Reason.TOO_MANY_PIXELS, "for a JPEG of several scans")
        if scans > self.max_scans:
            raise UnusableImage(Reason.CORRUPT_IMAGE, f"{scans} scans, at most {self.max_scans}")
