"""Thumbnails against libvips and Chromium, which decode the same file at full size.

Their pictures are scaled as ours are, so that only decoding, orientation and color are compared.
The files: pictures made here, and those of `../shared` where it lies beside the repository.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from resizer.engine.encode import Encoding
from resizer.failures import UnusableImage
from tests import ROOT
from tests.integration.resizer.rendering import pixels, render
from tests.proofs.pictures.chromium import CHROMIUM, screenshot
from tests.proofs.pictures.made import made_pictures

SHARED = ROOT.parent / "shared"
PYTHON_WITH_VIPS = ROOT / ".venv-benchmarks" / "bin" / "python"
WIDTH = 400
MOST = 4.0  # levels of 255, on average
FINE = Encoding(format="avif", avif_quality=100)  # 4:4:4 would be chosen by edges only
SHOWN = frozenset({".jpg", ".png", ".gif", ".bmp", ".webp", ".avif"})  # by Chromium
BROWSERS = 2  # at once
LARGEST_SCREENSHOT = 7_000_000  # pixels
EXCEPTIONS: Mapping[str, Mapping[str, str]] = json.loads(
    (Path(__file__).parent / "exceptions.json").read_text()
)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("made")
    for name, data in made_pictures().items():
        (folder / name).write_bytes(data)
    shared = [SHARED / "corpus", SHARED / "cases" / "pictures"]
    folders = [folder, *(path for path in shared if path.is_dir())]
    skipped = {".csv", ".json", ".md"}
    return [
        file for path in folders for file in sorted(path.iterdir()) if file.suffix not in skipped
    ]


@cache
def ours(file: Path) -> tuple[Image.Image, tuple[int, int]] | None:
    """The thumbnail and the upright size; None if the picture is refused."""
    try:
        rendition = render(file.read_bytes(), [WIDTH], encoding=FINE)
    except UnusableImage:
        return None
    return pixels(rendition.thumbnails[WIDTH]), (rendition.width, rendition.height)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean of the worst channel, in levels of 255; both on white."""
    flat = [on_white(image) for image in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*flat)).mean)


def on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def compared(peer: str, pairs: Iterable[tuple[Path, Path]]) -> tuple[int, list[str]]:
    """How many were compared, and what differs without a reviewed reason."""
    count, wrong = 0, []
    for file, png in pairs:
        found = ours(file)
        if found is None or not png.exists():
            continue
        count += 1
        with Image.open(png) as opened:
            theirs = scaled(opened.crop((0, 0, *found[1])), found[0].size)
        levels = difference(found[0], theirs)
        if levels > MOST and not any(fnmatch(file.name, name) for name in EXCEPTIONS[peer]):
            wrong.append(f"{file.name}: {levels:.1f}")
    return count, wrong


def test_thumbnails_are_like_those_of_libvips(files: list[Path], tmp_path: Path) -> None:
    script = Path(__file__).parent / "vips.py"
    command = [str(PYTHON_WITH_VIPS), str(script), str(tmp_path), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True)
    count, wrong = compared("libvips", ((file, tmp_path / f"{file.name}.png") for file in files))
    print(f"compared with libvips: {count}")
    assert count > 20
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_thumbnails_are_like_what_chromium_shows(files: list[Path], tmp_path: Path) -> None:
    def shot(file: Path) -> tuple[Path, Path]:
        found = ours(file)
        assert found
        return file, screenshot(file, found[1], tmp_path)

    shown = [file for file in files if file.suffix in SHOWN and _fits_a_screen(file)]
    with ThreadPoolExecutor(BROWSERS) as threads:
        count, wrong = compared("chromium", threads.map(shot, shown))
    print(f"compared with Chromium: {count}")
    assert count > 20
    assert not wrong, "\n".join(wrong)


def _fits_a_screen(file: Path) -> bool:
    found = ours(file)
    return found is not None and found[1][0] * found[1][1] <= LARGEST_SCREENSHOT
