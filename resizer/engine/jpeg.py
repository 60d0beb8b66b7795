"""JPEG at 1/2, 1/4 or 1/8: libjpeg's inverse DCT makes fewer pixels for a fraction of the cost."""

import struct
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple

from PIL import JpegImagePlugin
from PIL.JpegImagePlugin import JpegImageFile

from resizer.engine.limits import Limits
from resizer.engine.metered import Source
from resizer.engine.scans import count_scans, prune_for_eighth

BLOCK_BYTES = 256 * 1024  # per call of the decoder: few calls, and the first one early
MARGIN = 1.0  # a scaled decode is at least this many times the largest thumbnail
SCALES = (8, 4, 2, 1)
COEFFICIENT_BYTES = 2
ICC_PART_HEADER = 14  # name, number and count of the parts (ICC.1, annex B.4)

Box = tuple[float, float, float, float]


def _application_segment(self: JpegImageFile, marker: int) -> None:
    """As Pillow reads it; without what it finds in a segment that is too short for its kind."""
    with suppress(struct.error, IndexError):  # the segment itself has been read
        JpegImagePlugin.APP(self, marker)
    self.icclist = [part for part in self.icclist if len(part) >= ICC_PART_HEADER]


# Pillow finds the reader of a segment in a table, and rejects a picture for an empty JFIF segment.
JpegImagePlugin.MARKER.update(
    {0xFFE0 + number: (f"APP{number}", "", _application_segment) for number in range(16)}
)


class JpegFile(JpegImageFile):
    """Without Pillow's search for a resolution: it parses every tag of the Exif block for it."""

    def _read_dpi_from_exif(self) -> None:
        pass


class Draft(NamedTuple):
    image: JpegImageFile
    box: Box | None  # the part of the decoded image that the original covers


def decode_jpeg(image: JpegImageFile, body: Source, ratio: float, limits: Limits) -> Draft:
    """Set up the smallest decode for thumbnails `ratio` times smaller than the original."""
    scale = next((scale for scale in SCALES if ratio >= scale * MARGIN), 1)
    if _has_several_scans(image, body):
        data = body.whole()
        limits.check_scans(count_scans(data, limits.max_segments), _coefficient_bytes(image))
        pruned = prune_for_eighth(data) if scale == 8 else None
        if pruned is not None:
            image = type(image)(BytesIO(pruned))
    else:
        body.seek(0)
    image.decodermaxblock = BLOCK_BYTES
    drafted = image.draft(None, (image.width // scale or 1, image.height // scale or 1))
    return Draft(image, None if drafted is None else drafted[1])


def _has_several_scans(image: JpegImageFile, body: Source) -> bool:
    """If True, libjpeg holds every coefficient and decodes nothing before the last scan.

    Progressive, or sequential with fewer components in the first scan than in the frame: Pillow has
    just read the header of that scan.
    """
    if "progressive" in image.info:
        return True
    end = body.tell()
    length = 6 + 2 * image.layers
    body.seek(end - length - 2)
    header = body.read(5)
    return header != b"\xff\xda" + length.to_bytes(2, "big") + bytes((image.layers,))


def _coefficient_bytes(image: JpegImageFile) -> int:
    across = max(part[1] for part in image.layer)
    down = max(part[2] for part in image.layer)
    samples = sum(part[1] * part[2] for part in image.layer) / (across * down or 1)
    return int(image.width * image.height * samples * COEFFICIENT_BYTES)
