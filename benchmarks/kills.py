"""Upload while processes are killed: nothing is lost, nothing is listed twice.

    python -m benchmarks.kills --images 500 --every 3
    python -m benchmarks.kills --images 300 --every 0.3 --victim decoder --load 8

Starts its own local run, sends pictures of all formats as a browser does, kills processes by
SIGKILL again and again (all resizers at once, or a random one of the workers and fork servers that
decode for them), and then counts the images that are done, listed twice, or complete (with both
thumbnails). `--load` busy processes compete for the processor.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from resizer.engine.formats import FORMATS
from tools import pictures
from tools.local_run import LocalRun
from tools.uploader import Image

USERS = 5
SENDERS = 8
SIZES = ((800, 600), (2000, 1500), (4000, 3000))
PAGE = 100
WORKER = b"resizer.handler.handler"


def main() -> int:
    options = _options()
    with (
        _load(options.load),
        tempfile.TemporaryDirectory() as folder,
        LocalRun(Path(folder) / "run") as running,
    ):
        killer = _Killer(running, options.every, options.victim)
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            sent = list(senders.map(lambda n: _upload(running, n), range(options.images)))
        uploaded = time.monotonic() - started
        outcomes = Counter(_outcome(running, *image) for image in sent)
        finished = time.monotonic() - started
        killer.stop()
        listed = [item for user in range(USERS) for item in _listing(running, f"user_{user}")]
    duplicates = len(listed) - len({(item["userId"], item["imageId"]) for item in listed})
    complete = sum(len(item["thumbnails"]) == 2 for item in listed)
    print(f"{options.images} uploads in {uploaded:.0f} s, all processed after {finished:.0f} s")
    print(f"{killer.count} processes killed ({options.victim}), every {options.every} s on average")
    print(f"{dict(outcomes)}; {len(listed)} listed, {duplicates} twice, {complete} complete")
    all_done = outcomes == {"done": options.images}
    return 0 if all_done and complete == len(listed) and not duplicates else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--every", type=float, default=3, help="mean seconds between kills")
    parser.add_argument("--victim", choices=("resizer", "decoder"), default="resizer")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside the run")
    return parser.parse_args()


@contextmanager
def _load(count: int) -> Iterator[None]:
    busy = [get_context("spawn").Process(target=_compute, daemon=True) for _ in range(count)]
    for process in busy:
        process.start()
    yield
    for process in busy:
        process.kill()


def _compute() -> None:
    while True:
        pass


class _Killer:
    """Kills all resizers at once, or one of the processes that decode, again and again."""

    def __init__(self, running: LocalRun, every: float, victim: str) -> None:
        self.count = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(running, every, victim), daemon=True
        )
        self._thread.start()

    def _run(self, running: LocalRun, every: float, victim: str) -> None:
        while not self._stopped.wait(every * random.uniform(0.5, 1.5)):
            # What a resizer forks has its command line: the first of a family is the resizer.
            family = {pid for pid in running.processes() if WORKER in _command(pid)}
            decoders = [pid for pid in family if _parent(pid) in family]
            resizers = family.difference(decoders)
            chosen = resizers if victim == "resizer" else random.sample(decoders, bool(decoders))
            for pid in chosen:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.count += 1

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _upload(running: LocalRun, number: int) -> tuple[str, str]:
    """Send one picture of up to 12 megapixels; returns its user and image id."""
    choice = random.Random(number).choice
    size, image_format = choice(SIZES), choice(FORMATS)
    user_id = f"user_{number % USERS}"
    data = _picture(*size, image_format.name) + number.to_bytes(4)  # no two are the same
    return user_id, running.upload(user_id, data, contentType=image_format.content_type)


@cache
def _picture(width: int, height: int, image_format: str) -> bytes:
    return pictures.saved(pictures.photo(width, height), image_format)


def _outcome(running: LocalRun, user_id: str, image_id: str) -> str:
    image = running.finished(user_id, image_id, seconds=600)
    return str(image["error"] or image["status"])


def _listing(running: LocalRun, user_id: str) -> list[Image]:
    items: list[Image] = []
    cursor = None
    while True:
        page = running.client.get(
            f"/users/{user_id}/images",
            params={"limit": PAGE, **({"cursor": cursor} if cursor else {})},
        ).json()
        items += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return items


if __name__ == "__main__":
    raise SystemExit(main())
