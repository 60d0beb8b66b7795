"""The two ways in which an original can end without thumbnails, and how they are distinguished.

Permanent: `UnusableImage`, the bytes can never become a thumbnail. Transient: whatever reading the
source raised, and `ShortRead`; both are raised unchanged, so that the caller can try again.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from PIL import Image

from contract.record import Reason

# What Pillow and pillow-heif raise on bad bytes. The second line is Pillow's own list of what a
# plugin's header parser may raise (`PIL.ImageFile.ImageFile.__init__`).
BAD_BYTES = (
    *(OSError, SyntaxError, ValueError, EOFError, RuntimeError, OverflowError, zlib.error),
    *(IndexError, KeyError, TypeError, struct.error),
)


class UnusableImage(Exception):  # noqa: N818 - a verdict on the image
    """The bytes can never become a thumbnail. `reason` is the record's `error`."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["UnusableImage"], tuple[Reason, str]]:
        return UnusableImage, (self.reason, self.detail)


class ShortRead(OSError):  # noqa: N818 - as `http.client.IncompleteRead`
    """The body ended before its Content-Length. Transient: a retry may read all of it."""


class HasFailure(Protocol):
    failure: BaseException | None


@contextmanager
def bad_bytes_are_unusable(source: HasFailure) -> Iterator[None]:
    """Turn what a decoder raises into `UnusableImage`, unless reading the source failed first.

    Pillow swallows or rewraps some errors of its file object. The download keeps its own failure,
    which takes precedence even if the decoder did not notice it.
    """
    try:
        yield
    except UnusableImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise UnusableImage(Reason.TOO_MANY_PIXELS, str(exc)) from exc
    except MemoryError as exc:
        raise UnusableImage(Reason.TOO_MANY_PIXELS, "the decoder ran out of memory") from exc
    except BAD_BYTES as exc:
        if source.failure is None:
            raise UnusableImage(Reason.CORRUPT_IMAGE, f"{type(exc).__name__}: {exc}") from exc
    if source.failure is not None:
        raise source.failure
