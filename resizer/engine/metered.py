"""A file that decoders in Python may read only so often.

Pillow's plugins for JPEG, PNG, GIF, BMP and TIFF are loops in Python: a few reads for each segment,
chunk, block, run or tag, and one for each fill byte. Whatever a file is stuffed with, reads are
what it costs. So one count bounds all of it, before the time is spent.
"""

from typing import IO, Protocol

from contract.record import Reason
from resizer.engine.body import Body
from resizer.failures import UnusableImage


class Source(Protocol):
    """The bytes of an original, as the engine reads them."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...

    def whole(self) -> bytes: ...


class Metered:
    """Raises `UnusableImage` once the `allow`ed reads or bytes are used up.

    `file` has the bytes of `body`.
    """

    def __init__(self, file: IO[bytes] | Body, body: Body) -> None:
        self._read = file.read
        self.seek = file.seek
        self.tell = file.tell
        self.whole = body.whole
        self._reads = 0
        self._bytes = 0

    def allow(self, reads: int, read_bytes: int) -> None:
        """From now on, instead of what was allowed before."""
        self._reads, self._bytes = reads, read_bytes

    def read(self, size: int = -1, /) -> bytes:
        data = self._read(size)
        self._reads -= 1
        self._bytes -= len(data)
        if self._reads < 0 or self._bytes < 0:
            raise UnusableImage(Reason.TOO_COMPLEX, "its parts are too small, or read too often")
        return data
