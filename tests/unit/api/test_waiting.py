import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from api.use_cases import waiting
from api.use_cases.waiting import Awaited, Waiting
from contract.record import ImageRecord, Status
from tests.records import finished

PROCESSING = finished("user_1", 1763853422000, status=Status.PROCESSING)
DONE = finished("user_1", 1763853422000)
AGAIN = 3  # seconds

Read = Callable[[], Awaitable[ImageRecord | None]]


async def processing() -> ImageRecord:
    return PROCESSING


async def never() -> None:
    await asyncio.Event().wait()


def new_waiting() -> Waiting:
    return Waiting(lambda: AGAIN)


def wait_for(*records: ImageRecord | None, seconds: float = 5) -> tuple[Awaited, int]:
    """What a request that reads these records in turn gets, and how often it read."""
    reads = 0

    async def read() -> ImageRecord | None:
        nonlocal reads
        reads += 1
        return records[min(reads, len(records)) - 1]

    return asyncio.run(new_waiting().until_final("user_1", read, seconds, never)), reads


@pytest.mark.parametrize("final", [DONE, finished("u", 1763853422000, status=Status.FAILED), None])
def test_a_waiting_request_ends_as_soon_as_the_image_is_final(final: ImageRecord | None) -> None:
    assert wait_for(final) == (Awaited(final), 1)
    assert wait_for(PROCESSING, PROCESSING, final) == (Awaited(final), 3)


def test_a_waiting_request_gets_the_image_as_it_is_when_time_is_up() -> None:
    started = time.monotonic()
    assert wait_for(PROCESSING, seconds=0.35)[0] == Awaited(PROCESSING)
    assert 0.3 <= time.monotonic() - started < 2


def test_a_slow_read_does_not_prolong_the_wait() -> None:
    reads = 0

    async def read() -> ImageRecord:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0 if reads == 1 else 10)
        return PROCESSING

    started = time.monotonic()
    request = new_waiting().until_final("user_1", read, 0.3, never)
    assert asyncio.run(request) == Awaited(PROCESSING)
    assert time.monotonic() - started < 2


def test_a_request_that_does_not_wait_reads_once() -> None:
    assert wait_for(PROCESSING, DONE, seconds=0) == (Awaited(PROCESSING), 1)


def test_reads_become_less_frequent() -> None:
    """Ten seconds of even 0.1 s pauses would be a hundred reads."""
    times: list[float] = []

    async def read() -> ImageRecord:
        times.append(time.monotonic())
        return PROCESSING

    asyncio.run(new_waiting().until_final("user_1", read, 2, never))
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] < 0.15
    assert len(times) < 10
    assert max(pauses) <= waiting.LONGEST_PAUSE_SECONDS + 0.2


def requests(
    together: Waiting, users: list[str], seconds: float = 20
) -> list["asyncio.Task[Awaited]"]:
    return [
        asyncio.create_task(together.until_final(user, processing, seconds, never))
        for user in users
    ]


def test_each_waiting_request_counts_once_while_it_waits() -> None:
    async def scene() -> tuple[int, int]:
        together = new_waiting()
        waiting_ones = requests(together, ["u", "u", "v"], 0.3)
        await asyncio.sleep(0.05)
        during = together.waiters
        await asyncio.gather(*waiting_ones)
        return during, together.waiters

    assert asyncio.run(scene()) == (3, 0)


def test_with_too_many_waiting_requests_a_further_one_is_told_when_to_ask_again() -> None:
    async def scene() -> Awaited:
        full = new_waiting()
        per_user = waiting.MAX_WAITERS_PER_USER
        users = [f"u{number // per_user}" for number in range(waiting.MAX_WAITERS)]
        waiting_ones = requests(full, users)
        await asyncio.sleep(0.05)
        assert full.waiters == waiting.MAX_WAITERS
        request = full.until_final("another", processing, 20, never)
        awaited = await asyncio.wait_for(request, timeout=1)
        assert full.waiters == waiting.MAX_WAITERS
        for each in waiting_ones:
            each.cancel()
        return awaited

    assert asyncio.run(scene()) == Awaited(PROCESSING, AGAIN)


def test_one_user_with_too_many_waiting_requests_leaves_room_for_others() -> None:
    async def scene() -> None:
        together = new_waiting()
        waiting_ones = requests(together, ["greedy"] * (waiting.MAX_WAITERS_PER_USER + 5))
        other = requests(together, ["other"])
        await asyncio.sleep(0.05)
        sent_away = [task.result() for task in waiting_ones if task.done()]
        assert sent_away == [Awaited(PROCESSING, AGAIN)] * 5
        assert not other[0].done()
        for each in (*waiting_ones, *other):
            each.cancel()

    asyncio.run(scene())


def test_a_client_that_leaves_frees_its_place() -> None:
    async def scene() -> None:
        together = new_waiting()
        leave = asyncio.Event()

        async def left() -> None:
            await leave.wait()

        request = asyncio.create_task(together.until_final("u", processing, 20, left))
        await asyncio.sleep(0.05)
        assert together.waiters == 1
        leave.set()
        await asyncio.wait_for(request, timeout=1)
        assert together.waiters == 0

    asyncio.run(scene())


def test_stopping_sends_waiting_requests_to_another_process() -> None:
    async def scene() -> list[Awaited]:
        together = new_waiting()
        waiting_ones = requests(together, ["u"])
        await asyncio.sleep(0.05)
        together.stop()
        late = together.until_final("u", processing, 20, never)
        return await asyncio.wait_for(asyncio.gather(*waiting_ones, late), timeout=3)

    assert asyncio.run(scene()) == [Awaited(PROCESSING, AGAIN)] * 2


def test_an_image_that_is_done_needs_no_second_request_however_many_wait() -> None:
    async def scene() -> Awaited:
        together = new_waiting()
        waiting_ones = requests(together, ["u"] * waiting.MAX_WAITERS_PER_USER)
        await asyncio.sleep(0.05)

        async def done() -> ImageRecord:
            return DONE

        awaited = await together.until_final("u", done, 20, never)
        for each in waiting_ones:
            each.cancel()
        return awaited

    assert asyncio.run(scene()) == Awaited(DONE)
