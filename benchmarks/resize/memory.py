"""Peak memory of one original in a fresh process, and wall time after a throttled download."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.resize.pictures import Picture
from resizer.sandbox import Sandbox
from resizer.settings import Settings

MIB = 1024 * 1024
BYTES_A_SECOND = 50 * MIB  # about what one S3 connection gives a small function
CHUNK_BYTES = 64 * 1024

# Of all processes of the sandbox: what one page costs is shared out among those that have it.
SCRIPT = """
import os, sys, threading
from resizer.sandbox import Sandbox
from resizer.settings import Settings

sandbox = Sandbox(Settings.from_environment(os.environ), 1)

def family(pid):
    yield pid
    try:
        children = open(f"/proc/{pid}/task/{pid}/children").read().split()
    except FileNotFoundError:
        return
    for child in children:
        yield from family(int(child))

def resident():
    total = 0
    for pid in family(os.getpid()):
        try:
            lines = open(f"/proc/{pid}/smaps_rollup").read().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total

def watch():
    global peak
    while not over.wait(0.002):
        peak = max(peak, resident())

with sandbox.place() as place:
    place._slot._server.drop(place._slot._server.fork())  # so that the server has the engine
idle = peak = resident()
over = threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
with open(sys.argv[1], "rb", buffering=0) as source, sandbox.place() as place:
    place.render(source, os.path.getsize(sys.argv[1]))
over.set()
watcher.join()
print(peak - idle, idle)
"""


def peak_bytes(path: Path, memory_mb: int = 1769) -> tuple[int, int]:
    """(above idle, idle), of all processes; idle lacks botocore, which the function has too."""
    settings = {"BUCKET": "no-bucket", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb)}
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **settings},
    )
    above, idle = output.stdout.split()
    return int(above), int(idle)


def table(pictures: list[Picture]) -> list[str]:
    lines = ["| class | file | peak above idle, MB | idle, MB |", "|---|---|---|---|"]
    for picture in pictures:
        above, idle = peak_bytes(picture.path)
        name = picture.path.name
        lines.append(f"| {picture.kind} | {name} | {above / 1e6:.0f} | {idle / 1e6:.0f} |")
    return lines


class Throttled(io.RawIOBase):
    """A body that arrives at a fixed rate, whether it is read or not."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._file = io.BytesIO(data)
        self._start = time.monotonic()

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(size)
        due = self._start + self._file.tell() / BYTES_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        return data


def wall_table(pictures: list[Picture], rounds: int = 5) -> list[str]:
    sandbox = Sandbox(Settings.from_environment({"BUCKET": "no-bucket"}), 1)
    rate = f"{BYTES_A_SECOND / MIB:.0f} MiB/s"
    lines = [
        f"| class | file | download at {rate}, ms | after its end, ms |",
        "|---|---|---|---|",
    ]
    for picture in pictures:
        data = picture.path.read_bytes()
        after = []
        for _ in range(rounds):
            source = Throttled(data)
            start = time.monotonic()
            with sandbox.place() as place:
                place.render(source, len(data))  # type: ignore[arg-type]
            after.append(time.monotonic() - start - len(data) / BYTES_A_SECOND)
        download = 1000 * len(data) / BYTES_A_SECOND
        cells = (picture.kind, picture.path.name, f"{download:.0f}", f"{1000 * median(after):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines
