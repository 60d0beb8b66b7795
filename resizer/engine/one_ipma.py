"""An AVIF of an early encoder, with two `ipma` boxes, becomes one with a single box.

Some encoders wrote a box for the picture and another for its alpha plane. Of the same version and
flags, only one is allowed (ISO/IEC 23008-12, section 9.3.1), and libavif rejects such a file. The
boxes become one of their length together, so that nothing else moves.
"""

import struct
from itertools import pairwise

from contract.record import Reason
from resizer.engine.iso_media import MAX_BOXES, MAX_ITEMS, Box, Reader, children
from resizer.failures import UnusableImage

HEADER = 8  # length and kind
START = 16  # of a box's entries: header, version and flags, count


def with_one_ipma(data: bytes) -> bytes:
    """The same bytes unless there are several boxes of the same kind, one behind the other.

    An item that is in two of them is left as it is: nobody can say what it means.
    """
    try:
        boxes = _boxes(data)
        if len(boxes) < 2:
            return data
        entries = [entry for box in boxes for entry in _entries(data, box)]
    except (struct.error, UnusableImage):
        return data
    alike = len({data[box.start : box.start + 4] for box in boxes}) == 1
    in_a_row = all(one.end + HEADER == other.start for one, other in pairwise(boxes))
    if not alike or not in_a_row or len({item for item, _ in entries}) < len(entries):
        return data
    rows = b"".join(row for _, row in sorted(entries))
    start, end = boxes[0].start - HEADER, boxes[-1].end
    head = data[boxes[0].start : boxes[0].start + 4]
    merged = struct.pack(">I4s", START + len(rows), b"ipma") + head
    merged += struct.pack(">I", len(entries)) + rows
    rest = end - start - len(merged)
    return (
        data[:start] + merged + struct.pack(">I4s", rest, b"free").ljust(rest, b"\0") + data[end:]
    )


def _boxes(data: bytes) -> list[Box]:
    budget = [MAX_BOXES]
    for meta in children(data, Box(b"", 0, len(data)), b"meta", budget)[:1]:
        for iprp in children(data, meta._replace(start=meta.start + 4), b"iprp", budget)[:1]:
            return children(data, iprp, b"ipma", budget)
    return []


def _entries(data: bytes, box: Box) -> list[tuple[int, bytes]]:
    """Item ids with their rows. Raises struct.error or `UnusableImage`."""
    reader = Reader(data, box)
    head = reader.number(4)
    count = reader.number(4)
    if count > MAX_ITEMS:
        raise UnusableImage(Reason.TOO_COMPLEX, f"{count} items")
    entries = []
    for _ in range(count):
        start = reader.at
        item = reader.number(2 if head >> 24 == 0 else 4)
        reader.number(reader.number(1) * (2 if head & 1 else 1))
        entries.append((item, data[start : reader.at]))
    if reader.at != box.end:
        raise struct.error("more than its entries")
    return entries
