"""Run damaged and stuffed pictures of every format through the thumbnail engine: `make fuzz`.

A case is fully determined by its number: the picture, the kind of damage and its place. Of 20
cases, 12 are damaged at random places, 7 in their structure, and one is stuffed. Cases run in
batches, each in its own process, so that a crash is traced to its case and the run goes on.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
import warnings
from collections import Counter
from functools import cache
from random import Random
from typing import Any

from resizer.engine.body import Body
from resizer.failures import UnusableImage
from resizer.thumbnails import make_thumbnails
from tools import pictures
from tools.hostile_pictures import GENERATORS
from tools.structure_mutations import damaged

BATCH = 250
MAX_CPU_SECONDS = 10.0  # of one case
MEMORY_BYTES = 512 * 1024 * 1024
MAX_UPLOAD_BYTES = 50_000_000
STUFFED, STRUCTURAL = 12, range(13, 20)
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
Options = dict[str, Any]
VARIANTS: tuple[tuple[str, str, Options], ...] = (
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True, "icc_profile": pictures.DISPLAY_P3}),
    ("JPEG", "L", {"exif": pictures.exif(6), "restart_marker_blocks": 3}),
    ("JPEG", "CMYK", {"icc_profile": pictures.cmyk_profile()}),
    ("PNG", "RGB", {"icc_profile": pictures.ADOBE_RGB, "exif": pictures.exif(3)}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "I;16", {}),
    ("PNG", "1", {}),
    ("WEBP", "RGB", {"exif": pictures.exif(5), "icc_profile": pictures.DISPLAY_P3}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", {"animated": True}),
    ("GIF", "P", {}),
    ("GIF", "RGB", {"animated": True}),
    ("AVIF", "RGB", {"exif": pictures.exif(8)}),
    ("AVIF", "RGBA", {"speed": 10}),
    ("HEIF", "RGB", {"exif": pictures.exif(7)}),
    ("HEIF", "RGBA", {}),
    ("TIFF", "RGB", {"exif": pictures.exif(2)}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "CMYK", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "I;16", {"compression": "packbits"}),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
)


@cache
def seed_picture(number: int) -> bytes:
    image_format, mode, options = VARIANTS[number]
    image = pictures.photo_of_mode(mode, 211, 157)
    options = dict(options)
    if options.pop("animated", False):
        options |= {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
    return pictures.saved(image, image_format, **options)


def bytes_of(case: int) -> bytes:
    random = Random(case)
    number, kind = case % len(VARIANTS), case // len(VARIANTS) % 20
    if kind == STUFFED:
        name = random.choice(list(GENERATORS))
        return GENERATORS[name](int(10 ** random.uniform(2, math.log10(MAX_UPLOAD_BYTES))))
    if kind in STRUCTURAL:
        return damaged(seed_picture(number), VARIANTS[number][0], random)
    return mutated(seed_picture(number), random)


def mutated(picture: bytes, random: Random) -> bytes:
    """Half of the damage hits the first 600 bytes, where headers are."""
    data = bytearray(picture)
    for _ in range(random.choice((1, 1, 2, 3, 8, 40))):
        end = len(data) if random.random() < 0.5 else min(600, len(data))
        at = random.randrange(4, max(5, end))
        kind = random.randrange(7)
        if kind == 0:
            data[at : at + 1] = bytes((random.randrange(256),))
        elif kind == 1:
            data[at : at + 1] = bytes(
                (data[at] ^ (1 << random.randrange(8)) if at < len(data) else 0,)
            )
        elif kind == 2:
            size = random.choice((1, 2, 4))
            data[at : at + size] = bytes((random.choice(INTERESTING),)) * size
        elif kind == 3:
            del data[at : at + random.choice((1, 4, 64, 1000))]
        elif kind == 4:
            data[at:at] = random.randbytes(random.choice((1, 4, 64)))
        elif kind == 5:
            size = random.choice((4, 30, 300))
            start = random.randrange(max(1, len(data)))
            data[at : at + size] = data[start : start + size]
        else:
            del data[max(5, random.randrange(len(data))) :]
        if len(data) < 8:
            break
    return bytes(data)


def run(case: int) -> str:
    """Returns "thumbnails" or a failure reason; any other exception of the engine propagates."""
    data = bytes_of(case)
    try:
        rendition = make_thumbnails(Body(data), (64, 32))
    except UnusableImage as exc:
        return exc.reason
    assert rendition.thumbnails.keys() == {32, 64}
    return "thumbnails"


def run_batch(first: int, last: int) -> None:
    """Print each case before it runs, and a summary at the end."""
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    slowest, slowest_case = 0.0, first
    for case in range(first, last):
        print(case, flush=True)
        start = _cpu_seconds()
        try:
            outcomes[run(case)] += 1
        except Exception as exc:
            outcomes[f"UNEXPECTED {type(exc).__name__} in case {case}: {exc}"] += 1
        seconds = _cpu_seconds() - start
        if seconds > slowest:
            slowest, slowest_case = seconds, case
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    memory = max(resource.getrusage(who).ru_maxrss * 1024 for who in both)
    print(json.dumps({"outcomes": outcomes, "slowest": (slowest, slowest_case), "memory": memory}))


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=32_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--batch", type=int, nargs=2, metavar=("FIRST", "LAST"))
    options = parser.parse_args()
    if options.batch:
        run_batch(*options.batch)
        return 0
    outcomes: Counter[str] = Counter()
    slowest, memory, start = (0.0, 0), 0, time.monotonic()
    for first in range(options.first, options.first + options.count, BATCH):
        last = min(first + BATCH, options.first + options.count)
        command = [sys.executable, "-m", "tools.fuzz", "--batch", str(first), str(last)]
        batch = subprocess.run(command, capture_output=True, text=True, timeout=3600)
        lines = batch.stdout.splitlines()
        if batch.returncode != 0 or not lines:
            outcomes[f"CRASH {batch.returncode} in case {lines[-1] if lines else first}"] += 1
            continue
        summary = json.loads(lines[-1])
        outcomes.update(summary["outcomes"])
        slowest = max(slowest, tuple(summary["slowest"]))
        memory = max(memory, summary["memory"])
    for outcome, count in outcomes.most_common():
        print(f"{count:7} {outcome}")
    print(
        f"{options.count} cases in {time.monotonic() - start:.0f} s; "
        f"slowest {slowest[0]:.2f} CPU s (case {slowest[1]}); peak memory {memory / 1e6:.0f} MB"
    )
    bad = any(outcome.startswith(("UNEXPECTED", "CRASH")) for outcome in outcomes)
    return int(bad or slowest[0] > MAX_CPU_SECONDS or memory > MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
