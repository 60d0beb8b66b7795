"""When and with what a photo was taken: all that is kept of its Exif block. Pure.

The values come from files and from other programs' rows: they are checked wherever they are read.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

MAX_NAME_CHARACTERS = 64
MAX_NAME_BYTES = 96  # of UTF-8: percent-encoded, two names take 576 of the 2 KB of S3 metadata
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-](0\d|1[0-4]):[0-5]\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Camera:
    """As the camera names itself; one of them is not None."""

    make: str | None
    model: str | None

    @classmethod
    def of(cls, make: str | None, model: str | None) -> Self | None:
        """Bounded and without control characters; None if nothing is left of both."""
        names = _name(make), _name(model)
        return cls(*names) if any(names) else None


def taken_at(text: str | None) -> str | None:
    """The text if it is a point in time like `2026-05-01T12:34:56+02:00`, otherwise None.

    Without an offset, it is the local time where the photo was taken.
    """
    if text is None or not _TIME.fullmatch(text):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _name(text: str | None) -> str | None:
    printable = "".join(c if c.isprintable() else " " for c in text or "")
    short = " ".join(printable.split())[:MAX_NAME_CHARACTERS].encode()
    return short[:MAX_NAME_BYTES].decode(errors="ignore").strip() or None
