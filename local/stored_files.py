"""Serves every file in the emulator's folder that can be an object, whatever else is there.

As released, the emulator stops loading at the first file that it cannot read, so that all others
seem to be lost; it waits for ever for a FIFO; and a name that is not UTF-8 breaks each listing.
Like `local.durable_s3`, this wraps internal functions of the emulator, whose version is pinned.
"""

import os
import stat
from collections.abc import Callable, Iterator

SKIPPED = "skipped: "  # begins a line of the emulator's log

Files = Callable[[str, bool], Iterator[tuple[str, str]]]
Load = Callable[[str, str, str], None]


class Loader:
    """Loads one bucket after another, and goes on past what cannot be loaded."""

    def __init__(self, files: Files, load: Load) -> None:
        self._files = files
        self._load = load
        self._tried: dict[str, None] = {}  # in this order

    def files(self, bucket_path: str, sidecars: bool) -> Iterator[tuple[str, str]]:
        """The paths and keys of a bucket that were not tried before."""
        for path, key in self._files(bucket_path, sidecars):
            if path in self._tried:
                continue
            self._tried[path] = None
            if is_object(path, key):
                yield path, key
            else:
                _skip(path, "no object")

    def load(self, account: str, bucket: str, path: str) -> None:
        self._tried.clear()
        while True:
            before = len(self._tried)
            try:
                return self._load(account, bucket, path)
            except Exception as exc:  # none of the other files may wait for this one
                is_file = len(self._tried) > before  # and not the folder itself
                _skip(next(reversed(self._tried)) if is_file else path, type(exc).__name__)
                if not is_file:
                    return None


def is_object(path: str, key: str) -> bool:
    """Whether it is a regular file, and its key valid Unicode."""
    try:
        key.encode()
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, UnicodeEncodeError):
        return False


def _skip(path: str, reason: str) -> None:
    print(f"{SKIPPED}{path!a}: {reason}", flush=True)
