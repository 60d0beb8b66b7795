"""A large PNG in strips: 48 megapixels in about 20 MB instead of 200.

Pillow decodes a PNG only as a whole. So the rows are inflated here during the download, and passed
to Pillow's decoder in groups, deflated again without compression (level 0). A row's filter may
refer to the row above it (PNG 3, section 9), so every group begins with the last row of the one
before, unfiltered.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import IO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngStream

from resizer.engine.metered import Source
from resizer.memory_budget import MIB

PIXELS_WORTH_IT = 20_000_000  # below, decoding the whole frame at once is faster
CHANNELS = {"LA": 2, "RGB": 3, "RGBA": 4}  # of 8 bits each; other modes are small or rare
UNFILTERED = b"\0"
FILTERS = 5
UNPACKED_PROFILE_BYTES = 4 * MIB + 1  # more than `Limits.max_icc_bytes`, which then ignores it
ANCILLARY = 0x20  # in the first letter of a chunk's name: the picture can be shown without it
# With the length that each must have, in bytes
COLOR_CHUNKS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"cLLI": 8, b"mDCV": 24}
ANIMATION_CHUNKS = frozenset({b"acTL", b"fcTL", b"fdAT"})
INFO_OF_CHUNK = {b"iCCP": "icc_profile", b"tRNS": "transparency", b"eXIf": "exif"}
READ_CHUNKS = ANIMATION_CHUNKS | INFO_OF_CHUNK.keys()
BROKEN = (ValueError, IndexError, SyntaxError, struct.error)  # what Pillow raises for a chunk
PIXELS = frozenset({b"IDAT", b"fdAT"})
GRAY_TYPES = frozenset({0, 4})  # color types without and with alpha (PNG 3, section 11.2.1)


class PngFile(PngImageFile):
    """Reads no ancillary chunk but those that say how the picture looks.

    A damaged one is ignored, as browsers do. Pillow rejects the picture for it, and for a text of
    2 MB, and mixes texts with what it knows of the picture.
    """

    color_chunks: Mapping[bytes, bytes] = MappingProxyType({})  # before the pixels, by name
    depth = 8  # bits of a channel
    is_gray = False
    fill: int | None = None  # of the rows that a cut picture lacks

    @property
    def png(self) -> "_Chunks | None":
        return self._png

    @png.setter
    def png(self, stream: PngStream | None) -> None:
        self._png = _Chunks(stream.fp) if stream is not None and stream.fp is not None else None

    def _open(self) -> None:
        super()._open()
        assert self.png is not None
        self.color_chunks = self.png.colors
        self.depth, self.is_gray = self.png.depth, self.png.color_type in GRAY_TYPES


class _Chunks(PngStream):
    def __init__(self, fp: IO[bytes]) -> None:
        super().__init__(fp)
        self.colors: dict[bytes, bytes] = {}
        self.depth, self.color_type = 8, 2
        self._in_pixels = False

    def call(self, cid: bytes, pos: int, length: int) -> bytes:
        self._in_pixels = self._in_pixels or cid in PIXELS
        if not _is_ancillary(cid):
            return super().call(cid, pos, length)
        if cid in COLOR_CHUNKS and not self._in_pixels:
            data = self._read(length)
            if length == COLOR_CHUNKS[cid]:
                self.colors.setdefault(cid, data)
            return data
        if cid in READ_CHUNKS:
            with suppress(*BROKEN):
                return super().call(cid, pos, length)
        assert self.fp is not None
        self.fp.seek(pos + length)
        return b""

    def crc(self, cid: bytes, data: bytes) -> None:
        if not _is_ancillary(cid):
            super().crc(cid, data)
            return
        assert self.fp is not None
        if self.fp.read(4) != zlib.crc32(data, zlib.crc32(cid)).to_bytes(4, "big"):
            self.colors.pop(cid, None)
            self.im_info.pop(INFO_OF_CHUNK.get(cid, ""), None)

    def chunk_IHDR(self, pos: int, length: int) -> bytes:  # noqa: N802 - Pillow looks for the name
        data = super().chunk_IHDR(pos, length)
        self.depth, self.color_type = data[8], data[9]
        return data

    def chunk_fcTL(self, pos: int, length: int) -> bytes:  # noqa: N802
        """Before the pixels, it is about the picture as a whole (PNG 3, section 11.3.5.2)."""
        data = super().chunk_fcTL(pos, length)
        if not self._in_pixels:
            self.im_info["bbox"] = (0, 0, *self.im_size)
        return data

    def chunk_tRNS(self, pos: int, length: int) -> bytes:  # noqa: N802
        """Pillow compares what was stored in 2 or 4 bits with pixels that it has scaled to 8."""
        data = super().chunk_tRNS(pos, length)
        most = (1 << self.depth) - 1
        if self.im_mode in {"1", "L"} and "transparency" in self.im_info:
            stored = data[1]  # of two bytes; Chromium, too, ignores the first one
            self.im_info["transparency"] = stored * 255 // most
            if stored > most:  # no pixel has it
                del self.im_info["transparency"]
        return data

    def chunk_iCCP(self, pos: int, length: int) -> bytes:  # noqa: N802
        """Only one is allowed (PNG 3, section 5.6), so only one is unpacked."""
        data = self._read(length)
        if "icc_profile" not in self.im_info:
            self.im_info["icc_profile"] = _profile(data)
        return data

    def _read(self, length: int) -> bytes:
        assert self.fp is not None
        data = self.fp.read(length)
        if len(data) < length:
            raise OSError("Truncated File Read")
        return data


def _is_ancillary(cid: bytes) -> bool:
    return bool(cid[0] & ANCILLARY)


def _profile(data: bytes) -> bytes | None:
    """Section 11.3.2.3: a name of 1 to 79 bytes, zero byte, compression method 0, zlib stream."""
    name, _, packed = data.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(packed[1:], UNPACKED_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if 1 <= len(name) <= 79 and packed[:1] == b"\0" and inflate.eof else None


def decodes_in_strips(image: Image.Image) -> bool:
    """A large PNG of 8-bit color, neither interlaced nor animated, without a color key."""
    return (
        isinstance(image, PngImageFile)
        and image.width * image.height >= PIXELS_WORTH_IT
        and len(image.tile) == 1
        and image.tile[0].args == image.mode in CHANNELS
        and not image.is_animated
        and not {"interlace", "transparency"} & image.info.keys()
    )


def png_strips(image: PngImageFile, body: Source, rows: int) -> Iterator[Image.Image]:
    """Strips of `rows` rows, the last shorter. Then `image.info` has a late EXIF block too."""
    width, height, mode = image.width, image.height, image.mode
    row_bytes = 1 + width * CHANNELS[mode]
    chunks = _chunks(image, body)
    fill = image.fill if isinstance(image, PngFile) else None
    pieces = _inflated(chunks, rows * row_bytes, may_be_damaged=fill is not None)
    above = b""
    for top in range(0, height, rows):
        count = min(rows, height - top)
        filtered = next(pieces, b"")[: count * row_bytes]
        if fill is not None:
            there = _sound_rows(filtered, row_bytes)
            pieces = pieces if there == count else iter(())
            missing = UNFILTERED + bytes((fill,)) * (row_bytes - 1)
            filtered = filtered[: there * row_bytes] + missing * (count - there)
        elif len(filtered) < count * row_bytes:
            raise OSError("image file is truncated")
        group = zlib.compress(above + filtered, 0)
        strip = Image.frombytes(mode, (width, count + bool(above)), group, "zip", mode)
        strip = strip.crop((0, 1, width, count + 1)) if above else strip
        above = UNFILTERED + strip.crop((0, count - 1, width, count)).tobytes()
        yield strip
    for _ in chunks:  # to the end: the EXIF block may follow the pixels
        pass


def _sound_rows(filtered: bytes, row_bytes: int) -> int:
    """Whole rows from the top whose filter there is."""
    whole = len(filtered) // row_bytes
    types = filtered[: whole * row_bytes : row_bytes]
    return next((row for row, kind in enumerate(types) if kind >= FILTERS), whole)


def _chunks(image: PngImageFile, body: Source) -> Iterator[bytes]:
    """The data of each IDAT chunk; keeps an EXIF block that comes after them."""
    at = image.tile[0].offset - 8
    while True:
        body.seek(at)
        header = body.read(8)
        length = int.from_bytes(header[:4], "big")
        if len(header) < 8 or header[4:] == b"IEND":
            return
        if header[4:] == b"IDAT":
            yield body.read(length)
        elif header[4:] == b"eXIf":
            image.info["exif"] = b"Exif\0\0" + body.read(length)
        at += 8 + length + 4


def _inflated(chunks: Iterator[bytes], size: int, *, may_be_damaged: bool) -> Iterator[bytes]:
    """The stream in pieces of `size` bytes, the last shorter; never inflates further ahead.

    What comes after the end of the stream is not fed to zlib, which would keep and copy all of it.
    """
    inflate = zlib.decompressobj()
    piece = bytearray()
    for chunk in chunks:
        while chunk:
            try:
                piece += inflate.decompress(chunk, size - len(piece))
            except zlib.error:
                if not may_be_damaged:
                    raise
                yield bytes(piece)
                return
            chunk = inflate.unconsumed_tail
            if len(piece) == size:
                yield bytes(piece)
                piece.clear()
        if inflate.eof:
            break
    yield bytes(piece) + inflate.flush()
