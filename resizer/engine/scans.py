"""JPEGs of several scans: counts them, and drops those that a small decode does not need.

A progressive JPEG sends each component's DC coefficients first and its AC coefficients in later
scans (ITU-T T.81, annex G). At 1/8 a block becomes one pixel, which is its DC coefficient, so for
components at full resolution the AC scans, most of the file, can be dropped from the bytes. The
result is the same to the last bit. Subsampled chroma is decoded at 1/4 and keeps its scans.

libjpeg would smooth blocks whose AC coefficients are missing, but does not if a quantization step
is zero (`smoothing_ok` in jdcoefct.c), so the AC steps of those components are set to zero too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contract.record import Reason
from resizer.failures import UnusableImage

SOI, EOI, SOS, DQT, SOF2 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC2
FRAMES = frozenset({0xC0, 0xC1, SOF2, 0xC9, 0xCA})  # that libjpeg decodes
# Segments that may stand between SOI and EOI of a progressive file that is pruned: Huffman tables,
# restart interval, application data, comment.
PASSED = frozenset({0xC4, 0xDD, 0xFE, *range(0xE0, 0xF0)})
# Entropy-coded data ends at a marker that is neither a stuffed zero, a restart nor a fill byte.
FILL_BYTES = re.compile(rb"\xff+")
END_OF_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

INVENTED = bytes(73 * index % 251 for index in range(1, 65))  # more than a block of coefficients


class NotUnderstood(Exception):  # noqa: N818 - not an error: the file is decoded unpruned
    """The file contains something that the pruner does not understand."""


class Segment(NamedTuple):
    marker: int
    start: int  # of the marker
    body: int  # of what follows the length
    end: int  # past the entropy-coded data, for a scan


@dataclass(frozen=True, slots=True)
class Component:
    across: int  # sampling factors
    down: int
    table: int


def count_scans(data: bytes, max_segments: int) -> int:
    """Start-of-scan markers up to the end of the picture; of the whole file if it is malformed.

    Raises `UnusableImage` if there are more segments.
    """
    count = 0
    try:
        for number, segment in enumerate(_segments(data)):
            count += segment.marker == SOS
            if number >= max_segments:
                raise UnusableImage(Reason.TOO_COMPLEX, f"more than {max_segments} segments")
    except NotUnderstood:
        return max(count, data.count(b"\xff\xda"))
    return count


class Ended(NamedTuple):
    data: bytes
    whole_scans: int
    lacks_scans: bool  # of those that give every coefficient its last bit


def with_end(data: bytes, max_segments: int, *, invent: bool) -> Ended:
    """A cut file up to its last whole segment, or to its end within a scan, and an end marker. A
    file that has its end remains as it is. `invent`: some blocks are made up before that marker.

    Raises `UnusableImage` if there are more segments.
    """
    end = 2
    segments: list[Segment] = []
    try:
        for segment in _segments(data):
            if len(segments) >= max_segments:
                raise UnusableImage(Reason.TOO_COMPLEX, f"more than {max_segments} segments")
            if segment.marker != EOI and segment.end > len(data):
                break
            segments.append(segment)
            end = segment.end
    except NotUnderstood:
        pass
    whole_scans = sum(segment.marker == SOS for segment in segments)
    if segments and segments[-1].marker == EOI:
        return Ended(data, whole_scans, lacks_scans=False)
    header_bytes = int.from_bytes(data[end + 2 : end + 4], "big")
    in_scan = data[end : end + 2] == b"\xff\xda" and end + 2 + header_bytes <= len(data)
    if in_scan:
        segments.append(Segment(SOS, end, end + 4, len(data)))
    if in_scan or not whole_scans:
        end = len(data)
    whole = data[:end].rstrip(b"\xff")
    if invent and in_scan:
        whole += _invented(whole)
    return Ended(whole + b"\xff\xd9", whole_scans, _lacks_scans(data, segments))


def _lacks_scans(data: bytes, segments: list[Segment]) -> bool:
    """Whether some coefficient of some component is not there to its last bit (B.2.3)."""
    missing: dict[int, set[int]] = {}
    for marker, _, body, _ in segments:
        if marker in FRAMES:
            count = data[body + 5]
            missing = {name: set(range(64)) for name in data[body + 6 : body + 6 + 3 * count : 3]}
        elif marker == SOS:
            count = data[body]
            names = data[body + 1 : body + 1 + 2 * count : 2]
            first, last, bits = data[body + 1 + 2 * count : body + 4 + 2 * count]
            for name in names if bits & 15 == 0 else b"":
                missing.get(name, set()).difference_update(range(first, last + 1))
    return any(missing.values())


def _invented(data: bytes) -> bytes:
    """Blocks to follow the data, whether its restart interval is complete or not, if it has any."""
    last, number = max((data.rfind(bytes((0xFF, 0xD0 + index))), index) for index in range(8))
    following = number + 1 if last >= 0 else 0
    restarts = (bytes((0xFF, 0xD0 + (following + index) % 8)) for index in range(8))
    return INVENTED + b"".join(restart + INVENTED for restart in restarts)


def prune_for_eighth(data: bytes) -> bytes | None:
    """A shorter file that decodes to the same at 1/8; None if anything is not understood."""
    try:
        return _prune(data, list(_segments(data)))
    except (NotUnderstood, IndexError, KeyError):
        return None


def _prune(data: bytes, segments: list[Segment]) -> bytes:
    components = _components(data, segments)
    dropped = _decoded_from_dc_alone(components)
    tables = {components[name].table for name in dropped}
    if tables & {part.table for name, part in components.items() if name not in dropped}:
        raise NotUnderstood("a table is shared with a component that is kept")
    pieces = [data[:2]]
    scanned = False
    for segment in segments:
        piece = data[segment.start : segment.end]
        if segment.marker == SOS:
            scanned = True
            if _is_ac_scan_of(data, segment, dropped):
                continue
        elif segment.marker == DQT:
            if scanned:
                raise NotUnderstood("a table that changes between scans")
            piece = piece[:4] + _without_ac_steps(piece[4:], tables)
        elif segment.marker not in PASSED and segment.marker not in {SOF2, EOI}:
            raise NotUnderstood(f"marker {segment.marker:#x}")
        pieces.append(piece)
    return b"".join(pieces)


def _segments(data: bytes) -> Iterator[Segment]:
    """Every segment after SOI, to EOI; each scan with its entropy-coded data."""
    at = 2
    while True:
        if data[at : at + 2] == b"\xff\xff":
            at = FILL_BYTES.match(data, at).end() - 1  # type: ignore[union-attr]  # just seen
        if at + 4 > len(data) + 2 or data[at] != 0xFF:
            raise NotUnderstood(f"no marker at {at}")
        marker = data[at + 1]
        if marker == EOI:
            yield Segment(marker, at, at + 2, at + 2)
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker < 0xC0 or 0xD0 <= marker <= SOI or end < at + 4:
            raise NotUnderstood(f"marker {marker:#x} at {at}")
        if marker == SOS:
            found = END_OF_SCAN.search(data, end)
            if found is None:
                raise NotUnderstood("a scan without an end")
            yield Segment(marker, at, at + 4, found.start())
            at = found.start()
        else:
            yield Segment(marker, at, at + 4, end)
            at = end


def _components(data: bytes, segments: list[Segment]) -> dict[int, Component]:
    """By identifier, from the one frame header."""
    frames = [segment for segment in segments if segment.marker == SOF2]
    if len(frames) != 1 or segments[-1].marker != EOI:
        raise NotUnderstood("not one progressive frame")
    body = frames[0].body
    count = data[body + 5]
    components = {}
    for at in range(body + 6, body + 6 + 3 * count, 3):
        components[data[at]] = Component(data[at + 1] >> 4, data[at + 1] & 15, data[at + 2])
    if any(not part.across or not part.down for part in components.values()):
        raise NotUnderstood("a sampling factor of 0")
    if len(components) != count or count not in {1, 3}:
        raise NotUnderstood(f"{count} components")
    return components


def _decoded_from_dc_alone(components: dict[int, Component]) -> set[int]:
    """Those that libjpeg decodes at 1/8 as well (`jpeg_calc_output_dimensions` in jdmaster.c).

    A component subsampled by an even factor both ways is decoded at 1/4 or more instead.
    """
    across = max(part.across for part in components.values())
    down = max(part.down for part in components.values())
    return {
        name
        for name, part in components.items()
        if across % (2 * part.across) or down % (2 * part.down)
    }


def _is_ac_scan_of(data: bytes, segment: Segment, names: set[int]) -> bool:
    """An AC scan has one component and a spectral selection that begins above 0 (G.1.1.1)."""
    count = data[segment.body]
    first = data[segment.body + 1 + 2 * count]
    if first > 0 and count != 1:
        raise NotUnderstood("an AC scan of several components")
    return first > 0 and data[segment.body + 1] in names


def _without_ac_steps(tables: bytes, names: set[int]) -> bytes:
    out = bytearray()
    at = 0
    while at < len(tables):
        width = 1 + (tables[at] >> 4)  # bytes a step
        steps = tables[at + 1 : at + 1 + 64 * width]
        if width > 2 or len(steps) != 64 * width:
            raise NotUnderstood("a table of odd length")
        out.append(tables[at])
        out += steps[:width] + bytes(63 * width) if tables[at] & 15 in names else steps
        at += 1 + 64 * width
    return bytes(out)
