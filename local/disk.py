"""How much space is left for the data folder, and what the local run refuses when it runs out.

The emulator reports an upload as stored although it could not write it. So nothing is accepted
that may not fit (`local.durable_s3`), no such upload is planned (`local.service`), and `Watch`
says why.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

MIB = 1024 * 1024
# Uploads stop first, so that those that were accepted can still get their thumbnails.
UPLOADS_NEED_BYTES = 64 * MIB
THUMBNAILS_NEED_BYTES = 16 * MIB
START_NEEDS_BYTES = 1 * MIB  # logs, the lock and the emulator's own files


class DiskFullError(Exception):
    """There is not even enough space to start; the message says what to do."""


def free_bytes(data: Path) -> int:
    """What this user may still write on the disk of `data` or, before it exists, of its parent."""
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    return shutil.disk_usage(existing).free


def takes_uploads(data: Path) -> bool:
    return free_bytes(data) >= UPLOADS_NEED_BYTES


def check(data: Path) -> None:
    """Raise DiskFullError if there is no space to start."""
    free = free_bytes(data)
    if free < START_NEEDS_BYTES:
        raise DiskFullError(
            f"The disk of {data} is full ({free // 1024} KiB free): free some space, "
            "or set LOCAL_DATA to a folder on another disk."
        )


class Watch:
    """Says once when uploads stop, and once when they are accepted again."""

    def __init__(self, data: Path, say: Callable[[str], None]) -> None:
        self._data = data
        self._say = say
        self._accepted = True

    def look(self) -> None:
        accepted = takes_uploads(self._data)
        if accepted == self._accepted:
            return
        self._accepted = accepted
        if accepted:
            self._say("there is space again: uploads are accepted")
        else:
            self._say(
                f"the disk of {self._data} is almost full ({free_bytes(self._data) // MIB} MiB "
                f"free): uploads are refused until {UPLOADS_NEED_BYTES // MIB} MiB are free. "
                "Delete images or other files."
            )
