"""Real photos from the shared corpus, if it is available: it is not part of the product."""

import csv
import os
from pathlib import Path

import pytest

from tests import ROOT
from tests.integration.resizer.rendering import FINE, difference, pixels, reference, render

CORPUS = Path(os.environ.get("CORPUS", ROOT.parent / "shared" / "corpus"))
FILES = sorted(CORPUS.glob("*.*")) if CORPUS.is_dir() else []
PICTURES = [file for file in FILES if file.suffix not in {".csv", ".md"}]
TOLERANCE = 6.5  # levels of 255: foliage at full contrast is the worst, at 5.5

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not PICTURES, reason="the corpus is not here"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.mark.parametrize("file", PICTURES, ids=lambda file: file.name)
def test_a_real_photo_looks_like_its_full_decode(file: Path) -> None:
    data = file.read_bytes()
    rendition = render(data, encoding=FINE)
    for width, thumbnail in rendition.thumbnails.items():
        assert difference(pixels(thumbnail), reference(data, width)) < TOLERANCE


@pytest.mark.skipif(not (CORPUS / "MANIFEST.csv").exists(), reason="no manifest")
def test_size_and_format_are_those_of_the_manifest() -> None:
    with (CORPUS / "MANIFEST.csv").open(encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest))
    for row in rows:
        file = CORPUS / row["file"]
        rendition = render(file.read_bytes(), (200,))
        pixels_of_both = {rendition.width, rendition.height}
        assert pixels_of_both == {int(row["width"]), int(row["height"])}, row["file"]
