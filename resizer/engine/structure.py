"""Caps on what a file consists of, checked before its decoder sees it.

What Pillow reads piece by piece is bounded by `engine.metered`; here is what it, or a library in C,
would read as a whole, keep, or read again and again.
"""

from contract.record import Reason
from resizer.engine.body import Body
from resizer.engine.iso_media import check_items
from resizer.engine.limits import Limits
from resizer.failures import UnusableImage

# JPEG. A profile has up to 255 segments (ICC.1, annex B.4), extended XMP a segment for each 64 KB
# of what is often a second picture; some 50 more. Fill bytes align to a sector or a page at most.
MAX_HEADER_STEPS = 100_000
# Exif fits into one segment. A few cameras continue it; Pillow copies all before for each.
MAX_EXIF_SEGMENTS = 64
MAX_PHOTOSHOP_BYTES = 16 * 1024 * 1024  # resources of 12 bytes or more, each read in Python
SOS, APP1, APP13 = 0xDA, 0xE1, 0xED
STANDALONE = frozenset({0x00, *range(0xD0, 0xDA), *range(0xF0, 0xFE)})  # as Pillow sees them

# TIFF. Cameras write 50 tags, GeoTIFF and microscopes some hundreds.
MAX_TAGS = 4096
# Strips have a row or more, tiles 256 pixels or more (TIFF 6.0, section 15), each an offset and a
# length: 282,000 numbers for 36 megapixels. Pillow makes a Python number of each.
MAX_NUMBERS = 500_000
MAX_OVERLAP_BYTES = 16 * 1024 * 1024  # of tags that say that they have the same bytes
TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
NOT_NUMBERS = frozenset({1, 2, 7})  # kept as bytes


def check_structure(image_format: str, body: Body, limits: Limits) -> None:
    """Raises `UnusableImage`."""
    match image_format:
        case "JPEG":
            _check_jpeg(body)
        case "WEBP":
            _check_webp(body, limits)
        case "TIFF":
            _check_tiff(body.whole())
        case "AVIF" | "HEIF":
            check_items(body.whole())


def _check_jpeg(body: Body) -> None:
    """Every segment up to the first scan, found as Pillow finds it: it skips what is no marker."""
    at, exif_segments, photoshop_bytes = 2, 0, 0
    for _ in range(MAX_HEADER_STEPS):
        body.seek(at)
        head = body.read(10)
        if len(head) < 4 or head[:2] == b"\xff\xda":
            return
        marker = head[1]
        if head[0] != 0xFF or marker == 0xFF:
            at += 1
            continue
        if marker in STANDALONE:
            at += 2
            continue
        length = int.from_bytes(head[2:4], "big")
        exif_segments += marker == APP1 and head[4:] == b"Exif\0\0"
        photoshop_bytes += length if marker == APP13 else 0
        if exif_segments > MAX_EXIF_SEGMENTS or photoshop_bytes > MAX_PHOTOSHOP_BYTES:
            raise UnusableImage(Reason.TOO_COMPLEX, "too much metadata")
        at += 2 + max(2, length)
    raise UnusableImage(Reason.TOO_COMPLEX, "too many segments before the first scan")


def _check_webp(body: Body, limits: Limits) -> None:
    """RFC 9649, section 2.7: the canvas, which libwebp allocates before Pillow knows its size."""
    head = body.read(30)
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        limits.check_pixels("WEBP", width, height, whole=True)


def _check_tiff(data: bytes) -> None:
    """The first directory. TIFF 6.0, section 2; BigTIFF has 8 bytes where TIFF has 2 or 4."""
    order = "little" if data[:2] == b"II" else "big"
    big = 43 in data[2:4]

    def number(at: int, length: int) -> int:
        return int.from_bytes(data[at : at + length], order)  # type: ignore[arg-type]

    directory = number(8, 8) if big else number(4, 4)
    count_bytes, word, entry_bytes = (8, 8, 20) if big else (2, 4, 12)
    count = number(directory, count_bytes)
    if count > MAX_TAGS:
        raise UnusableImage(Reason.TOO_COMPLEX, f"{count} tags")
    numbers = total = 0
    for at in range(directory + count_bytes, len(data), entry_bytes)[:count]:
        kind, values = number(at + 2, 2), number(at + 4, word)
        size = values * TYPE_BYTES.get(kind, 0)
        if size > len(data):
            continue  # Pillow ignores a tag whose data are not there
        total += size
        numbers += 0 if kind in NOT_NUMBERS else values
    if numbers > MAX_NUMBERS or total > len(data) + MAX_OVERLAP_BYTES:
        raise UnusableImage(Reason.TOO_COMPLEX, f"{numbers} numbers, {total} bytes in tags")
