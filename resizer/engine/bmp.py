"""BMP with any bit masks, alpha included; Pillow knows nine layouts and ignores alpha in 16 bits.

BITMAPINFOHEADER to BITMAPV5HEADER (Windows GDI).
"""

import struct
from typing import NamedTuple

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile

from contract.record import Reason
from resizer.failures import UnusableImage

FILE_HEADER = 14
BIT_FIELDS, ALPHA_BIT_FIELDS = 3, 6  # compression
COMPRESSIONS = frozenset({0, 1, 2, BIT_FIELDS, ALPHA_BIT_FIELDS})  # and RLE of 8 and of 4 bits
DEPTHS = frozenset({1, 4, 8, 16, 24, 32})
OS2_HEADERS = frozenset({12, 64})  # whose compression 3 and 4 mean something else
WITH_ALPHA_MASK, V4_HEADER = 56, 108  # bytes of a header, or more
BGRX = (0xFF0000, 0xFF00, 0xFF)
# What Pillow reads right, and faster
USUAL = {
    16: {(0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0)},
    32: {(*BGRX, 0)},
}
STRIP_ROWS = 256
MAX_COLORS = 256


class Field(NamedTuple):
    """The at most eight bits that make a channel: `byte` and the next one hold them."""

    byte: int
    shift: int
    bits: int


class BmpFile(BmpImageFile):
    _fields: tuple[Field, ...] = ()

    def _bitmap(self, header: int = 0, offset: int = 0) -> None:
        assert self.fp is not None
        masks = self._masks()
        if masks is None:
            self.fp.seek(FILE_HEADER)
            super()._bitmap(header, offset)
            if self.palette is not None:  # colors that no pixel can have
                self.palette.palette = bytes(self.palette.palette)[: 4 * MAX_COLORS]
            return
        info = self._header
        width, height, _, bits = struct.unpack("<iiHH", info[4:16])
        self._size = width, abs(height)
        self._fields = tuple(_field(mask, bits) for mask in masks if mask)
        self._mode, raw_mode = ("I;16", "I;16") if bits == 16 else ("RGBA", "RGBA")
        line = (width * bits + 31) // 32 * 4
        args = (raw_mode, line, -1 if height > 0 else 1)
        self.tile = [ImageFile._Tile("raw", (0, 0, *self._size), offset, args)]

    def _masks(self) -> tuple[int, ...] | None:
        """Of red, green, blue and alpha; None for what Pillow reads.

        Raises `UnusableImage` for what nobody here reads.
        """
        assert self.fp is not None
        self.fp.seek(FILE_HEADER)
        size = int.from_bytes(self.fp.read(4), "little")
        self.fp.seek(FILE_HEADER)
        self._header = info = self.fp.read(min(max(size, 40) + 16, 140))
        if size == 12 or len(info) < 40:
            return None
        width, height, _, bits, compression = struct.unpack("<iiHHI", info[4:20])
        if width <= 0 or height == 0:
            raise OSError("a bitmap without pixels")
        other = (
            compression >= BIT_FIELDS if size in OS2_HEADERS else compression not in COMPRESSIONS
        )
        if other or bits not in DEPTHS:
            raise UnusableImage(
                Reason.UNSUPPORTED_FORMAT, f"{bits} bits, compression {compression}"
            )
        given = struct.unpack("<4I", info[40:56].ljust(16, b"\0"))
        alpha = given[3] if size >= WITH_ALPHA_MASK or compression == ALPHA_BIT_FIELDS else 0
        if compression == 0 and bits == 32 and alpha and size >= V4_HEADER:
            return (*BGRX, alpha)
        if compression not in {BIT_FIELDS, ALPHA_BIT_FIELDS} or bits not in USUAL:
            return None
        if not all(given[:3]):
            raise UnusableImage(Reason.UNSUPPORTED_FORMAT, "a channel without bits")
        masks = (*given[:3], alpha)
        return None if masks in USUAL[bits] else masks

    def load_end(self) -> None:
        super().load_end()
        if not self._fields:
            return
        mode = "RGBA" if len(self._fields) == 4 else "RGB"
        whole = Image.new(mode, self.size)
        packed = self._new(self.im)
        for top in range(0, self.height, STRIP_ROWS):
            box = (0, top, self.width, min(top + STRIP_ROWS, self.height))
            whole.paste(self._channels(packed.crop(box), mode), box)
        self.im, self._mode, self._fields = whole.im, whole.mode, ()

    def _channels(self, packed: Image.Image, mode: str) -> Image.Image:
        parts = packed.split() if packed.mode == "RGBA" else ()
        channels = []
        for field in self._fields:
            if parts:
                numbers = Image.merge("LA", parts[field.byte : field.byte + 2]).tobytes()
                word = Image.frombytes("I;16", packed.size, numbers)
            else:
                word = packed
            channels.append(word.convert("I").point(_levels(field), "L"))
        return Image.merge(mode, channels)


def _field(mask: int, depth: int) -> Field:
    """Of more than eight bits, the highest eight count."""
    length = mask.bit_length()
    lowest = (mask & -mask).bit_length() - 1
    bits = min(length - lowest, 8)
    start = length - bits
    byte = min(start // 8, depth // 8 - 2)
    return Field(byte, start - 8 * byte, bits)


def _levels(field: Field) -> list[int]:
    most = (1 << field.bits) - 1
    return [(word >> field.shift & most) * 255 // most for word in range(65536)]
