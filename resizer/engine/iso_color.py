"""What an AVIF or HEIC says of its colors outside of an ICC profile, which is the decoder's matter.

The `colr` box of type `nclx` (ISO/IEC 14496-12, section 12.1.5) and the `clli` box (section 12.1.6)
of the primary item, of its first tile, or, in an image sequence, of the track. Where an AVIF has no
`nclx`, the sequence header of its AV1 data counts, as in libavif.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from resizer.engine.av1 import coding_of_av1
from resizer.engine.iso_media import (
    IN_FILE,
    MAX_BOXES,
    Box,
    Items,
    Reader,
    at_most,
    boxes,
    children,
    read_items,
)
from resizer.failures import UnusableImage

UNSPECIFIED = 2
MAX_ASSOCIATIONS = 50_000  # of all items; encoders write some five each
SEQUENCE_BRAND = b"avis"
TO_SAMPLE_ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
VISUAL_SAMPLE_ENTRY = 78  # bytes before its boxes (ISO/IEC 14496-12, section 12.1.3)
AV1_SEARCHED_BYTES = 4096  # the sequence header comes first; as far as libavif looks


@dataclass(frozen=True, slots=True)
class VideoColor:
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    peak_nits: int = 0  # of the brightest pixel; 0 if unknown


def video_color(data: bytes) -> VideoColor:
    """`data` is the whole file. What is malformed does not count."""
    try:
        if data[8:12] == SEQUENCE_BRAND:
            return _color(data, _boxes_of_track(data))[0]
        return _of_items(data)
    except (struct.error, UnusableImage):
        return VideoColor()


def _of_items(data: bytes) -> VideoColor:
    items = read_items(data)
    if items.primary is None:
        return VideoColor()
    owners = [items.primary, *items.derived_from.get(items.primary, [])[:1]]
    by_item = _properties(data, set(owners))
    found = VideoColor()
    for owner in owners:
        color, is_said = _color(data, by_item.get(owner, ()))
        if is_said:
            return replace(color, peak_nits=color.peak_nits or found.peak_nits)
        found = replace(found, peak_nits=found.peak_nits or color.peak_nits)
    coding = coding_of_av1(_first_bytes(data, items, owners[-1]))
    return replace(found, primaries=coding[0], transfer=coding[1]) if coding else found


def _color(data: bytes, found: Iterable[Box]) -> tuple[VideoColor, bool]:
    """The first `nclx` and the first `clli`; and whether there was an `nclx`."""
    color, is_said = VideoColor(), False
    for box in found:
        reader = Reader(data, box)
        if box.kind == b"colr" and data[box.start : box.start + 4] == b"nclx" and not is_said:
            reader.number(4)
            color = replace(color, primaries=reader.number(2), transfer=reader.number(2))
            is_said = True
        elif box.kind == b"clli" and not color.peak_nits:
            color = replace(color, peak_nits=reader.number(2))
    return color, is_said


def _first_bytes(data: bytes, items: Items, item: int) -> bytes:
    extents = items.extents.get(item, [])
    if items.kinds.get(item) != b"av01" or not extents or extents[0].method != IN_FILE:
        return b""
    start, length = extents[0].start, extents[0].length or AV1_SEARCHED_BYTES
    return data[start : start + min(length, AV1_SEARCHED_BYTES)]


def _properties(data: bytes, wanted: set[int]) -> dict[int, list[Box]]:
    """By item, in the order of association (ISO/IEC 23008-12, section 9.3)."""
    budget = [MAX_BOXES]
    properties: list[Box] = []
    associations: list[Box] = []
    for meta in children(data, Box(b"", 0, len(data)), b"meta", budget)[:1]:
        for iprp in children(data, meta._replace(start=meta.start + 4), b"iprp", budget)[:1]:
            for ipco in children(data, iprp, b"ipco", budget)[:1]:
                properties = list(boxes(data, ipco.start, ipco.end, budget))
            associations = children(data, iprp, b"ipma", budget)
    found: dict[int, list[Box]] = {}
    allowed = [MAX_ASSOCIATIONS]
    for ipma in associations:
        for item, index in _associations(data, ipma, allowed):
            if item in wanted and 0 < index <= len(properties):
                found.setdefault(item, []).append(properties[index - 1])
    return found


def _associations(data: bytes, box: Box, allowed: list[int]) -> Iterator[tuple[int, int]]:
    """Items and the numbers of their properties, from 1."""
    reader = Reader(data, box)
    head = reader.number(4)
    id_size, index_size = 2 if head >> 24 == 0 else 4, 2 if head & 1 else 1
    for _ in range(reader.number(4)):
        item = reader.number(id_size)
        count = reader.number(1)
        allowed[0] -= 1 + count
        at_most(0, -allowed[0], "associations")
        for _ in range(count):
            yield item, reader.number(index_size) & (0x7FFF if index_size == 2 else 0x7F)


def _boxes_of_track(data: bytes) -> list[Box]:
    """Those of the first track that is coded in AV1."""
    budget = [MAX_BOXES]
    found = [Box(b"", 0, len(data))]
    for kind in TO_SAMPLE_ENTRY:
        found = [child for box in found for child in children(data, box, kind, budget)]
    for table in found:
        for entry in children(data, table._replace(start=table.start + 8), b"av01", budget):
            return list(boxes(data, entry.start + VISUAL_SAMPLE_ENTRY, entry.end, budget))
    return []
