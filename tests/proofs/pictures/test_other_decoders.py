"""Thumbnails against those of libvips and Chromium, which decode the same file at full size.

Their pictures are scaled as ours are, so that what they show is compared: decoding, orientation,
color and alpha. The files: pictures made here, and those of `../shared` if it is there.
`exceptions.toml` has the differences that were looked at, and why ours is right; one that is no
longer needed fails.
"""

import json
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from resizer.failures import UnusableImage
from tests import ROOT
from tests.integration.resizer.rendering import FINE, difference, pixels, render
from tests.integration.resizer.test_reported_pictures import CASES
from tests.proofs.pictures.made import made_pictures
from tools.chromium import CHROMIUM, shown_by_chromium

HERE = Path(__file__).parent
SHARED = ROOT.parent / "shared"
FOLDERS = [SHARED / "corpus", SHARED / "cases" / "pictures"]
NO_PICTURES = {".csv", ".json", ".md"}
PYTHON_WITH_VIPS = ROOT / ".venv-benchmarks" / "bin" / "python"
WIDTH = 400
MOST = 4.0  # levels of 255, on average
LEAST_COMPARED = 50
EXCEPTIONS: Mapping[str, Mapping[str, str]] = tomllib.loads((HERE / "exceptions.toml").read_text())
Size = tuple[int, int]
ReportTried = Callable[[str, int], None]


class Ours(NamedTuple):
    thumbnail: Image.Image
    full_size: Size


class Theirs(NamedTuple):
    scaled: Image.Image
    full_size: Size


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Ours]:
    """What the engine makes of each file that it does not reject."""
    made = tmp_path_factory.mktemp("made")
    reported = {f"like {name}": case.data() for name, case in CASES.items()}
    for name, data in {**made_pictures(), **reported}.items():
        (made / name).write_bytes(data)
    folders = [made, *(folder for folder in FOLDERS if folder.is_dir())]
    files = [file for folder in folders for file in sorted(folder.iterdir())]
    return {file: found for file in files for found in thumbnails(file)}


def thumbnails(file: Path) -> Iterator[Ours]:
    """One or, of a file that is no picture or that is rejected, none."""
    if file.suffix not in NO_PICTURES:
        try:
            rendition = render(file.read_bytes(), [WIDTH], encoding=FINE)
        except UnusableImage:
            return
        yield Ours(pixels(rendition.thumbnails[WIDTH]), (rendition.width, rendition.height))


def of_chromium(ours: Mapping[Path, Ours]) -> Iterator[tuple[Path, Theirs]]:
    shown = shown_by_chromium([file.read_bytes() for file in ours])
    for (file, found), image in zip(ours.items(), shown, strict=True):
        if image:
            size = found.thumbnail.size
            scaled = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
            yield file, Theirs(scaled, image.size)


def of_libvips(ours: Mapping[Path, Ours], folder: Path) -> Iterator[tuple[Path, Theirs]]:
    sizes = json.dumps({str(file): found.thumbnail.size for file, found in ours.items()})
    command = [str(PYTHON_WITH_VIPS), str(HERE / "vips.py"), str(folder)]
    done = subprocess.run(command, input=sizes, stdout=subprocess.PIPE, text=True, check=True)
    full_sizes = json.loads(done.stdout)
    for number, file in enumerate(ours):
        if str(file) in full_sizes:
            with Image.open(folder / f"{number}.png") as scaled:
                yield file, Theirs(scaled.convert("RGBA"), tuple(full_sizes[str(file)]))


def check(peer: str, ours: Mapping[Path, Ours], theirs: Iterator[tuple[Path, Theirs]]) -> list[str]:
    """What differs without a reviewed reason, in size or in levels on average."""
    differences = {}
    compared = []
    for file, other in theirs:
        compared.append(file.name)
        own = ours[file]
        levels = difference(own.thumbnail, other.scaled)
        if own.full_size != other.full_size:
            differences[file.name] = f"{own.full_size} instead of {other.full_size}"
        elif levels > MOST:
            differences[file.name] = f"{levels:.1f}"
    assert len(compared) >= LEAST_COMPARED
    excepted = EXCEPTIONS[peer]
    needless = [
        pattern
        for pattern in excepted
        if any(fnmatch(name, pattern) for name in compared)
        and not any(fnmatch(name, pattern) for name in differences)
    ]
    unexplained = {
        name: what
        for name, what in differences.items()
        if not any(fnmatch(name, pattern) for pattern in excepted)
    }
    return [f"{name}: {what}" for name, what in unexplained.items()] + [
        f"needless exception: {pattern}" for pattern in needless
    ]


def test_thumbnails_are_like_those_of_libvips(ours: dict[Path, Ours], tmp_path: Path) -> None:
    assert PYTHON_WITH_VIPS.exists(), "make .venv-benchmarks/made"
    found = check("libvips", ours, of_libvips(ours, tmp_path))
    assert not found, "\n".join(found)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_thumbnails_are_like_what_chromium_shows(ours: dict[Path, Ours]) -> None:
    found = check("chromium", ours, of_chromium(ours))
    assert not found, "\n".join(found)
