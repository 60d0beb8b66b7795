"""Clients that wait for images, beside others who list theirs, on a running system.

    python -m benchmarks.api.waiting --api http://localhost:8000 --clients 700

Every client plans an image, never uploads it, and asks for it once with `wait`; meanwhile listings
are requested one after the other. The figures are those of one process of the API.
"""

import argparse
import asyncio
import json
import statistics
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

BATCH = 50
PAUSE_SECONDS = 0.25  # between two listings


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Api:
    """Requests over a connection of their own each, as from different browsers."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    async def request(self, method: str, path: str, body: object = None) -> Response:
        content = json.dumps(body).encode() if body is not None else b""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(head.encode() + content)
        received = await reader.read(-1)
        writer.close()
        top, _, payload = received.partition(b"\r\n\r\n")
        status_line, *lines = top.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        status = int(status_line.split()[1])
        return Response(status, headers, payload, time.perf_counter() - started)


async def plan(api: Api, clients: int) -> list[str]:
    """The paths of as many planned images, those of one user next to each other."""
    run = int(time.time())
    paths: list[str] = []
    file = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 1000}
    for number, start in enumerate(range(0, clients, BATCH)):
        user = f"/users/waiting-{run}-{number}"
        files = [file] * min(BATCH, clients - start)
        planned = await api.request("POST", f"{user}/uploads/batch", {"files": files})
        items = json.loads(planned.body)["items"]
        paths += [f"{user}/images/{item['image']['imageId']}" for item in items]
    return paths


async def list_repeatedly(api: Api, path: str, end: asyncio.Event) -> list[float]:
    seconds = []
    while not end.is_set():
        seconds.append((await api.request("GET", path)).seconds)
        await asyncio.sleep(PAUSE_SECONDS)
    return seconds


async def run(url: str, clients: int, wait: int) -> None:
    api = Api(url)
    paths = await plan(api, clients)
    end = asyncio.Event()
    listing = asyncio.create_task(list_repeatedly(api, paths[0].rpartition("/")[0], end))
    await asyncio.sleep(1)
    responses = await asyncio.gather(*(api.request("GET", f"{path}?wait={wait}") for path in paths))
    end.set()
    listings = await listing
    at_once = [got.seconds for got in responses if "retry-after" in got.headers]
    waited = [got.seconds for got in responses if "retry-after" not in got.headers]
    print(f"{clients} clients with wait={wait}")
    print(f"  statuses: {sorted({got.status for got in responses})}")
    print(f"  waited: {len(waited)}, {summary(waited)}")
    print(f"  sent away with Retry-After: {len(at_once)}, {summary(at_once)}")
    print(f"  listings meanwhile: {len(listings)}, {summary(listings)}")


def summary(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    return f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api.waiting")
    parser.add_argument("--api", default="http://localhost:8000")
    parser.add_argument("--clients", type=int, default=700)
    parser.add_argument("--wait", type=int, default=20)
    options = parser.parse_args()
    asyncio.run(run(options.api, options.clients, options.wait))


if __name__ == "__main__":
    main()
