"""Peak memory of one original in a fresh process, and wall time after a throttled download."""

import io
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.resize.engines import cpu_seconds
from benchmarks.resize.pictures import Picture

MIB = 1024 * 1024
BYTES_A_SECOND = 50 * MIB  # about what one S3 connection gives a small function
CHUNK_BYTES = 64 * 1024

# The source is a file that is read on demand: no second copy of the object is counted.
SCRIPT = """
import os, resource, sys
from resizer.thumbnails import Limits, make_thumbnails

LIMITS = Limits(max_pixels=120_000_000, max_bytes=128 * 1024 * 1024)

def idle():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

before = idle()
with open(sys.argv[1], "rb", buffering=0) as source:
    make_thumbnails(source, os.path.getsize(sys.argv[1]), (400, 200), LIMITS)
# Not ru_maxrss: it starts with what the process had before exec.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
own = int(status["VmHWM"].split()[0]) * 1024 - before
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 - before
print(max(own, child, 0), before)
"""


def peak_bytes(path: Path) -> tuple[int, int]:
    """(above idle, idle). A forked decoder counts with the pages it shares with its parent."""
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], check=True, capture_output=True, text=True
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
        self._size = len(data)
        self.cpu_at_end = 0.0  # of this process and its children, when the last byte was read

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(size)
        due = self._start + self._file.tell() / BYTES_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        if self._file.tell() == self._size:
            self.cpu_at_end = self.cpu_at_end or cpu_seconds()
        return data


def wall_table(pictures: list[Picture], rounds: int = 5) -> list[str]:
    from resizer.thumbnails import make_thumbnails

    rate = f"{BYTES_A_SECOND / MIB:.0f} MiB/s"
    lines = [
        f"| class | file | download at {rate}, ms | after its end, ms | of which CPU, ms |",
        "|---|---|---|---|---|",
    ]
    for picture in pictures:
        data = picture.path.read_bytes()
        after, cpu = [], []
        for _ in range(rounds):
            source = Throttled(data)
            start = time.monotonic()
            make_thumbnails(source, len(data), (400, 200))  # type: ignore[arg-type]
            after.append(time.monotonic() - start - len(data) / BYTES_A_SECOND)
            cpu.append(cpu_seconds() - source.cpu_at_end)
        download = 1000 * len(data) / BYTES_A_SECOND
        times = (f"{1000 * median(times):.0f}" for times in (after, cpu))
        cells = (picture.kind, picture.path.name, f"{download:.0f}", *times)
        lines.append("| " + " | ".join(cells) + " |")
    return lines
