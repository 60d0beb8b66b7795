"""The few tags of an Exif block (Exif 3.0) that we need: orientation, time and camera.

Pillow's own reader parses every tag of every directory. Nothing here raises, whatever the block is.
"""

import re
from typing import Literal

from contract import photo_facts
from contract.photo_facts import Camera

MAKE, MODEL, ORIENTATION, EXIF = 0x010F, 0x0110, 0x0112, 0x8769
DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL = 0x9003, 0x9011
BYTE, ASCII, SHORT, LONG, IFD, UTF_8 = 1, 2, 3, 4, 13, 129
MAX_ENTRIES = 4096  # of a directory; cameras write 50
MAX_TEXT_BYTES = 256  # of which `contract.photo_facts` keeps less
# Some programs write "-" or "/" between the parts of the date.
_TIME = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d:\d\d:\d\d)", re.ASCII)


class Directory:
    """The tags of one directory of a TIFF structure; the first one by default."""

    def __init__(self, exif: bytes, start: int | None = None) -> None:
        tiff = exif.removeprefix(b"Exif\0\0")
        orders: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
        self._order = orders.get(tiff[:4])
        self._tiff = tiff
        self._start = self._number(4, 4) if start is None else start

    def _number(self, at: int, length: int) -> int:
        return int.from_bytes(self._tiff[at : at + length], self._order or "big")

    def _entry(self, tag: int, *kinds: int) -> int | None:
        """Where the first entry of the tag is; None if it is of another kind, or cut off."""
        if self._order is None:
            return None
        first = self._start + 2
        count = min(self._number(self._start, 2), MAX_ENTRIES)
        for entry in range(first, min(first + 12 * count, len(self._tiff)) - 11, 12):
            if self._number(entry, 2) == tag:
                return entry if self._number(entry + 2, 2) in kinds else None
        return None

    def short(self, tag: int) -> int | None:
        entry = self._entry(tag, SHORT)
        return None if entry is None else self._number(entry + 8, 2)

    def text(self, tag: int) -> str | None:
        """Up to the first zero byte; UTF-8, or else Latin-1: the standard says ASCII."""
        entry = self._entry(tag, BYTE, ASCII, UTF_8)
        if entry is None:
            return None
        length = self._number(entry + 4, 4)
        at = self._number(entry + 8, 4) if length > 4 else entry + 8
        raw = self._tiff[at : at + min(length, MAX_TEXT_BYTES)].partition(b"\0")[0]
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def directory(self, tag: int) -> "Directory | None":
        entry = self._entry(tag, LONG, IFD)
        return None if entry is None else Directory(self._tiff, self._number(entry + 8, 4))


def camera(exif: bytes) -> Camera | None:
    first = Directory(exif)
    return Camera.of(first.text(MAKE), first.text(MODEL))


def taken_at(exif: bytes) -> str | None:
    """DateTimeOriginal, with OffsetTimeOriginal if there is one, as ISO 8601."""
    details = Directory(exif).directory(EXIF)
    if details is None:
        return None
    time = _TIME.fullmatch((details.text(DATE_TIME_ORIGINAL) or "").strip())
    if time is None:
        return None
    local = f"{time[1]}-{time[2]}-{time[3]}T{time[4]}"
    offset = (details.text(OFFSET_TIME_ORIGINAL) or "").strip().replace("Z", "+00:00")
    return photo_facts.taken_at(local + offset) or photo_facts.taken_at(local)
