"""`python -m benchmarks.resize [--corpus DIR] [--rounds N]`: prints the report as Markdown."""

import argparse
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.resize import cpu, memory, quality, sandbox
from benchmarks.resize.engines import available
from benchmarks.resize.pictures import made, real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="folder of photos; MANIFEST.csv is optional")
    parser.add_argument(
        "--made", type=Path, help="folder for generated pictures, reused the next time"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--parts", default="cpu,sandbox,memory,wall,quality")
    options = parser.parse_args()
    pictures = list(real(options.corpus)) if options.corpus else []
    if options.made or not options.corpus:
        pictures += made(options.made or Path(".local/benchmark-pictures"))
    pictures = [picture for picture in pictures if options.only in picture.path.name]
    parts = options.parts.split(",")

    lines = [
        f"Python {platform.python_version()}, Pillow {version('pillow')}, "
        f"pillow-heif {version('pillow-heif')}, {platform.machine()}; medians of "
        f"{options.rounds} alternating rounds, geometric means over a class."
    ]
    if "cpu" in parts:
        engines = available()
        lines += ["", *cpu.table(cpu.measure(pictures, engines, options.rounds), engines)]
    if "sandbox" in parts:
        lines += ["", *sandbox.table(pictures)]
    if "memory" in parts:
        lines += ["", *memory.table(pictures)]
    if "wall" in parts:
        lines += ["", *memory.wall_table(pictures)]
    if "quality" in parts:
        lines += ["", *quality.table(pictures)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
