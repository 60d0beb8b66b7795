"""`python -m local.durable_s3`: the emulator, whose S3 accepts only what it has written to disk.

As released, it keeps an object that it could not write in memory, logs a warning and reports
success. The two functions wrapped here are internal to the emulator, whose version is pinned;
`test_full_disk.py` fails if a new one no longer calls them. This runs in the emulator's own
environment, with the standard library and the emulator only.
"""

import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]  # in .venv-emulator only
from ministack.services import s3  # type: ignore[import-not-found]  # in .venv-emulator only

from local.disk import THUMBNAILS_NEED_BYTES, UPLOADS_NEED_BYTES, free_bytes
from local.stored_files import Loader

Response = tuple[int, dict[str, str], bytes]

DATA = Path(s3.DATA_DIR)
MESSAGE = "The disk of the local run is full. Free some space and try again."

_unwritten: ContextVar[list[tuple[str, str]]] = ContextVar("objects of this request not on disk")


def fits(method: str, path: str, length: int) -> bool:
    """Whether a request's body can be written. Reads and deletions always fit."""
    if method not in {"PUT", "POST"} or not length:
        return True
    is_thumbnail = path.partition("/thumbnails/")[0].count("/") == 1 and "/thumbnails/" in path
    free = free_bytes(DATA)
    needed = THUMBNAILS_NEED_BYTES if is_thumbnail else UPLOADS_NEED_BYTES
    return free >= needed and free - length >= THUMBNAILS_NEED_BYTES


def refuse(path: str) -> Response:
    response: Response = s3._error("ServiceUnavailable", MESSAGE, 503, path)
    return response


def forget(bucket: str, key: str) -> None:
    """Drop an object from memory, and read back what the disk has."""
    account = s3.get_account_id()
    s3._buckets[bucket]["objects"].pop(key, None)
    s3._load_persisted_bucket(account, bucket, os.path.join(s3.DATA_DIR, account, bucket))


def noting(persist: Callable[..., None]) -> Callable[..., None]:
    """`persist` drops the body from memory once it is on disk, and hides that it failed."""

    def noted(bucket: str, key: str, stored: Any) -> None:
        persist(bucket, key, stored)
        if isinstance(stored, dict) and stored.get("body") is not None:
            _unwritten.get([]).append((bucket, key))

    return noted


def strict(handle: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def handled(
        method: str, path: str, headers: Any, body: bytes, *rest: Any, **named: Any
    ) -> Response:
        if not fits(method, path, len(body)):
            return refuse(path)
        lost: list[tuple[str, str]] = []
        token = _unwritten.set(lost)
        try:
            response = await handle(method, path, headers, body, *rest, **named)
        finally:
            _unwritten.reset(token)
        for bucket, key in lost:
            forget(bucket, key)
        return refuse(path) if lost else response

    return handled


def load() -> None:
    """Serve what is in the folder."""
    loader = Loader(s3._persisted_key_files, s3._load_persisted_bucket)
    s3._persisted_key_files, s3._load_persisted_bucket = loader.files, loader.load
    s3.S3_PERSIST = True  # set by no variable, or it would have loaded at its import
    s3._load_persisted_data()


if __name__ == "__main__":
    load()
    s3._persist_object = noting(s3._persist_object)
    s3.handle_request = strict(s3.handle_request)
    main()
