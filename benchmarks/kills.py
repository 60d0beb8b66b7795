"""Upload while the resizer's workers are killed: nothing is lost, nothing is listed twice.

    python -m benchmarks.kills --images 500 --every 3

Starts its own local run, sends pictures as a browser does, kills all resizer processes by SIGKILL
again and again, and then counts the images that are done, listed twice, or complete (with both
thumbnails).
"""

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.local_run import LocalRun
from tools.pictures import jpeg
from tools.uploader import Image

USERS = 5
SENDERS = 8
PAGE = 100
WORKER = b"resizer.handler.handler"


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, LocalRun(Path(folder) / "run") as running:
        killer = _Killer(running, options.every)
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
    print(f"{killer.count} workers killed, busy or idle, every {options.every} s on average")
    print(f"{dict(outcomes)}; {len(listed)} listed, {duplicates} twice, {complete} complete")
    all_done = outcomes == {"done": options.images}
    return 0 if all_done and complete == len(listed) and not duplicates else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--every", type=float, default=3, help="mean seconds between kills")
    return parser.parse_args()


class _Killer:
    """Kills all workers at once, again and again."""

    def __init__(self, running: LocalRun, every: float) -> None:
        self.count = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(running, every), daemon=True)
        self._thread.start()

    def _run(self, running: LocalRun, every: float) -> None:
        while not self._stopped.wait(every * random.uniform(0.5, 1.5)):
            for pid in running.processes():
                if WORKER in _command(pid):
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


def _upload(running: LocalRun, number: int) -> tuple[str, str]:
    """Send one picture of up to 12 megapixels; returns its user and image id."""
    size = random.Random(number).choice([(800, 600), (2000, 1500), (4000, 3000)])
    user_id = f"user_{number % USERS}"
    return user_id, running.upload(user_id, jpeg(*size, color=f"#{number:06x}"))


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
