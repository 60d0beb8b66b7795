"""`python vips.py FOLDER < sizes.json`: pictures as libvips decodes them, scaled as ours are.

Runs in the benchmarks' environment. Reads `{path: [width, height]}` and writes `FOLDER/NUMBER.png`,
upright and in sRGB, for each path in order; prints `{path: [width, height]}` of the pictures at
full size. A file that libvips cannot read is left out.
"""

import json
import sys
from pathlib import Path

import pyvips  # type: ignore[import-not-found]  # not in the development environment
from PIL import Image


def decoded(path: str) -> Image.Image:
    image = pyvips.Image.new_from_file(path).autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb")
    image = image.colourspace("srgb").cast("uchar")
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[image.bands]
    return Image.frombytes(mode, (image.width, image.height), image.write_to_memory())


def main(folder: Path) -> None:
    found = {}
    for number, (path, size) in enumerate(json.load(sys.stdin).items()):
        try:
            image = decoded(path)
        except pyvips.Error as exc:
            print(f"{path}: {str(exc).splitlines()[0]}", file=sys.stderr)
            continue
        found[path] = image.size
        small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        small.save(folder / f"{number}.png")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
