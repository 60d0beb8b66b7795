"""A forward-only body as the seekable file that Pillow wants, filled as far as it is read.

Pillow asks for the bytes it needs next, so the decode goes on while the rest is still on its way.
"""

import io
from typing import BinaryIO

from resizer.engine.errors import ShortRead

READ_AHEAD_BYTES = 64 * 1024  # header parsers read a byte or two at a time


class Download(io.RawIOBase):
    """`failure` keeps what reading the source raised: a decoder may swallow it, we do not."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source = source
        self._size = size
        self._buffer = io.BytesIO()
        self._filled = 0
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._buffer.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            return self._buffer.seek(max(0, self._size + offset))
        return self._buffer.seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        """Exactly `size` bytes, fewer only at the end of the object."""
        position = self._buffer.tell()
        end = self._size if size is None or size < 0 else min(position + size, self._size)
        if end > self._filled:
            self._fill(end)
            self._buffer.seek(position)
        return self._buffer.read(end - position if end > position else 0)

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]  # RawIOBase: any buffer
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def whole(self) -> bytes:
        """Every byte of the object; for decoders that need them all before they start."""
        self._fill(self._size)
        return self._buffer.getvalue()

    def _fill(self, end: int) -> None:
        self._buffer.seek(self._filled)
        while self._filled < end:
            wanted = min(max(end - self._filled, READ_AHEAD_BYTES), self._size - self._filled)
            try:
                data = self._source.read(wanted)
                if not data:
                    raise ShortRead(f"body ended after {self._filled} of {self._size} bytes")
            except BaseException as exc:
                self.failure = exc
                raise
            self._filled += self._buffer.write(data[:wanted])
