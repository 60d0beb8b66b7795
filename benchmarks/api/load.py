"""Send requests from several clients at once, each over its own keep-alive connection."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Load:
    """The result of a run: sorted latencies, in seconds."""

    latencies: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        return self.latencies[
            min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))
        ]


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, end: float, latencies: list[float]) -> None:
        self._request, self._end, self._latencies = request, end, latencies
        self._left = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._left:
            head, _, data = data.partition(b"\r\n\r\n")
            assert head[9:12] in {b"200", b"201"}, head
            start = head.lower().index(b"content-length: ") + 16
            self._left = int(head[start:].split(b"\r", 1)[0])
        self._left -= len(data)
        if self._left:
            return
        now = time.perf_counter()
        self._latencies.append(now - self._started)
        if now < self._end:
            self._send()
        elif not self.done.done():
            self._transport.close()
            self.done.set_result(None)


def run(port: int, request: bytes, clients: int, seconds: float) -> Load:
    """Send `request` repeatedly for this many seconds."""
    return asyncio.run(_run(port, request, clients, seconds))


async def _run(port: int, request: bytes, clients: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    started = time.perf_counter()
    made = [_Client(request, started + seconds, latencies) for _ in range(clients)]
    for client in made:
        await loop.create_connection(partial(_same, client), "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in made))
    return Load(sorted(latencies), time.perf_counter() - started)


def _same(client: _Client) -> _Client:
    return client
