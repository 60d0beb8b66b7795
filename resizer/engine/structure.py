"""Caps on what a file consists of, checked before its decoder sees it.

What Pillow reads piece by piece is bounded by `engine.metered`; here is what it, or a library in C,
would read as a whole, keep, or read again and again.
"""

from contract.record import Reason
from resizer.engine.body import Body
from resizer.engine.iso_media import check_items
from resizer.engine.limits import Limits
from resizer.engine.tiff_tags import check_tags
from resizer.failures import UnusableImage

# JPEG. A profile has up to 255 segments (ICC.1, annex B.4), extended XMP a segment for each 64 KB
# of what is often a second picture; some 50 more. Fill bytes align to a sector or a page at most.
MAX_HEADER_STEPS = 100_000
# Exif fits into one segment. A few cameras continue it; Pillow copies all before for each.
MAX_EXIF_SEGMENTS = 64
MAX_PHOTOSHOP_BYTES = 16 * 1024 * 1024  # resources of 12 bytes or more, each read in Python
SOS, APP1, APP13 = 0xDA, 0xE1, 0xED
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # ITU-T T.81, table B.1
# Baseline, extended and progressive, by Huffman's or arithmetic coding; not lossless, hierarchical
DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
DECODED_COMPONENTS = frozenset({1, 3, 4})
MAX_BITS = 16  # of a sample, in a JPEG of any kind
CODINGS = {"AVIF": b"av01", "HEIF": b"hvc1"}  # of the items that the decoder reads
STANDALONE = frozenset({0x00, *range(0xD0, 0xDA), *range(0xF0, 0xFE)})  # as Pillow sees them


def check_structure(image_format: str, body: Body, limits: Limits) -> None:
    """Raises `UnusableImage`."""
    match image_format:
        case "JPEG":
            _check_jpeg(body)
        case "WEBP":
            _check_webp(body, limits)
        case "TIFF":
            check_tags(body.whole())
        case "AVIF" | "HEIF":
            check_items(body.whole(), CODINGS[image_format])


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
        if marker in FRAMES and len(head) == 10:
            _check_frame(marker, length, bits=head[4], components=head[9])
        exif_segments += marker == APP1 and head[4:] == b"Exif\0\0"
        photoshop_bytes += length if marker == APP13 else 0
        if exif_segments > MAX_EXIF_SEGMENTS or photoshop_bytes > MAX_PHOTOSHOP_BYTES:
            raise UnusableImage(Reason.TOO_COMPLEX, "too much metadata")
        at += 2 + max(2, length)
    raise UnusableImage(Reason.TOO_COMPLEX, "too many segments before the first scan")


def _check_frame(marker: int, length: int, *, bits: int, components: int) -> None:
    """ITU-T T.81, section B.2.2. A header that contradicts itself is damage, not another coding."""
    sound = length == 8 + 3 * components and 0 < bits <= MAX_BITS
    decoded = marker in DECODED_FRAMES and bits == 8 and components in DECODED_COMPONENTS
    if sound and not decoded:
        raise UnusableImage(
            Reason.UNSUPPORTED_FORMAT, f"JPEG frame {marker:#x}, {components} x {bits} bits"
        )


def _check_webp(body: Body, limits: Limits) -> None:
    """RFC 9649, section 2.7: the canvas, which libwebp allocates before Pillow knows its size."""
    head = body.read(30)
    if head[12:16] == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        limits.check_pixels("WEBP", width, height, whole=True)
