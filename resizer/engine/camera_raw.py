"""A camera's raw file is a TIFF of sensor data, and of JPEGs that the camera made of it.

DNG (Adobe), NEF (Nikon), CR2 (Canon), ARW (Sony), PEF (Pentax) and their kin. The first picture in
the file is often a preview of 160 pixels, which TIFF readers take for the picture.
"""

from collections.abc import Iterator, Mapping

from contract.record import Reason
from resizer.failures import UnusableImage

COMPRESSION, PHOTOMETRIC, STRIPS, LENGTHS = 259, 262, 273, 279  # tags
SUB_IFDS, JPEG, JPEG_LENGTH, DNG_VERSION = 330, 513, 514, 50706
COLOR_FILTER_ARRAY, LINEAR_RAW = 32803, 34892  # photometric interpretations of sensor data
SENSOR = frozenset({COLOR_FILTER_ARRAY, LINEAR_RAW})
JPEG_COMPRESSIONS = frozenset({6, 7})
CANON = b"CR\x02"  # behind the header of a CR2
SHORT, LONG, IFD = 3, 4, 13
SIZES = {SHORT: 2, LONG: 4, IFD: 4}
MAX_DIRECTORIES = 50  # cameras write 3 to 8
MAX_ENTRIES = 1000  # of each
MAX_VALUES = 16
MAX_SEGMENTS = 200  # before the header of a JPEG's frame
HEADER_BYTES = 512 * 1024  # that hold them
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2  # lossless is sensor data
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})

Tags = Mapping[int, tuple[int, ...]]


def embedded_jpeg(data: bytes) -> bytes | None:
    """The largest JPEG of a raw file; None if the file is another TIFF.

    Raises `UnusableImage` if it has none that can be decoded.
    """
    directories = list(_directories(data))
    if not directories or not _is_raw(data, directories):
        return None
    found = [
        (width * height, start, length)
        for tags in directories
        for start, length in _pictures(tags)
        for width, height in [_frame_size(data[start : start + min(length, HEADER_BYTES)])]
    ]
    pixels, start, length = max(found, default=(0, 0, 0))
    if not pixels:
        raise UnusableImage(Reason.UNSUPPORTED_FORMAT, "a camera's raw file without a JPEG")
    return data[start : start + length]


def _is_raw(data: bytes, directories: list[Tags]) -> bool:
    return (
        data[8:11] == CANON
        or DNG_VERSION in directories[0]
        or any(SENSOR & set(tags.get(PHOTOMETRIC, ())) for tags in directories)
    )


def _pictures(tags: Tags) -> Iterator[tuple[int, int]]:
    """Where JPEGs may be: start and length. Sensor data may be coded as JPEG too."""
    if SENSOR & set(tags.get(PHOTOMETRIC, ())):
        return
    if JPEG in tags and JPEG_LENGTH in tags:
        yield tags[JPEG][0], tags[JPEG_LENGTH][0]
    starts, lengths = tags.get(STRIPS, ()), tags.get(LENGTHS, ())
    if len(starts) == len(lengths) == 1 and JPEG_COMPRESSIONS & set(tags.get(COMPRESSION, ())):
        yield starts[0], lengths[0]


def _frame_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height; zeros if it is no JPEG of 8 bits that can be decoded."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        marker = jpeg[at : at + 2]
        if jpeg[:2] != b"\xff\xd8" or len(marker) < 2 or marker[0] != 0xFF:
            break
        if marker[1] in FRAMES:
            decodable = (
                marker[1] in {BASELINE, EXTENDED, PROGRESSIVE} and jpeg[at + 4 : at + 5] == b"\x08"
            )
            height, width = (
                int.from_bytes(jpeg[at + 5 + 2 * n : at + 7 + 2 * n], "big") for n in (0, 1)
            )
            return (width, height) if decodable else (0, 0)
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return 0, 0


def _directories(data: bytes) -> Iterator[Tags]:
    """The chain of directories, each with those below it. TIFF 6.0, section 2."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(data[:4])
    if order is None:
        return
    waiting, seen = [int.from_bytes(data[4:8], order)], set[int]()  # type: ignore[arg-type]
    while waiting and len(seen) < MAX_DIRECTORIES:
        start = waiting.pop(0)
        if start in seen or not 8 <= start <= len(data) - 2:
            continue
        seen.add(start)
        tags, following = _directory(data, start, order)
        waiting += [*tags.get(SUB_IFDS, ()), following]
        yield tags


def _directory(data: bytes, start: int, order: str) -> tuple[Tags, int]:
    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]

    tags: dict[int, tuple[int, ...]] = {}
    count = number(start, 2)
    for index in range(min(count, MAX_ENTRIES)):
        entry = start + 2 + 12 * index
        size, values = SIZES.get(number(entry + 2, 2), 0), number(entry + 4, 4)
        tag = number(entry, 2)
        if tag == DNG_VERSION:
            tags[tag] = ()
        if not size or not 0 < values <= MAX_VALUES:
            continue
        at = entry + 8 if size * values <= 4 else number(entry + 8, 4)
        tags[tag] = tuple(number(at + size * value, size) for value in range(values))
    return tags, number(start + 2 + 12 * count, 4)
