"""The bytes of one original as the seekable file that Pillow needs.

They may still be arriving: a read waits for the bytes that it needs, so that Pillow decodes during
the download.
"""

import io
from collections.abc import Callable


def _everything_is_here(end: int) -> None:
    """For a body that is complete from the start."""


class Body(io.RawIOBase):
    """`wait_for(end)` returns once the first `end` bytes of `data` have arrived."""

    def __init__(
        self, data: bytes | memoryview, wait_for: Callable[[int], None] = _everything_is_here
    ) -> None:
        super().__init__()
        self._data = memoryview(data)
        self._wait_for = wait_for
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = len(self._data)
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: size}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot go back to {start + offset}")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Exactly `size` bytes; fewer only at the end of the original."""
        start, length = self._position, len(self._data)
        end = length if size is None or size < 0 else min(start + size, length)
        if end <= start:
            return b""
        self._wait_for(end)
        self._position = end
        return bytes(self._data[start:end])

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]  # RawIOBase: any buffer
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def whole(self) -> bytes:
        """Every byte, for decoders that need them all before they start."""
        self._wait_for(len(self._data))
        return bytes(self._data)
