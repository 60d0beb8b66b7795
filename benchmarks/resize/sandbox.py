"""What the sandbox costs: CPU time of one picture with it and without it."""

import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.resize.pictures import Picture

PICTURES = 20  # per process, after one that warms up
SCRIPT = """
import sys
from io import BytesIO
from pathlib import Path
from benchmarks.resize.engines import cpu_seconds, ours
from resizer.sandbox import Sandbox
from resizer.settings import Settings

data = Path(sys.argv[1]).read_bytes()
if sys.argv[2] == "sandbox":
    settings = Settings.from_environment({"BUCKET": "no-bucket", "MAX_PIXELS": "120000000"})
    sandbox = Sandbox(settings, 1)

    def render():
        with sandbox.place() as place:
            place.render(BytesIO(data), len(data))
else:
    def render():
        ours(data)

for _ in range(int(sys.argv[3])):
    render()
if sys.argv[2] == "sandbox":
    sandbox.close()  # the workers count among the ended children
print(cpu_seconds())
"""


def _cpu_seconds(path: Path, mode: str, pictures: int) -> float:
    command = [sys.executable, "-c", SCRIPT, str(path), mode, str(pictures)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def seconds_each(path: Path, mode: str, rounds: int = 3) -> float:
    """CPU seconds of one picture in a warm process, with all of its children."""
    many = median(_cpu_seconds(path, mode, 1 + PICTURES) for _ in range(rounds))
    one = median(_cpu_seconds(path, mode, 1) for _ in range(rounds))
    return (many - one) / PICTURES


def table(pictures: list[Picture]) -> list[str]:
    lines = [
        "| class | file | without, ms | with, ms | more, ms | more, % |",
        "|---|---|---|---|---|---|",
    ]
    for picture in pictures:
        without = 1000 * seconds_each(picture.path, "alone")
        within = 1000 * seconds_each(picture.path, "sandbox")
        more = within - without
        name = picture.path.name
        lines.append(
            f"| {picture.kind} | {name} | {without:.1f} | {within:.1f} | {more:.1f} "
            f"| {100 * more / without:.1f} |"
        )
    return lines
