"""Reads of single images, gathered into few requests: those of all waiting clients together.

What is asked for while a request is under way goes together into the next one, each image once. A
request that is not full is sent `PAUSE_SECONDS` after the last one, so that a process sends ten of
them a second at most, and never two at a time, whatever the number of its clients.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contract.record import Item

ImageName = tuple[str, str]  # user id and image id
ReadMany = Callable[[Sequence[ImageName]], Awaitable[Mapping[ImageName, Item]]]

MOST_IMAGES = 100  # DynamoDB API Reference, "BatchGetItem"
PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class _Batch:
    names: dict[ImageName, None] = field(default_factory=dict)  # a set in the order of requests
    sending: "asyncio.Task[Mapping[ImageName, Item]]" = field(init=False)


class BatchedReads:
    """The reads of one process. `read_many` returns the items that exist."""

    def __init__(self, read_many: ReadMany) -> None:
        self._read_many = read_many
        self._last: _Batch | None = None  # takes more names until it is full or sent
        self._open = False
        self._sent_at = 0.0

    async def read(self, name: ImageName) -> Item | None:
        """The item as of now, unparsed: whether it can be read concerns this image alone."""
        batch = self._last
        loop = asyncio.get_running_loop()
        if batch is not None and batch.sending.get_loop() is not loop:
            batch = None  # of an event loop that has ended
        if batch is None or not self._open or len(batch.names) == MOST_IMAGES:
            before, batch = batch, _Batch()
            batch.sending = loop.create_task(self._send(batch, before))
            self._last, self._open = batch, True
        batch.names[name] = None
        items = await asyncio.shield(batch.sending)  # others wait for the same request
        return items.get(name)

    async def _send(self, batch: _Batch, before: _Batch | None) -> Mapping[ImageName, Item]:
        if before is not None:
            await asyncio.wait({before.sending})
        if len(batch.names) < MOST_IMAGES:
            await asyncio.sleep(self._sent_at + PAUSE_SECONDS - time.monotonic())
        self._sent_at = time.monotonic()
        if self._last is batch:
            self._open = False
        return await self._read_many(list(batch.names))
