"""Damage that knows a picture's structure.

Its chunks, segments, blocks, boxes or tags are repeated, dropped, moved, emptied, or given a length
that is not theirs.
"""

import struct
from collections.abc import Callable
from random import Random

from tools.hostile_pictures import png_chunk

MAX_FILE_BYTES = 4_000_000
LENGTHS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
CONTAINERS = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iinf": 6,
    b"iref": 4,
}  # bytes before their boxes

Parts = list[bytes]


def damaged(data: bytes, image_format: str, random: Random) -> bytes:
    split, join = FORMATS[image_format]
    parts = split(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        _change(parts, random)
    data = join(parts)
    return _with_wrong_length(data, random) if random.random() < 0.3 else data


def _change(parts: Parts, random: Random) -> None:
    """One change to a list of parts, whose first is the file's header."""
    at = random.randrange(1, len(parts)) if len(parts) > 1 else 0
    part = parts[at]
    match random.randrange(8):
        case 0:
            parts.insert(random.randint(1, len(parts)), part)
        case 1:
            del parts[at]
        case 2:
            other = random.randrange(len(parts))
            parts[at], parts[other] = parts[other], part
        case 3:
            times = min(random.choice((3, 100, 5000, 100_000)), MAX_FILE_BYTES // (len(part) + 1))
            parts[at:at] = [part] * times
        case 4:
            parts[at] = part[: random.randrange(len(part) + 1)]
        case 5:
            parts[at] = part + random.randbytes(random.choice((1, 7, 300)))
        case 6:
            place = random.randrange(len(part) + 1)
            parts[at] = part[:place] + random.randbytes(1) + part[place + 1 :]
        case _:
            parts[at] = part[:8] + part[8:] * random.choice((0, 2, 50))
    if not parts:
        parts.append(b"")


def _with_wrong_length(data: bytes, random: Random) -> bytes:
    at = random.randrange(max(1, min(len(data), 3000)))
    size = random.choice((1, 2, 4))
    length = random.choice(LENGTHS) & ((1 << 8 * size) - 1)
    return data[:at] + length.to_bytes(size, random.choice(("big", "little"))) + data[at + size :]


def _split_png(data: bytes) -> Parts:
    """Chunks as type and data."""
    parts, at = [data[:8]], 8
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        parts.append(data[at + 4 : at + 8 + length])
        at += 12 + length
    return parts


def _join_png(parts: Parts) -> bytes:
    return parts[0] + b"".join(png_chunk(part[:4], part[4:]) for part in parts[1:])


def _split_jpeg(data: bytes) -> Parts:
    """Segments; a scan with its entropy-coded data, cut into pieces."""
    parts, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        parts.append(data[at:end])
        at = end
    for piece in data[at:].split(b"\xff\xda")[1:]:
        parts += [b"\xff\xda" + piece[:200], piece[200:]]
    return parts


def _split_gif(data: bytes) -> Parts:
    """The screen, extensions and frames, and the blocks of each."""
    at = 13 + 3 * (2 << (data[10] & 7)) * (data[10] >> 7)
    parts = [data[:at]]
    while at < len(data):
        start = at
        if data[at] == 0x21:
            at += 2
        elif data[at] == 0x2C and at + 10 < len(data):
            at += 11 + 3 * (2 << (data[at + 9] & 7)) * (data[at + 9] >> 7)
        else:
            parts.append(data[at:])
            break
        parts.append(data[start:at])
        while at < len(data):
            end = at + 1 + data[at]
            parts.append(data[at:end])
            at = end
            if end == start + 1 or parts[-1] == b"\0":
                break
    return parts


def _split_webp(data: bytes) -> Parts:
    parts, at = [data[:12]], 12
    while at + 8 <= len(data):
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        end = at + 8 + length + length % 2
        parts.append(data[at:end])
        at = end
    return parts


def _join_webp(parts: Parts) -> bytes:
    data = b"".join(parts)
    return data[:4] + struct.pack("<I", max(0, len(data) - 8)) + data[8:]


def _split_media(data: bytes) -> Parts:
    """Boxes without those that contain them: `_join_media` packs what follows a container."""
    parts: Parts = [b""]
    _split_boxes(data, parts)
    return parts


def _split_boxes(data: bytes, parts: Parts) -> None:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + (length if length >= 8 else len(data))
        if kind in CONTAINERS:
            skipped = at + 8 + CONTAINERS[kind]
            parts.append(b"(" + data[at + 4 : skipped])
            _split_boxes(data[skipped:end], parts)
            parts.append(b")")
        else:
            parts.append(data[at + 4 : end])
        at = end


def _join_media(parts: Parts) -> bytes:
    levels = [(b"", bytearray())]
    for part in parts:
        if part[:1] == b"(" and len(levels) < 100:
            levels.append((part[1:], bytearray()))
        elif part == b")" and len(levels) > 1:
            head, content = levels.pop()
            levels[-1][1].extend(struct.pack(">I", 4 + len(head) + len(content)) + head + content)
        elif part:
            levels[-1][1].extend(struct.pack(">I", 4 + len(part)) + part)
    return b"".join(struct.pack(">I", 8) * bool(head) + head + body for head, body in levels)


def _split_tiff(data: bytes) -> Parts:
    """The pixels and values, then the entries of the first directory."""
    order = "<" if data[:2] == b"II" else ">"
    directory = struct.unpack(order + "I", data[4:8])[0]
    count = struct.unpack(order + "H", data[directory : directory + 2])[0]
    entries = data[directory + 2 : directory + 2 + 12 * count]
    return [data, *(entries[at : at + 12] for at in range(0, len(entries), 12))]


def _join_tiff(parts: Parts) -> bytes:
    """The directory moves to the end."""
    data = parts[0] + b"\0" * (len(parts[0]) % 2)
    order = "<" if data[:2] == b"II" else ">"
    count = struct.pack(order + "H", min(len(parts) - 1, 0xFFFF))
    head = data[:4] + struct.pack(order + "I", len(data)) + data[8:]
    return head + count + b"".join(parts[1:]) + bytes(4)


def _split_bmp(data: bytes) -> Parts:
    """The fields of the header, the palette, then rows or runs."""
    fields = [data[at : at + 4] for at in range(14, 54, 4)]
    return [data[:14], *fields, *(data[at : at + 256] for at in range(54, len(data), 256))]


FORMATS: dict[str, tuple[Callable[[bytes], Parts], Callable[[Parts], bytes]]] = {
    "PNG": (_split_png, _join_png),
    "JPEG": (_split_jpeg, b"".join),
    "GIF": (_split_gif, b"".join),
    "WEBP": (_split_webp, _join_webp),
    "AVIF": (_split_media, _join_media),
    "HEIF": (_split_media, _join_media),
    "TIFF": (_split_tiff, _join_tiff),
    "BMP": (_split_bmp, b"".join),
}
