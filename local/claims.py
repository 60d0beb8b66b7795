"""What a run must not share with another: its data folder and its ports."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PORT_SECONDS = 3.0  # the children of a killed run need a moment to exit


class TakenError(Exception):
    """Another process uses the folder or the port; the message says what to change."""


@contextmanager
def claim_folder(data: Path) -> Iterator[None]:
    """Lock the data folder against a second run until this process ends, however it ends."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        opened = (data / "lock").open("a+")
    except OSError as exc:
        raise TakenError(f"LOCAL_DATA is {str(data)!r}: {exc.strerror}.") from exc
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            lock.seek(0)
            raise TakenError(
                f"Process {lock.read() or '?'} is already running on {data}: "
                "stop it, or set LOCAL_DATA to another folder."
            ) from exc
        try:
            os.truncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
        except OSError as exc:
            raise TakenError(f"LOCAL_DATA is {str(data)!r}: {exc.strerror}.") from exc
        yield


def check_port(port: int, setting: str) -> None:
    """Raise TakenError if `port` stays in use; `setting` is the variable that sets it."""
    deadline = time.monotonic() + PORT_SECONDS
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise TakenError(f"Port {port} is in use: set {setting} to a free one.")
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
