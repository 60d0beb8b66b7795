"""This process's side: places to decode in, each with its own shared map and at most one worker.

There are as many places as originals may be decoded at a time. Whoever wants one waits.
"""

import mmap
import queue
import select
import socket
from typing import BinaryIO, Self

from contract.record import Reason
from resizer.failures import ShortRead, UnusableImage
from resizer.memory_budget import MIB, body_bytes
from resizer.rendition import Rendition
from resizer.sandbox.fork_server import ForkServer, Worker
from resizer.sandbox.messages import Job, Reply, receive_reply, send_arrived, send_job
from resizer.sandbox.verdict import Died, End, Hung, NotStarted, judge
from resizer.settings import Settings

CHUNK_BYTES = 128 * 1024
ZEROS = bytes(CHUNK_BYTES)
KEPT_BYTES = 16 * MIB  # of a map, between pictures
# Of silence, once the worker has every byte. Its own limit is CPU time; this one is for a decoder
# that is stuck.
HUNG_SECONDS = 240.0


class Sandbox:
    """Start it before threads and clients: see `resizer.sandbox.server`."""

    def __init__(self, settings: Settings, places: int) -> None:
        size = body_bytes(settings.memory_mb * MIB, settings.max_upload_bytes)
        maps = [mmap.mmap(-1, size) for _ in range(places)]
        self._server = ForkServer(maps)
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()  # the one with a warm worker first
        self._slots = [
            Slot(self._server, body_map, settings, number) for number, body_map in enumerate(maps)
        ]
        for slot in self._slots:
            self._free.put(slot)

    def place(self) -> "Place":
        """Wait for a free place. Use it in a `with` statement, for one original."""
        return Place(self._free.get(), self._free)

    def close(self) -> None:
        """End the fork server and all workers."""
        for slot in self._slots:
            slot.close()
        self._server.close()


class Place:
    """The use of a slot for one original. It is left once, after the render or at the end."""

    def __init__(self, slot: "Slot", free: "queue.LifoQueue[Slot]") -> None:
        self._slot = slot
        self._free = free
        self._left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def render(self, source: BinaryIO, size: int) -> Rendition:
        """Make the thumbnails of `size` bytes read from `source`, then leave the place.

        Raises UnusableImage (permanent), EngineError, or what `resizer.failures` calls transient:
        ShortRead, WorkerLostError and whatever `source.read` raises.
        """
        assert not self._left, "a place is for one original"
        try:
            return self._slot.render(source, size)
        finally:
            self._leave()

    def _leave(self) -> None:
        if not self._left:  # another thread may have the slot by now
            self._left = True
            self._free.put(self._slot)


class Slot:
    """A shared map, and at most one worker."""

    def __init__(
        self, server: ForkServer, body_map: mmap.mmap, settings: Settings, number: int
    ) -> None:
        self._server = server
        self._map = body_map
        self._settings = settings
        self._number = number
        self._worker: Worker | None = None  # one that has served and may serve again

    def close(self) -> None:
        if self._worker:
            self._worker.connection.close()  # its worker ends by that

    def render(self, source: BinaryIO, size: int) -> Rendition:
        """See `Place.render`."""
        if size <= 0:
            raise UnusableImage(Reason.EMPTY)
        if size > len(self._map):
            raise UnusableImage(Reason.TOO_LARGE, f"{size} bytes, at most {len(self._map)}")
        try:
            return self._render(_Arrival(source, self._map, size), size)
        finally:
            _clear(self._map, size)

    def _render(self, arrival: "_Arrival", size: int) -> Rendition:
        job = Job(
            place=self._number,
            size=size,
            widths=self._settings.widths,
            max_pixels=self._settings.max_pixels,
            min_decoded_share=self._settings.min_decoded_share,
            memory_bytes=self._settings.memory_mb * MIB,
        )
        tries = 0
        while True:
            fresh = self._worker is None
            worker = self._worker or self._server.fork()
            tries += fresh
            end = self._try(worker, job, arrival) if worker else NotStarted()
            rendition = judge(end, fresh=fresh, tries=tries)
            if rendition is not None:
                return rendition

    def _try(self, worker: Worker, job: Job, arrival: "_Arrival") -> End:
        self._worker = None
        try:
            reply = _ask(worker.connection, job, arrival)
        except BaseException:
            self._server.drop(worker)
            raise
        if isinstance(reply, Hung):
            self._server.drop(worker)
            return reply
        if reply is None:
            return Died(self._server.end(worker))
        if reply.plugin:
            self._server.import_plugin(reply.plugin)
        if reply.retiring:
            self._server.drop(worker)
        else:
            self._worker = worker
        return reply.result


class _Arrival:
    """The body on its way from the source to the map: once, for however many tries."""

    def __init__(self, source: BinaryIO, target: mmap.mmap, size: int) -> None:
        self._source = source
        self._target = target
        self._size = size
        self.count = 0  # bytes in the map

    @property
    def complete(self) -> bool:
        return self.count == self._size

    def read_more(self) -> None:
        """Raises ShortRead and whatever the source raises."""
        chunk = self._source.read(min(CHUNK_BYTES, self._size - self.count))
        if not chunk:
            raise ShortRead(f"body ended after {self.count} of {self._size} bytes")
        self._target[self.count : self.count + len(chunk)] = chunk
        self.count += len(chunk)


def _ask(connection: socket.socket, job: Job, arrival: _Arrival) -> Reply | Hung | None:
    """The worker's reply; None if it ended without one. Raises what the source raises."""
    connection.settimeout(HUNG_SECONDS)
    try:
        send_job(connection, job)
    except ConnectionError:
        return None
    if not _feed(connection, arrival):
        return Hung()
    try:
        return receive_reply(connection)
    except TimeoutError:
        return Hung()


def _feed(connection: socket.socket, arrival: _Arrival) -> bool:
    """Tell the worker what has arrived until it has everything or wants no more.

    It reads our messages only when it needs more bytes, so we never wait for it to read one before
    the last. Returns False if it is stuck.
    """
    poller = select.poll()
    poller.register(connection, select.POLLIN | select.POLLOUT)
    told = 0
    while True:
        events = poller.poll(HUNG_SECONDS * 1000 if arrival.complete else 0)
        state = events[0][1] if events else 0
        if arrival.complete and not state:
            return False
        if state & ~select.POLLOUT:
            return True  # a reply, or its end
        if state & select.POLLOUT and told < arrival.count:
            told = arrival.count
            try:
                send_arrived(connection, told)
            except ConnectionError:
                return True
        if arrival.complete and told == arrival.count:
            return True
        if not arrival.complete:
            arrival.read_more()


def _clear(body_map: mmap.mmap, size: int) -> None:
    """Let nobody find this body in the map later, and give the memory of a large one back.

    Giving all of it back would cost the next picture 0.8 ms of page faults a megabyte.
    """
    if size > KEPT_BYTES and hasattr(mmap, "MADV_REMOVE"):
        body_map.madvise(mmap.MADV_REMOVE, KEPT_BYTES)
        size = KEPT_BYTES
    for start in range(0, size, CHUNK_BYTES):
        end = min(start + CHUNK_BYTES, size)
        body_map[start:end] = ZEROS[: end - start]
