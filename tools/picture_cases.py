"""Upload pictures whose right thumbnails are known, and compare what the system makes of them.

    python -m tools.picture_cases DIR                      starts a local run of its own
    python -m tools.picture_cases DIR --api URL --user NAME   (token in THUMBLINE_TOKEN)

`DIR/cases.json` is a list of `{"file", "contentType", "expect"}`. In `expect`: `rgb` and `alpha`
(levels of 255, within `tol`) of one pixel of the largest thumbnail, the middle one or, if `pixel`
is `tl`, the one at (1, 1); `size`, width and height of the upright picture; `or_error`, an error
that is right, too. Prints a line per case and exits with code 1 if any is wrong. The uploads are
deleted again.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tools.local_run import LocalRun
from tools.pictures import opened
from tools.uploader import Uploader

Expected = Mapping[str, Any]
Pixel = tuple[int, ...]


class _Client(Uploader):
    def __init__(self, client: httpx.Client) -> None:
        self.client = client


def main() -> int:
    options = _options()
    cases = json.loads((options.folder / "cases.json").read_text())
    wrong = 0
    with _system(options) as uploader:
        for case in cases:
            found, right = _outcome(uploader, options.user, options.folder, case)
            wrong += not right
            expected = "" if right else f" instead of {case['expect']}"
            verdict = "right" if right else "WRONG"
            print(f"{verdict}  {case['file']}: {found}{expected}", flush=True)
    print(f"{len(cases) - wrong} of {len(cases)} right")
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--api", help="URL of a running API; default: a local run of its own")
    parser.add_argument("--user", default="user_cases")
    return parser.parse_args()


@contextmanager
def _system(options: argparse.Namespace) -> Iterator[Uploader]:
    if options.api:
        token = os.environ.get("THUMBLINE_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=options.api, headers=headers, timeout=40) as client:
            yield _Client(client)
    else:
        with tempfile.TemporaryDirectory() as folder, LocalRun(Path(folder) / "run") as running:
            yield running


def _outcome(
    uploader: Uploader, user_id: str, folder: Path, case: Mapping[str, Any]
) -> tuple[str, bool]:
    """What became of one picture, and whether that is right."""
    name, expected = case["file"], case["expect"]
    data = (folder / name).read_bytes()
    image_id = uploader.upload(user_id, data, filename=name, contentType=case["contentType"])
    image = uploader.finished(user_id, image_id)
    try:
        if image["status"] == "failed":
            return str(image["error"]), image["error"] == expected.get("or_error")
        largest = max(image["thumbnails"], key=itemgetter("width"))
        thumbnail = opened(httpx.get(largest["url"], timeout=40).raise_for_status().content)
        size = [image["width"], image["height"]]
        pixel = _pixel(thumbnail.convert("RGBA"), expected)
        found = f"{size[0]} x {size[1]}, {pixel}{', partial' if image.get('partial') else ''}"
        return found, is_right(expected, size, pixel)
    finally:
        uploader.client.delete(f"/users/{user_id}/images/{image_id}")


def _pixel(thumbnail: Image.Image, expected: Expected) -> Pixel:
    middle = (thumbnail.width // 2, thumbnail.height // 2)
    at = (1, 1) if expected.get("pixel") == "tl" else middle
    pixel = thumbnail.getpixel(at)
    assert isinstance(pixel, tuple)
    return pixel


def is_right(expected: Expected, size: list[int], pixel: Pixel) -> bool:
    """Whether a finished picture of this size, with this pixel, is what is expected."""
    wanted = (*expected.get("rgb", pixel[:3]), expected.get("alpha", pixel[3]))
    far = max(abs(a - b) for a, b in zip(pixel, wanted, strict=True))
    return bool(expected.get("size", size) == size and far <= expected.get("tol", 0))


if __name__ == "__main__":
    raise SystemExit(main())
