"""Pictures that cost more than they are worth: each generator fills a file of `size` bytes.

What they are made of is allowed or nearly so; only its amount is absurd.
"""

import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

from tools import pictures

WORD = 0xFFFF


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(width: int, height: int, color: int, *chunks: bytes) -> bytes:
    """Of 8 bits; `color` as in PNG 3, section 11.2.1."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND")


@cache
def _small(image_format: str, mode: str = "RGB") -> bytes:
    return pictures.saved(Image.new(mode, (80, 60)), image_format)


def _filled(part: bytes, size: int) -> bytes:
    return part * max(1, size // len(part))


def _in_png(at_end: bool, part: bytes, size: int) -> bytes:
    data = _small("PNG")
    at = len(data) - 12 if at_end else 33  # before IEND, after IHDR
    return data[:at] + _filled(part, size) + data[at:]


def png_data_after_the_stream(size: int) -> bytes:
    """20 megapixels, whose stream ends at once; then small IDAT chunks."""
    stream = png_chunk(b"IDAT", zlib.compress(bytes(10)))
    return png(20_000, 1000, 6, stream, _filled(png_chunk(b"IDAT", b"A" * 12), size))


def png_data_after_the_picture(size: int) -> bytes:
    """20 megapixels, all there, then small IDAT chunks."""
    stream = png_chunk(b"IDAT", zlib.compress(bytes(1000 * (1 + 4 * 20_000))))
    return png(20_000, 1000, 6, stream, _filled(png_chunk(b"IDAT", b"A" * 12), size))


def png_one_byte_idats(size: int) -> bytes:
    """20 megapixels of a long stream that comes a byte at a time."""
    stream = zlib.compress(bytes(1000 * (1 + 4 * 20_000)), 1)
    pieces = [png_chunk(b"IDAT", stream[at : at + 1]) for at in range(min(len(stream), size // 13))]
    return png(20_000, 1000, 6, *pieces)


def png_empty_chunks(size: int) -> bytes:
    return _in_png(False, png_chunk(b"prVt"), size)


def png_empty_chunks_at_the_end(size: int) -> bytes:
    return _in_png(True, png_chunk(b"prVt"), size)


def png_empty_idats(size: int) -> bytes:
    return _in_png(False, png_chunk(b"IDAT"), size)


def png_texts(size: int) -> bytes:
    return _in_png(False, png_chunk(b"tEXt", b"a\0b"), size)


def png_compressed_texts(size: int) -> bytes:
    return _in_png(False, png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000), 9)), size)


def png_profiles(size: int) -> bytes:
    return _in_png(False, png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(900_000), 9)), size)


def png_frame_controls(size: int) -> bytes:
    controls = (
        png_chunk(b"fcTL", struct.pack(">5IHHBB", number, 1, 1, 0, 0, 1, 1, 0, 0))
        for number in range(size // 38)
    )
    return png(1, 1, 2, png_chunk(b"acTL", struct.pack(">II", 2, 0)), *controls)


def gif_one_byte_comments(size: int) -> bytes:
    return _in_gif(b"!\xfe" + _filled(b"\x01A", size) + b"\0")


def gif_empty_extensions(size: int) -> bytes:
    return _in_gif(_filled(b"!\xff\0\0", size))


def gif_one_byte_pixels(size: int) -> bytes:
    """Blocks of one byte that hold nothing but clear codes."""
    head = b"GIF89a" + struct.pack("<HHBBB", 4000, 4000, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 4000, 4000, 0) + b"\x07"
    return head + frame + _filled(b"\x01\x80", size) + b"\0;"


def gif_unknown_bytes(size: int) -> bytes:
    return _in_gif(_filled(b"x", size))


def _in_gif(extension: bytes) -> bytes:
    data = _small("GIF", "P")
    at = 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + extension + data[at:]


def _in_jpeg(part: bytes, size: int) -> bytes:
    data = _small("JPEG")
    return data[:2] + _filled(part, size) + data[2:]


def jpeg_empty_segments(size: int) -> bytes:
    return _in_jpeg(b"\xff\xe5\0\2", size)


def jpeg_empty_comments(size: int) -> bytes:
    return _in_jpeg(b"\xff\xfe\0\2", size)


def jpeg_fill_bytes(size: int) -> bytes:
    return _in_jpeg(b"\xff", size)


def jpeg_unknown_bytes(size: int) -> bytes:
    return _in_jpeg(b"x", size)


def jpeg_exif_segments(size: int) -> bytes:
    return _in_jpeg(b"\xff\xe1" + struct.pack(">H", 400) + b"Exif\0\0" + bytes(392), size)


def jpeg_overlapping_exif_tags(size: int) -> bytes:
    """Every tag is the same 60,000 bytes: Pillow would keep each."""
    count = 400
    tags = (struct.pack("<HHII", 1000 + tag, 7, 60_000, 8) for tag in range(count))
    tiff = b"II*\0" + struct.pack("<IH", 8, count) + b"".join(tags)
    block = b"Exif\0\0" + tiff.ljust(64_000, b"\0")
    return _in_jpeg(b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block, 1)


def jpeg_photoshop_resources(size: int) -> bytes:
    block = b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5000
    return _in_jpeg(b"\xff\xed" + struct.pack(">H", 2 + len(block)) + block, size)


def jpeg_tables(size: int) -> bytes:
    table = b"\xff\xdb" + struct.pack(">H", 67) + b"\0" + b"\1" * 64
    return _in_jpeg(table, size)


@cache
def _progressive() -> bytes:
    return pictures.saved(pictures.photo(3300, 2500), "JPEG", progressive=True, quality=30)


def _before_last_scan(part: bytes, size: int) -> bytes:
    data = _progressive()
    at = data.rfind(b"\xff\xda")
    return data[:at] + _filled(part, size) + data[at:]


def jpeg_comments_between_scans(size: int) -> bytes:
    return _before_last_scan(b"\xff\xfe\0\2", size)


def jpeg_fill_bytes_between_scans(size: int) -> bytes:
    return _before_last_scan(b"\xff", size)


def jpeg_tables_between_scans(size: int) -> bytes:
    data = _progressive()
    start = data.index(b"\xff\xc4")
    end = start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]
    return _before_last_scan(data[start:end], size)


def jpeg_scans(size: int) -> bytes:
    """As many scans as are allowed, of 50 megapixels that are all one color."""
    data = pictures.saved(Image.new("L", (8000, 6000)), "JPEG", progressive=True)
    start = data.rfind(b"\xff\xda")
    return data[:start] + data[start:-2] * 190 + data[-2:]


def bmp_rle_line_ends(size: int) -> bytes:
    return _rle(1, _filled(b"\0\0", size))


def bmp_rle_empty_moves(size: int) -> bytes:
    return _rle(1, _filled(b"\0\2\0\0", size))


def bmp_rle4_runs_past_the_edge(size: int) -> bytes:
    return _rle(2, _filled(b"\xff\1", size))


def _rle(compression: int, codes: bytes) -> bytes:
    palette = b"\0\0\0\0\xff\xff\xff\0" * 8
    bits = 8 // compression
    codes += b"\0\1"
    info = (40, 100, 100, 1, bits, compression, len(codes), 0, 0, 16, 0)
    at = 14 + 40 + len(palette)
    head = struct.pack("<IHHI", at + len(codes), 0, 0, at)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", *info) + palette + codes


def webp_unknown_chunks(size: int) -> bytes:
    return _webp(_filled(b"abcd\0\0\0\0", size))


def webp_frames(size: int) -> bytes:
    image = Image.new("RGB", (16, 16))
    other = Image.new("RGB", (16, 16), "red")
    data = pictures.saved(image, "WEBP", save_all=True, append_images=[other])
    frame = data[data.rindex(b"ANMF") :]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:] + _filled(frame, size)


def _webp(chunks: bytes) -> bytes:
    frame = _small("WEBP")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\x4f\0\0\x3b\0\0" + frame + chunks
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff(entries: list[tuple[int, int, int, bytes]], data: bytes = b"") -> bytes:
    """Little-endian, `entries` of tag, type, count and 4 bytes; `data` begins at byte 8."""
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries
    )
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + struct.pack("<H", len(entries)) + directory + bytes(4)


def _long(value: int) -> bytes:
    return struct.pack("<I", value)


def _gray_tags(width: int, height: int, rows: int) -> list[tuple[int, int, int, bytes]]:
    return [
        *((256, 4, 1, _long(width)), (257, 4, 1, _long(height)), (258, 3, 1, _long(8))),
        *((259, 3, 1, _long(1)), (262, 3, 1, _long(1)), (278, 4, 1, _long(rows))),
    ]


def tiff_strips(size: int) -> bytes:
    """An offset for every 4 bytes of the file."""
    count = size // 4
    tags = [*_gray_tags(60_000, 600, 1), (273, 4, count, _long(8)), (279, 4, count, _long(8))]
    return tiff(tags, bytes(4 * count))


def tiff_numbers_in_exif(size: int) -> bytes:
    """The Exif directory has one tag, whose numbers fill the file."""
    tag = struct.pack("<HHHII", 1, 1000, 3, size // 2, 8)
    pixels = _one_strip()
    return tiff([*pixels, (34665, 4, 1, _long(8 + size))], bytes(size) + tag + bytes(4))


def tiff_directory_in_a_circle(size: int) -> bytes:
    """The Exif directory has an Exif directory: itself."""
    circle = struct.pack("<HHHII", 1, 34665, 4, 1, 8 + 64)
    return tiff([*_one_strip(), (34665, 4, 1, _long(8 + 64))], bytes(64) + circle + bytes(4))


def tiff_tags_of_the_same_bytes(size: int) -> bytes:
    tags = [(1000 + tag, 7, size // 2, _long(8)) for tag in range(3000)]
    return tiff([*_one_strip(), *tags], bytes(max(64, size)))


def tiff_repeated_tag(size: int) -> bytes:
    tags = [(1000, 7, size, _long(8))] * 3000
    return tiff([*_one_strip(), *tags], bytes(max(64, size)))


def tiff_many_tags(size: int) -> bytes:
    return tiff([*_gray_tags(8, 8, 8), *[(1000, 3, 1, bytes(4))] * min(60_000, size // 12)])


def tiff_big_many_tags(size: int) -> bytes:
    """BigTIFF, where a count of tags has 64 bits."""
    count = size // 20
    tag = struct.pack("<HHQQ", 1000, 3, 1, 0)
    return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, count) + tag * count


def tiff_integer_profile(size: int) -> bytes:
    return tiff([*_one_strip(), (34675, 4, 1, _long(7))], bytes(range(64)))


def _one_strip() -> list[tuple[int, int, int, bytes]]:
    """8 x 8 pixels, the first 64 bytes."""
    return [*_gray_tags(8, 8, 8), (273, 4, 1, _long(8)), (279, 4, 1, _long(64))]


def box(kind: bytes, *content: bytes) -> bytes:
    """ISO/IEC 14496-12, section 4.2."""
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + kind + data


def _media(*boxes: bytes) -> bytes:
    file_type = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    handler = box(b"hdlr", bytes(8), b"pict", bytes(13))
    primary = box(b"pitm", bytes(4), struct.pack(">H", 1))
    return file_type + box(b"meta", bytes(4), handler, primary, *boxes)


def heic_boxes(size: int) -> bytes:
    return _media(_filled(box(b"free"), size))


def heic_properties(size: int) -> bytes:
    return _media(box(b"iprp", box(b"ipco", _filled(box(b"free"), size))))


def heic_extents(size: int) -> bytes:
    extents = [struct.pack(">II", 0, 1) * WORD for _ in range(size // (8 * WORD) + 1)]
    items = (struct.pack(">HHH", number, 0, WORD) + extent for number, extent in enumerate(extents))
    return _media(box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", len(extents)), *items))


def heic_items(size: int) -> bytes:
    count = min(WORD, size // 21)
    entry = box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"hvc1\0")
    infos = box(b"iinf", bytes(4), struct.pack(">H", count), entry * count)
    item = struct.pack(">HHHII", 1, 0, 1, 0, 1)
    return _media(infos, box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", count), item * count))


def heic_references(size: int) -> bytes:
    count = size // 14
    return _media(box(b"iref", bytes(4), box(b"dimg", struct.pack(">HHH", 1, 1, 1)) * count))


def png_tall(size: int) -> bytes:
    return pictures.saved(Image.new("RGB", (1, 65_535)), "PNG")


GENERATORS: dict[str, Callable[[int], bytes]] = {
    name: made
    for name, made in list(globals().items())
    if name.startswith(("png_", "gif_", "jpeg_", "bmp_", "webp_", "tiff_", "heic_"))
    and name != "png_chunk"
}
