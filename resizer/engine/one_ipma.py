"""An AVIF of an early encoder, with two `ipma` boxes, becomes one with a single box.

Some encoders wrote a box for the picture and another for its alpha plane. Of the same version and
flags, only one is allowed (ISO/IEC 23008-12, section 9.3.1), and libavif rejects such a file. The
boxes become one of their length together, so that nothing else moves.
"""

import struct

from contract.record import Reason
from resizer.engine.iso_media import MAX_BOXES, MAX_ITEMS, Box, Reader, children
from resizer.failures import UnusableImage

HEADER = 8  # length and kind


def with_one_ipma(data: bytes) -> bytes:
    """The same bytes unless there are several such boxes of one kind, and nothing behind them.

    An item that is in two of them is left as it is: nobody can say what it means.
    """
    try:
        parent, boxes = _property_boxes(data)
        if len(boxes) < 2:
            return data
        entries = [entry for box in boxes for entry in _entries(data, box)]
    except (struct.error, UnusableImage):
        return data
    start, end = boxes[0].start, parent.end
    kinds = {data[box.start : box.start + 4] for box in boxes}
    ends = [box.end + HEADER for box in boxes[:-1]]
    in_a_row = [*ends, boxes[-1].end] == [*(box.start for box in boxes[1:]), end]
    once = len({item for item, _ in entries}) == len(entries)
    short = data[parent.start - 4 : parent.start] + data[start - 4 : start] == b"iprpipma"
    if not (len(kinds) == 1 and in_a_row and once and short):
        return data
    rows = b"".join(row for _, row in sorted(entries))
    merged = kinds.pop() + struct.pack(">I", len(entries)) + rows
    rest = end - start - len(merged)  # a box behind the parent: in it, libavif allows no other
    return (
        data[: parent.start - HEADER]
        + struct.pack(">I4s", parent.end - parent.start + HEADER - rest, b"iprp")
        + data[parent.start : start - HEADER]
        + struct.pack(">I4s", HEADER + len(merged), b"ipma")
        + merged
        + struct.pack(">I4s", rest, b"free").ljust(rest, b"\0")
        + data[end:]
    )


def _property_boxes(data: bytes) -> tuple[Box, list[Box]]:
    """`iprp`, and each `ipma` in it."""
    budget = [MAX_BOXES]
    for meta in children(data, Box(b"", 0, len(data)), b"meta", budget)[:1]:
        for iprp in children(data, meta._replace(start=meta.start + 4), b"iprp", budget)[:1]:
            return iprp, children(data, iprp, b"ipma", budget)
    return Box(b"", 0, 0), []


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
