"""A forward-only body as the seekable file that Pillow needs, filled as it is read.

Pillow asks for the bytes it needs next, so it decodes while the rest is still downloading.
"""

import io
from typing import BinaryIO

from resizer.engine.errors import ShortRead

READ_AHEAD_BYTES = 64 * 1024  # header parsers read a byte or two at a time


class Download(io.RawIOBase):
    """`failure` keeps the exception from reading the source, since a decoder may swallow it."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source = source
        self._size = size
        self._kept = bytearray()  # from `_forgotten` to the last byte that was read
        self._forgotten = 0
        self._position = 0
        self._forward_only = False
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < self._forgotten:
            raise ValueError(f"cannot go back to {start + offset}")
        self._position = start + offset
        return self._position

    def forward_only(self) -> None:
        """From now on, each read drops everything up to its end."""
        self._forward_only = True

    def read(self, size: int | None = -1) -> bytes:
        """Exactly `size` bytes; fewer only at the end of the object."""
        start = self._position
        end = self._size if size is None or size < 0 else min(start + size, self._size)
        if end <= start:
            return b""
        self._fill(end)
        with memoryview(self._kept) as kept:
            data = bytes(kept[start - self._forgotten : end - self._forgotten])
        self._position = end
        if self._forward_only:
            del self._kept[: end - self._forgotten]
            self._forgotten = end
        return data

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]  # RawIOBase: any buffer
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def whole(self) -> bytes:
        """Every byte of the object, for decoders that need them all before they start."""
        self._fill(self._size)
        return bytes(self._kept)

    def _fill(self, end: int) -> None:
        filled = self._forgotten + len(self._kept)
        while filled < end:
            wanted = min(max(end - filled, READ_AHEAD_BYTES), self._size - filled)
            try:
                data = self._source.read(wanted)
                if not data:
                    raise ShortRead(f"body ended after {filled} of {self._size} bytes")
            except BaseException as exc:
                self.failure = exc
                raise
            self._kept += data[:wanted]
            filled += len(data[:wanted])
