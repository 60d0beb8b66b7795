"""Wait for an image to be finished, without a thread for each waiting request.

A waiting request sleeps on the event loop and borrows a thread for the milliseconds of each read.
Reads are frequent at first, because most images are done within a second or two, and rarer later.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from contract.record import ImageRecord, Status

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
GROWTH = 1.4
MAX_WAITERS = 500  # per process: 500 reads a second at most; further requests do not wait

Read = Callable[[], Awaitable[ImageRecord | None]]


class Waiting:
    """The waiting requests of this process."""

    def __init__(self) -> None:
        self.waiters = 0
        self._stopping = False

    def stop(self) -> None:
        """Let every waiting request end after its current pause."""
        self._stopping = True

    async def until_final(self, read: Read, seconds: float) -> ImageRecord | None:
        """The record once it is done, failed or gone, otherwise as it is after `seconds`."""
        record = await read()
        if seconds <= 0 or self.waiters >= MAX_WAITERS:
            return record
        self.waiters += 1
        try:
            return await self._poll(record, read, seconds)
        finally:
            self.waiters -= 1

    async def _poll(
        self, record: ImageRecord | None, read: Read, seconds: float
    ) -> ImageRecord | None:
        end = time.monotonic() + seconds
        pause = FIRST_PAUSE_SECONDS
        while not is_final(record) and not self._stopping:
            left = end - time.monotonic()
            if left <= 0:
                break
            await asyncio.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
            record = await read()
        return record


def is_final(record: ImageRecord | None) -> bool:
    return record is None or record.status not in {Status.PENDING, Status.PROCESSING}
