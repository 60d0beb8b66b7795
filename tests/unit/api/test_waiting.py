import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from api.use_cases import waiting
from api.use_cases.waiting import Waiting
from contract.record import ImageRecord, Status
from tests.records import finished

if TYPE_CHECKING:
    pass

PROCESSING = finished("user_1", 1763853422000, status=Status.PROCESSING)
DONE = finished("user_1", 1763853422000)


def wait_for(*records: ImageRecord | None, seconds: float = 5) -> tuple[ImageRecord | None, int]:
    """What a request that reads these records in turn gets, and how often it read."""
    reads = 0

    async def read() -> ImageRecord | None:
        nonlocal reads
        reads += 1
        return records[min(reads, len(records)) - 1]

    return asyncio.run(Waiting().until_final(read, seconds)), reads


@pytest.mark.parametrize("final", [DONE, finished("u", 1763853422000, status=Status.FAILED), None])
def test_a_waiting_request_ends_as_soon_as_the_image_is_final(final: ImageRecord | None) -> None:
    assert wait_for(final) == (final, 1)
    assert wait_for(PROCESSING, PROCESSING, final) == (final, 3)


def test_a_waiting_request_gets_the_image_as_it_is_when_time_is_up() -> None:
    started = time.monotonic()
    assert wait_for(PROCESSING, seconds=0.35)[0] == PROCESSING
    assert 0.3 <= time.monotonic() - started < 2


def test_a_request_that_does_not_wait_reads_once() -> None:
    assert wait_for(PROCESSING, DONE, seconds=0) == (PROCESSING, 1)


def test_reads_become_less_frequent() -> None:
    """Ten seconds of even 0.1 s pauses would be a hundred reads."""
    times: list[float] = []

    async def read() -> ImageRecord:
        times.append(time.monotonic())
        return PROCESSING

    asyncio.run(Waiting().until_final(read, 2))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] < 0.15
    assert len(times) < 10
    assert max(pauses) <= waiting.LONGEST_PAUSE_SECONDS + 0.2


def test_each_waiting_request_counts_once_while_it_waits() -> None:
    async def scene() -> tuple[int, int]:
        together = Waiting()

        async def read() -> ImageRecord:
            return PROCESSING

        requests = [asyncio.create_task(together.until_final(read, 0.3)) for _ in range(3)]
        await asyncio.sleep(0.05)
        during = together.waiters
        await asyncio.gather(*requests)
        return during, together.waiters

    assert asyncio.run(scene()) == (3, 0)


def test_with_too_many_waiting_requests_a_further_one_does_not_wait() -> None:
    async def scene() -> tuple[ImageRecord | None, int]:
        full = Waiting()
        full.waiters = waiting.MAX_WAITERS

        async def read() -> ImageRecord:
            return PROCESSING

        record = await asyncio.wait_for(full.until_final(read, 20), timeout=1)
        return record, full.waiters

    assert asyncio.run(scene()) == (PROCESSING, waiting.MAX_WAITERS)
