import asyncio
import time
from collections.abc import Mapping, Sequence

import pytest

from api.use_cases import batched_reads
from api.use_cases.batched_reads import BatchedReads, ImageName
from contract.record import Item


class Table:
    """Records the requests; every image exists, except those named `missing`."""

    def __init__(self, seconds: float = 0) -> None:
        self.requests: list[list[ImageName]] = []
        self.at_once = self.most_at_once = 0
        self.error: Exception | None = None
        self._seconds = seconds

    async def read_many(self, names: Sequence[ImageName]) -> Mapping[ImageName, Item]:
        self.requests.append(list(names))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self._seconds)
        self.at_once -= 1
        if self.error:
            raise self.error
        return {name: {"imageId": {"S": name[1]}} for name in names if name[1] != "missing"}


def image_of(item: Item | None) -> str | None:
    return item["imageId"]["S"] if item else None


def test_simultaneous_reads_are_one_request_and_each_gets_its_own_image() -> None:
    table = Table()

    async def scene() -> list[str | None]:
        reads = BatchedReads(table.read_many)
        names = [("u", "1"), ("u", "2"), ("v", "1"), ("u", "missing"), ("u", "1")]
        return [image_of(item) for item in await asyncio.gather(*map(reads.read, names))]

    assert asyncio.run(scene()) == ["1", "2", "1", None, "1"]
    assert table.requests == [[("u", "1"), ("u", "2"), ("v", "1"), ("u", "missing")]]


def test_a_full_request_is_followed_by_the_next_one_without_a_pause() -> None:
    table = Table(seconds=0.01)

    async def scene() -> float:
        reads = BatchedReads(table.read_many)
        started = time.monotonic()
        await asyncio.gather(*(reads.read(("u", str(number))) for number in range(700)))
        return time.monotonic() - started

    assert asyncio.run(scene()) < 0.5
    assert [len(names) for names in table.requests] == [100] * 7
    assert table.most_at_once == 1


def test_other_requests_are_at_most_ten_a_second() -> None:
    table = Table()

    async def scene() -> None:
        reads = BatchedReads(table.read_many)

        async def client(number: int) -> None:
            for _ in range(10):
                await asyncio.sleep(0.05)
                await reads.read(("u", str(number)))

        started = time.monotonic()
        await asyncio.gather(*map(client, range(20)))
        seconds = time.monotonic() - started
        assert len(table.requests) <= seconds / batched_reads.PAUSE_SECONDS + 1

    asyncio.run(scene())


def test_what_is_asked_for_during_a_request_is_read_anew() -> None:
    table = Table(seconds=0.05)

    async def scene() -> None:
        reads = BatchedReads(table.read_many)
        first = asyncio.create_task(reads.read(("u", "1")))
        await asyncio.sleep(0.02)
        await reads.read(("u", "1"))
        await first

    asyncio.run(scene())
    assert len(table.requests) == 2


def test_a_client_that_leaves_takes_nobody_with_it() -> None:
    table = Table(seconds=0.05)

    async def scene() -> str | None:
        reads = BatchedReads(table.read_many)
        first, second = (asyncio.create_task(reads.read(("u", "1"))) for _ in range(2))
        await asyncio.sleep(0.02)
        first.cancel()
        return image_of(await second)

    assert asyncio.run(scene()) == "1"


def test_an_error_reaches_all_readers_of_its_request_and_no_later_one() -> None:
    table = Table()

    async def scene() -> None:
        reads = BatchedReads(table.read_many)
        table.error = ConnectionError()
        both = [reads.read(("u", name)) for name in "12"]
        results = await asyncio.gather(*both, return_exceptions=True)
        assert [type(result) for result in results] == [ConnectionError] * 2
        table.error = None
        assert image_of(await reads.read(("u", "1"))) == "1"

    asyncio.run(scene())


@pytest.mark.parametrize("seconds", [0, 10])
def test_reads_work_in_the_next_event_loop_too(seconds: float) -> None:
    """As in a Lambda function, whose loop may end during a read that nobody waits for."""
    table = Table(seconds)
    reads = BatchedReads(table.read_many)

    async def given_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reads.read(("u", "1")), 0.05 if seconds else 0)

    asyncio.run(given_up())
    reads._read_many = Table().read_many
    assert image_of(asyncio.run(reads.read(("u", "1")))) == "1"
