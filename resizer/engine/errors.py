"""Tells what a decoder raises because of bad bytes from what nobody foresaw."""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from contract.record import Reason
from resizer.failures import UnusableImage

# What Pillow and its HEIF plugin raise on bad bytes. The second line is Pillow's own list of what a
# plugin's header parser may raise (`PIL.ImageFile.ImageFile.__init__`).
BAD_BYTES = (
    *(OSError, SyntaxError, ValueError, EOFError, RuntimeError, ArithmeticError, zlib.error),
    *(IndexError, KeyError, TypeError, struct.error),
)
# What Pillow, libheif and libavif say of a file that is sound, but of a kind that they do not read
NOT_OURS = re.compile(
    r"unsupported|not supported|not implemented|no codec available|not been built in", re.IGNORECASE
)


@contextmanager
def bad_bytes_are_unusable() -> Iterator[None]:
    """Turn what a decoder raises on bad bytes into `UnusableImage`.

    Not MemoryError: what it means depends on the worker (`resizer.sandbox.verdict`).
    """
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise UnusableImage(Reason.TOO_MANY_PIXELS, str(exc)) from exc
    except BAD_BYTES as exc:
        reason = Reason.UNSUPPORTED_FORMAT if NOT_OURS.search(str(exc)) else Reason.CORRUPT_IMAGE
        raise UnusableImage(reason, f"{type(exc).__name__}: {exc}") from exc
