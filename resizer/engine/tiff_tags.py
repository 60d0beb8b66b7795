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
SIZES = {3: 2, 4: 4, 5: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # bytes of a value; other types: 1
# Without these it is another picture: bits, strips, tiles, colors, samples, tables of JPEG
PICTURE_TAGS = frozenset({258, 273, 279, 320, 324, 325, 338, 339, 347, 519, 520, 521, 530})
NOT_NUMBERS = frozenset({1, 2, 7})  # bytes, text, undefined
MAX_PREVIEWS = 8  # directories before the picture's


@dataclass(slots=True)
class _Layout:
    """TIFF 6.0, section 2. BigTIFF has 8 bytes where TIFF has 2 or 4."""

    order: str  # of struct
    first: int  # where the offset of the first directory is
    count: struct.Struct
    entry: struct.Struct  # tag, type, number of values, value or offset

    @property
    def room(self) -> int:
        """Bytes of values that stand in the entry itself."""
        return struct.calcsize(self.order)

    def end_of(self, data: bytes, directory: int) -> int:
        """Behind the tags, where the offset of the next directory is."""
        (count,) = self.count.unpack_from(data, directory)
        return int(directory + self.count.size + count * self.entry.size)

    @classmethod
    def of(cls, data: bytes) -> "_Layout":
        order = "<" if data[:2] == b"II" else ">"
        if 43 in data[2:4]:
            return cls(order + "Q", 8, struct.Struct(order + "Q"), struct.Struct(order + "HHQQ"))
        return cls(order + "I", 4, struct.Struct(order + "H"), struct.Struct(order + "HHII"))


def check_tags(data: bytes) -> None:
    """Raises `UnusableImage` if there are too many, or if the first directory was cut: Pillow would
    read it without the tags that are not there."""
    layout = _Layout.of(data)
    directories = list(_directories(data, layout))
    if not directories:
        raise UnusableImage(Reason.CORRUPT_IMAGE, "the first directory is not in the file")
    for page, directory in enumerate(directories):
        if page == 0 and layout.end_of(data, directory) > len(data):
            raise UnusableImage(Reason.CORRUPT_IMAGE, "the directory ends outside the file")
        numbers = 0
        for index, (tag, kind, values, value) in enumerate(_tags(data, layout, directory)):
            end = value + values * SIZES.get(kind, 1)
            if page == 0 and tag in PICTURE_TAGS and end - value > layout.room and end > len(data):
                raise UnusableImage(Reason.CORRUPT_IMAGE, f"tag {tag} ends outside the file")
            if kind not in NOT_NUMBERS and values <= len(data):  # otherwise they are not there
                numbers += values
            if index >= MAX_TAGS or numbers > MAX_NUMBERS:
                raise UnusableImage(Reason.TOO_COMPLEX, f"{index} tags of {numbers} numbers")


def _directories(data: bytes, layout: _Layout) -> Iterator[int]:
    """Where those directories are that Pillow may read."""
    pointer = layout.first
    for _ in range(1 + MAX_PREVIEWS):
        if pointer + layout.room > len(data):
            return
        (directory,) = struct.unpack_from(layout.order, data, pointer)
        if not directory or directory + layout.count.size > len(data):
            return
        yield directory
        pointer = layout.end_of(data, directory)


def _tags(data: bytes, layout: _Layout, directory: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, type, number of values and value, or the offset of the values, of each tag."""
    (count,) = layout.count.unpack_from(data, directory)
    start, step = directory + layout.count.size, layout.entry.size
    for at in range(start, len(data) - step + 1, step)[:count]:
        yield layout.entry.unpack_from(data, at)
