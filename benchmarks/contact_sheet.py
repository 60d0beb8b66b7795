"""Thumbnails before and after a change beside what Chromium shows, as one PNG to look at.

    python -m benchmarks.contact_sheet SHEET DIR … --before CHECKOUT

Each picture of the folders has a cell: the thumbnail of another checkout, that of this one, and
Chromium's picture scaled to its size, on a checkerboard. A rejected picture shows its reason.
"""

import argparse
import base64
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from tools.chromium import shown_by_chromium

ROOT = Path(__file__).parents[1]
SIDE, NAME_HEIGHT, GAP = 120, 14, 6  # pixels
COLUMNS = 4
NO_PICTURES = {".csv", ".json", ".md"}
# Runs in a checkout: a path a line on stdin, and a line on stdout with a file or a reason.
PROGRAM = """
import base64, json, sys
from resizer.engine.body import Body
from resizer.failures import UnusableImage
from resizer.thumbnails import make_thumbnails
for line in sys.stdin:
    try:
        with open(line.rstrip("\\n"), "rb") as file:
            made = make_thumbnails(Body(file.read()), [400]).thumbnails[400].data
        print(json.dumps({"data": base64.b64encode(made).decode()}), flush=True)
    except UnusableImage as exc:
        print(json.dumps({"reason": str(exc.reason)}), flush=True)
    except Exception as exc:
        print(json.dumps({"reason": type(exc).__name__}), flush=True)
"""

Cell = Image.Image | str  # a picture, or why there is none


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--before", type=Path, required=True, help="a checkout of the earlier code")
    options = parser.parse_args()
    files = [
        file
        for folder in options.folders
        for file in sorted(folder.iterdir())
        if file.is_file() and file.suffix not in NO_PICTURES
    ]
    cells = zip(
        files, thumbnails(options.before, files), thumbnails(ROOT, files), shown(files), strict=True
    )
    sheet([(file.name, others) for file, *others in cells]).save(options.sheet)


def thumbnails(checkout: Path, files: Sequence[Path]) -> Iterator[Cell]:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    lines = "".join(f"{file.resolve()}\n" for file in files)
    done = subprocess.run(
        command, cwd=checkout, input=lines, stdout=subprocess.PIPE, text=True, check=True
    )
    for line in done.stdout.splitlines():
        found = json.loads(line)
        yield (
            Image.open(BytesIO(base64.b64decode(found["data"])))
            if "data" in found
            else found["reason"]
        )


def shown(files: Sequence[Path]) -> Iterator[Cell]:
    for image in shown_by_chromium([file.read_bytes() for file in files]):
        if image:
            image.thumbnail((400, 400))
        yield image or "not shown"


def sheet(rows: Sequence[tuple[str, Sequence[Cell]]]) -> Image.Image:
    width = 3 * (SIDE + 2) + GAP
    height = SIDE + NAME_HEIGHT + GAP
    image = Image.new("RGB", (COLUMNS * width, math.ceil(len(rows) / COLUMNS) * height), "white")
    draw = ImageDraw.Draw(image)
    for number, (name, cells) in enumerate(rows):
        top, left = number // COLUMNS * height, number % COLUMNS * width
        draw.text((left, top), name[:60], fill="black")
        for place, cell in enumerate(cells):
            at = left + place * (SIDE + 2), top + NAME_HEIGHT
            if isinstance(cell, str):
                draw.text((at[0] + 4, at[1] + SIDE // 2), cell, fill="red")
            else:
                image.paste(on_checkerboard(cell), at)
    return image


def on_checkerboard(image: Image.Image) -> Image.Image:
    small = ImageOps.contain(image.convert("RGBA"), (SIDE, SIDE), Image.Resampling.BOX)
    board = Image.new("RGBA", small.size, "#ffffff")
    draw = ImageDraw.Draw(board)
    for y in range(0, small.height, 8):
        for x in range(y % 16, small.width, 16):
            draw.rectangle((x, y, x + 7, y + 7), fill="#d070d0")
    return Image.alpha_composite(board, small).convert("RGB")


if __name__ == "__main__":
    main()
