"""Where a default must be repeated, it is the same, and it is repeated nowhere else."""

import re

from contract.settings import MAX_UPLOAD_BYTES, THUMBNAIL_WIDTHS
from tests import ROOT

EXAMPLE = ROOT / "examples" / "nextjs"
SOURCES = [
    *(path for path in ROOT.iterdir() if path.is_file()),
    *(
        path
        for folder in ("api", "contract", "docs", "local", "resizer")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".html", ".json", ".md", ".py", ".yaml", ".yml"}
    ),
    *(
        path
        for folder in ("app", "components", "lib", "scripts", ".")
        for path in (EXAMPLE / folder).glob("**/*" if folder != "." else "*")
        if path.is_file()
    ),
]


def places(pattern: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(pattern, path.read_text(errors="replace"))
    }


def test_the_example_front_end_has_the_apis_largest_upload() -> None:
    text = (EXAMPLE / "lib" / "settings.ts").read_text()
    (found,) = re.findall(r"DEFAULT_MAX_UPLOAD_BYTES = ([0-9_]+);", text)
    assert int(found) == MAX_UPLOAD_BYTES.default


def test_the_example_front_end_requests_the_default_widths() -> None:
    text = (EXAMPLE / "next.config.ts").read_text()
    found = re.findall(r"(?:image|device)Sizes: \[([0-9, ]+)\]", text)
    assert THUMBNAIL_WIDTHS.rule(",".join(found)) == THUMBNAIL_WIDTHS.default


def test_the_largest_upload_is_written_in_few_places() -> None:
    assert places(r"\b50_?000_?000\b") == {
        *("contract/settings.py", "template.yaml"),
        *("README.md", "docs/deploy.md", "docs/openapi.json"),
        "examples/nextjs/lib/settings.ts",
    }


def test_the_widths_are_written_in_few_places() -> None:
    assert places(r"\b200, ?400\b") == {
        *("contract/settings.py", "template.yaml"),
        *("README.md", "docs/deploy.md"),
    }
