"""ISO media files (HEIC, AVIF): is every byte of the picture there, and is its structure bounded?

libheif decodes what it finds: the missing part of a truncated file becomes green. Here the item
location box (`iloc`) says where the data of each item lies, and what the primary item needs must
lie within the file. ISO/IEC 14496-12, section 8.11; ISO/IEC 23008-12, section 6.

A file without such boxes, as an image sequence may be, is left to its decoder.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from contract.record import Reason
from resizer.failures import UnusableImage

# Encoders write some 10 boxes on each level, and a property or two for each kind of item.
MAX_BOXES = 20_000
# A phone's picture of 48 megapixels has 200 items, nearly all of them tiles; tiles of 256 x 256
# pixels are the smallest in use, 1,600 for 100 megapixels. libheif itself stops at 1,000 items.
MAX_ITEMS = 10_000
MAX_EXTENTS = 50_000  # of all items; encoders write one each
MAX_REFERENCES = 50_000
# Pillow may rewrite all tags of an AVIF's Exif item. Cameras write 64 KB at most.
MAX_EXIF_BYTES = 1024 * 1024
DERIVED, AUXILIARY = b"dimg", b"auxl"
DERIVED_KINDS = frozenset({b"grid", b"iovl", b"iden", b"tmap"})  # made from other items
IN_FILE, IN_IDAT = 0, 1  # construction methods


class Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


class Extent(NamedTuple):
    method: int
    start: int
    length: int  # 0: to the end


@dataclass(slots=True)
class Items:
    """What the `meta` box says. By item id."""

    primary: int | None = None
    kinds: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, list[Extent]] = field(default_factory=dict)
    derived_from: dict[int, list[int]] = field(default_factory=dict)
    auxiliaries: dict[int, list[int]] = field(default_factory=dict)
    idat_bytes: int = 0


class Reader:
    """Big-endian numbers one after another; struct.error at the end of the box."""

    def __init__(self, data: bytes, box: Box) -> None:
        self.data, self.at, self.end = data, box.start, box.end

    def number(self, size: int) -> int:
        if self.at + size > self.end:
            raise struct.error("a box that is too short")
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")


def check_items(data: bytes, coding: bytes = b"") -> None:
    """Raises `UnusableImage` if what the primary item needs is not there, has too many parts, or is
    coded in another way than `coding`, an item type."""
    try:
        items = read_items(data)
    except struct.error as exc:
        raise UnusableImage(Reason.CORRUPT_IMAGE, str(exc)) from exc
    for item in _needed(items):
        for extent in items.extents.get(item, ()):
            held = {IN_FILE: len(data), IN_IDAT: items.idat_bytes}.get(extent.method)
            if held is not None and (
                extent.start + extent.length > held or (extent.start >= held and not extent.length)
            ):
                raise UnusableImage(Reason.CORRUPT_IMAGE, f"item {item} ends outside the file")
    for item in _parts(items):
        kind = items.kinds.get(item, coding)
        if coding and kind != coding and kind not in DERIVED_KINDS:
            raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"an item of type {kind!r}")
    for item, kind in items.kinds.items():
        size = sum(
            min(extent.length or len(data), len(data) - extent.start)
            for extent in items.extents.get(item, ())
        )
        if kind == b"Exif" and size > MAX_EXIF_BYTES:
            raise UnusableImage(Reason.TOO_COMPLEX, f"{size} bytes of Exif")


def _parts(items: Items) -> set[int]:
    """The primary item and the tiles that it is derived from."""
    return _reached(items, items.derived_from)


def _needed(items: Items) -> set[int]:
    """Those, and the alpha planes of these."""
    return _reached(items, items.derived_from, items.auxiliaries)


def _reached(items: Items, *references: dict[int, list[int]]) -> set[int]:
    waiting = [] if items.primary is None else [items.primary]
    reached: set[int] = set()
    while waiting:
        item = waiting.pop()
        if item not in reached:
            reached.add(item)
            for targets in references:
                waiting += targets.get(item, ())
    return reached


def read_items(data: bytes) -> Items:
    """Raises struct.error if a box is malformed, `UnusableImage` if there are too many."""
    items = Items()
    budget = [MAX_BOXES]
    for outer in boxes(data, 0, len(data), budget):
        if outer.kind != b"meta":
            continue
        for box in boxes(data, outer.start + 4, outer.end, budget):
            if box.kind == b"pitm":
                items.primary = _primary(data, box)
            elif box.kind == b"idat":
                items.idat_bytes = box.end - box.start
            elif box.kind == b"iinf":
                items.kinds = _kinds(data, box, budget)
            elif box.kind == b"iloc":
                items.extents = _locations(data, box)
            elif box.kind == b"iref":
                _read_references(data, box, items, budget)
            elif box.kind == b"iprp":
                for properties in boxes(data, box.start, box.end, budget):
                    if properties.kind == b"ipco":
                        for _ in boxes(data, properties.start, properties.end, budget):
                            pass  # counted
        break  # the first one describes the picture
    return items


def children(data: bytes, box: Box, kind: bytes, budget: list[int]) -> list[Box]:
    return [child for child in boxes(data, box.start, box.end, budget) if child.kind == kind]


def boxes(data: bytes, start: int, end: int, budget: list[int]) -> Iterator[Box]:
    """Section 4.2. A size of 1 means that 64 bits follow, 0 that the box extends to the end.

    Bytes behind the last whole box are no box: other programs append what they like.
    """
    while end - start >= 8:
        budget[0] -= 1
        at_most(0, -budget[0], "boxes")
        size, header = int.from_bytes(data[start : start + 4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header:
            return
        yield Box(data[start + 4 : start + 8], start + header, min(start + size, end))
        start += size


def _primary(data: bytes, box: Box) -> int:
    reader = Reader(data, box)
    return reader.number(2 if reader.number(4) >> 24 == 0 else 4)


def _kinds(data: bytes, box: Box, budget: list[int]) -> dict[int, bytes]:
    """`infe` of version 2 and 3 says what an item is."""
    kinds = {}
    version = data[box.start] if box.start < box.end else 0
    for entry in boxes(data, box.start + (6 if version == 0 else 8), box.end, budget):
        reader = Reader(data, entry)
        version = reader.number(4) >> 24
        if entry.kind == b"infe" and version >= 2:
            item = reader.number(2 if version == 2 else 4)
            reader.number(2)
            kinds[item] = reader.number(4).to_bytes(4, "big")
    return kinds


def _locations(data: bytes, box: Box) -> dict[int, list[Extent]]:
    """Section 8.11.3."""
    reader = Reader(data, box)
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version > 0 else 0
    id_size = 2 if version < 2 else 4
    count = reader.number(id_size)
    locations: dict[int, list[Extent]] = {}
    total = 0
    for number in range(count):
        at_most(MAX_ITEMS, number + 1, "items")
        item = reader.number(id_size)
        method = reader.number(2) & 15 if version > 0 else IN_FILE
        elsewhere = reader.number(2)  # 0: this file
        base = reader.number(base_size)
        places = locations.setdefault(item, [])
        for _ in range(reader.number(2)):
            total += 1
            at_most(MAX_EXTENTS, total, "extents")
            reader.number(index_size)
            start = base + reader.number(offset_size)
            places.append(Extent(-1 if elsewhere else method, start, reader.number(length_size)))
    return locations


def _read_references(data: bytes, box: Box, items: Items, budget: list[int]) -> None:
    """Section 8.11.12."""
    id_size = 2 if Reader(data, box).number(4) >> 24 == 0 else 4
    total = 0
    for reference in boxes(data, box.start + 4, box.end, budget):
        reader = Reader(data, reference)
        source, count = reader.number(id_size), reader.number(2)
        targets = [reader.number(id_size) for _ in range(count)]
        total += count
        at_most(MAX_REFERENCES, total, "references")
        if reference.kind == DERIVED:
            items.derived_from.setdefault(source, []).extend(targets)
        elif reference.kind == AUXILIARY:
            for target in targets:
                items.auxiliaries.setdefault(target, []).append(source)


def at_most(most: int, count: int, what: str) -> None:
    if count > most:
        raise UnusableImage(Reason.TOO_COMPLEX, f"too many {what}")
