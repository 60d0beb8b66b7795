"""Wait for an image to be finished, without a thread for each waiting request, and in a budget.

A waiting request sleeps on the event loop; its reads are frequent at first, because most images are
done within a second or two, and rarer later. A request beyond the budgets gets the image as it is
at once, and a time after which to ask again. See decision 0035.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contract.record import ImageRecord, Status

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0
GROWTH = 1.4
MAX_WAITERS = 500  # per process
MAX_WAITERS_PER_USER = 50  # a tenth: one user's many tabs leave room for others

Read = Callable[[], Awaitable[ImageRecord | None]]
Left = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Awaited:
    """The image; `retry_after_s` if it is unfinished and was not waited for as long as asked."""

    record: ImageRecord | None
    retry_after_s: int | None = None


class Waiting:
    """The waiting requests of this process. `retry_after_s` returns whole seconds, jittered."""

    def __init__(self, retry_after_s: Callable[[], int]) -> None:
        self._retry_after_s = retry_after_s
        self._by_user: Counter[str] = Counter()
        self._stopping = False

    @property
    def waiters(self) -> int:
        return self._by_user.total()

    def stop(self) -> None:
        """Let every waiting request end after its current pause."""
        self._stopping = True

    async def until_final(self, user_id: str, read: Read, seconds: float, left: Left) -> Awaited:
        """The record once it is done, failed or gone, otherwise as it is after `seconds`.

        `left` returns once nobody waits for the response any more. Raises what a read raises.
        """
        end = asyncio.get_running_loop().time() + seconds
        record = await read()
        if seconds <= 0 or is_final(record):
            return Awaited(record)
        if self._is_full(user_id):
            return Awaited(record, self._retry_after_s())
        self._by_user[user_id] += 1
        polling = asyncio.create_task(self._poll(record, read, end))
        leaving = asyncio.ensure_future(left())
        try:
            await asyncio.wait({polling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return await polling if polling.done() else Awaited(record)
        finally:
            self._by_user -= Counter({user_id: 1})  # drops users at zero
            polling.cancel()
            leaving.cancel()

    def _is_full(self, user_id: str) -> bool:
        full = self._by_user.total() >= MAX_WAITERS
        return full or self._by_user[user_id] >= MAX_WAITERS_PER_USER

    async def _poll(self, record: ImageRecord | None, read: Read, end: float) -> Awaited:
        """`end` is in the event loop's time."""
        pause = FIRST_PAUSE_SECONDS
        try:
            async with asyncio.timeout_at(end):
                while not is_final(record) and not self._stopping:
                    await asyncio.sleep(pause)
                    pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
                    record = await read()
        except TimeoutError:
            return Awaited(record)
        return Awaited(record, None if is_final(record) else self._retry_after_s())


def is_final(record: ImageRecord | None) -> bool:
    return record is None or record.status not in {Status.PENDING, Status.PROCESSING}
