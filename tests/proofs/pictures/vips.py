"""`python vips.py FOLDER FILE …`: each file upright and in sRGB, by libvips, as a PNG in FOLDER.

Runs in the benchmarks' environment. A file that libvips cannot read is left out.
"""

import sys
from pathlib import Path

import pyvips  # type: ignore[import-not-found]


def main(folder: Path, files: list[Path]) -> None:
    for file in files:
        try:
            image = pyvips.Image.new_from_file(str(file)).autorot()
            if image.get_typeof("icc-profile-data"):
                image = image.icc_transform("srgb")
            image = image.colourspace("srgb").cast("uchar")
            image.write_to_file(str(folder / f"{file.name}.png"), compression=0, keep="none")
        except pyvips.Error as exc:
            print(f"{file.name}: {str(exc).splitlines()[0]}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
