"""The tags of a TIFF file: are they few enough for Pillow, which makes Python objects of them?

Pillow itself limits the bytes of all tags to those of the file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from contract.record import Reason
from resizer.failures import UnusableImage

# Cameras write 50 tags, GeoTIFF and microscopes some hundreds.
MAX_TAGS = 4096
# Strips have a row or more, tiles 256 pixels or more (TIFF 6.0, section 15), each an offset and a
# length: 282,000 numbers for 36 megapixels. Pillow makes a Python number of each.
MAX_NUMBERS = 500_000
NOT_NUMBERS = frozenset({1, 2, 7})  # bytes, text, undefined
DIRECTORIES = frozenset({34665, 34853, 40965})  # Exif, GPS, interoperability: Pillow reads them too
# By type (TIFF 6.0, section 2; BigTIFF adds 16 to 18)
_TYPES = {1: (1, 2, 6, 7), 2: (3, 8), 4: (4, 9, 11, 13), 8: (5, 10, 12, 16, 17, 18)}
TYPE_BYTES = {kind: size for size, kinds in _TYPES.items() for kind in kinds}
# Bits of a sample, places and lengths of strips and tiles, color map, sample format
PIXEL_TAGS = frozenset({258, 273, 279, 320, 324, 325, 339})


@dataclass(slots=True)
class _Layout:
    """TIFF 6.0, section 2. BigTIFF has 8 bytes where TIFF has 2 or 4."""

    order: str  # of struct
    first: int  # where the offset of the first directory is
    count: struct.Struct
    entry: struct.Struct  # tag, type, number of values, value or offset

    @classmethod
    def of(cls, data: bytes) -> "_Layout":
        order = "<" if data[:2] == b"II" else ">"
        if 43 in data[2:4]:
            return cls(order + "Q", 8, struct.Struct(order + "Q"), struct.Struct(order + "HHQQ"))
        return cls(order + "I", 4, struct.Struct(order + "H"), struct.Struct(order + "HHII"))


def check_tags(data: bytes) -> None:
    """Raises `UnusableImage` if there are too many, or if what the pixels need is cut; what else is
    not there is left to Pillow."""
    numbers = 0
    layout = _Layout.of(data)
    if _is_cut(data, layout):
        raise UnusableImage(Reason.CORRUPT_IMAGE, "its directory ends outside the file")
    for index, (kind, values) in enumerate(_tags(data, layout)):
        if kind not in NOT_NUMBERS and values <= len(data):  # otherwise they are not there
            numbers += values
        if index >= MAX_TAGS or numbers > MAX_NUMBERS:
            raise UnusableImage(Reason.TOO_COMPLEX, f"{index} tags of {numbers} numbers")


def _is_cut(data: bytes, layout: _Layout) -> bool:
    """Whether the first directory, or a value that the pixels need, ends outside the file."""
    try:
        (directory,) = struct.unpack_from(layout.order, data, layout.first)
        (count,) = layout.count.unpack_from(data, directory)
        start = directory + layout.count.size
        for index in range(min(count, MAX_TAGS)):
            at = start + index * layout.entry.size
            tag, kind, values, value = layout.entry.unpack_from(data, at)
            size = TYPE_BYTES.get(kind, 0) * values
            if (
                tag in PIXEL_TAGS
                and size > struct.calcsize(layout.order)
                and value + size > len(data)
            ):
                return True
    except struct.error:
        return True
    return False


def _tags(data: bytes, layout: _Layout) -> Iterator[tuple[int, int]]:
    """Type and number of values of each tag, of the first directory and those that it points to."""
    if len(data) < 16:
        return
    waiting = list(struct.unpack_from(layout.order, data, layout.first))
    seen: set[int] = set()
    while waiting:
        directory = waiting.pop()
        start = directory + layout.count.size
        if directory in seen or start > len(data):
            continue
        seen.add(directory)
        (count,) = layout.count.unpack_from(data, directory)
        step = layout.entry.size
        for at in range(start, len(data) - step + 1, step)[:count]:
            tag, kind, values, value = layout.entry.unpack_from(data, at)
            yield kind, values
            if tag in DIRECTORIES:
                waiting.append(value)
