"""Each engine in the comparison as one call: the file's bytes in, encoded thumbnails out."""

import importlib
import json
import resource
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageOps

from resizer.engine.body import Body
from resizer.engine.limits import Limits
from resizer.thumbnails import make_thumbnails

WIDTHS = (400, 200)
SHARP = Path(__file__).parent / "sharp"
LIMITS = Limits(max_pixels=120_000_000)
Engine = Callable[[Path], float]  # seconds of CPU

pillow_heif.register_heif_opener()


def cpu_seconds() -> float:
    """User and system time of this process and of its ended children."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def timed(work: Callable[[bytes], object]) -> Engine:
    def run(path: Path) -> float:
        data = path.read_bytes()
        start = cpu_seconds()
        work(data)
        return cpu_seconds() - start

    return run


def ours(data: bytes) -> object:
    return make_thumbnails(Body(data), WIDTHS, LIMITS)


def tutorial_thumbnail(data: bytes) -> list[bytes]:
    """`thumbnail` for each width, with orientation: what the better tutorials show."""
    files = []
    for width in WIDTHS:
        image = ImageOps.exif_transpose(Image.open(BytesIO(data)))
        image.thumbnail((width, width * 4))
        files.append(_saved(image))
    return files


def tutorial_resize(data: bytes) -> list[bytes]:
    """`resize` for each width after a full decode: what the others show."""
    files = []
    for width in WIDTHS:
        image: Image.Image = ImageOps.exif_transpose(Image.open(BytesIO(data)))
        height = max(1, round(image.height * width / image.width))
        files.append(_saved(image.resize((width, height), Image.Resampling.LANCZOS)))
    return files


def floor(data: bytes) -> list[bytes]:
    """libjpeg-turbo's own scaled decode and two encodes: no resize, no orientation, no color."""
    image = Image.open(BytesIO(data), formats=["JPEG"])
    image.decodermaxblock = len(data)
    scale = next((s for s in (8, 4, 2) if image.width >= WIDTHS[0] * s), 1)
    image.draft(None, (image.width // scale, image.height // scale))
    image.load()
    small = image.crop((0, 0, WIDTHS[0], round(WIDTHS[0] * image.height / image.width)))
    smaller = small.crop((0, 0, small.width // 2, small.height // 2))
    return [_saved(small, optimize=False), _saved(smaller, optimize=False)]


def _saved(image: Image.Image, optimize: bool = True) -> bytes:
    file = BytesIO()
    if image.has_transparency_data:
        image.convert("RGBA").save(file, "WEBP", quality=80)
    else:
        image.convert("RGB").save(file, "JPEG", quality=80, optimize=optimize)
    return file.getvalue()


def libvips() -> Callable[[bytes], object]:
    """One decode: 400 by shrink-on-load, 200 from the finished 400 in memory."""
    pyvips = importlib.import_module("pyvips")
    pyvips.cache_set_max(0)

    def run(data: bytes) -> list[bytes]:
        image = pyvips.Image.thumbnail_buffer(
            data, WIDTHS[0], height=100_000, size="down", export_profile="srgb"
        ).copy_memory()
        files = []
        for width in WIDTHS:
            small = image.thumbnail_image(width, height=100_000, size="down")
            kind = ".webp[Q=80,keep=none]" if small.hasalpha() else ".jpg[Q=80,keep=none]"
            files.append(small.write_to_buffer(kind))
        return files

    return run


class Sharp:
    """A Node process that returns a line for each line; it measures its own CPU time."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None or not (SHARP / "node_modules").is_dir():
            raise RuntimeError("Node or sharp is not installed: see benchmarks/RESULTS.md")
        self._process = subprocess.Popen(
            [node, "worker.mjs"],
            cwd=SHARP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, path: Path, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = {"path": str(path.resolve()), "widths": WIDTHS, **request}
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        response: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in response:
            raise ValueError(response["error"])
        return response

    def engine(self, mode: int) -> Engine:
        def run(path: Path) -> float:
            return float(self.ask(path, mode=mode, transparent=is_transparent(path))["cpu"])

        return run


def is_transparent(path: Path) -> bool:
    with Image.open(path) as image:
        if not image.has_transparency_data:
            return False
        return image.convert("RGBA").getchannel("A").getextrema() != (255, 255)


def available() -> dict[str, Engine]:
    """The installed engines by name, in the order of the report."""
    engines: dict[str, Engine] = {"ours": timed(ours)}
    try:
        sharp = Sharp()
        engines |= {"sharp 1": sharp.engine(1), "sharp 2": sharp.engine(2)}
    except RuntimeError as exc:
        print(f"without sharp: {exc}")
    try:
        engines["libvips"] = timed(libvips())
    except (ImportError, OSError) as exc:
        print(f"without libvips: {exc}")
    engines["thumbnail()"] = timed(tutorial_thumbnail)
    engines["resize()"] = timed(tutorial_resize)
    engines["floor"] = timed(floor)
    return engines
