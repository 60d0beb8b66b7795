"""SSIMULACRA2 of each engine's pixels before encoding; the reference: full decode and Lanczos."""

import importlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import fmean
from unittest import mock

from PIL import Image, ImageCms, ImageOps

from benchmarks.resize.engines import WIDTHS, Sharp, ours
from benchmarks.resize.pictures import Picture

Pixels = dict[int, Image.Image]
LEAST_PIXELS = 64  # the metric works on scales of 8 x 8 blocks


def reference(path: Path) -> Pixels:
    image: Image.Image = ImageOps.exif_transpose(Image.open(path))
    icc = image.info.get("icc_profile")
    image = image.convert("RGBA") if image.has_transparency_data else image
    image = image.convert("RGB") if image.mode in {"P", "I;16", "1"} else image
    full = {}
    for width in WIDTHS:
        width = min(width, image.width)
        height = max(1, round(image.height * width / image.width))
        small = on_white(image.resize((width, height), Image.Resampling.LANCZOS))
        full[width] = _to_srgb(small, icc)
    return full


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        srgb = ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB") or image
    return image.convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, (255, 255, 255))
    flat.paste(image, mask=image)
    return flat


@contextmanager
def captured() -> Iterator[Pixels]:
    """Collects what our engine passes to its encoder."""
    seen: Pixels = {}

    def encode(image: Image.Image, encoding: object, asked: int) -> tuple[bytes, str]:
        seen[image.width] = on_white(image.copy()).convert("RGB")
        return b"", ""

    with mock.patch("resizer.thumbnails.encode", encode):
        yield seen


def of_ours(path: Path) -> Pixels:
    with captured() as seen:
        ours(path.read_bytes())
    return seen


def of_sharp(sharp: Sharp, path: Path) -> Pixels:
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/pixels"
        sharp.ask(path, raw=target)
        seen = {}
        for width in WIDTHS:
            info = json.loads(Path(f"{target}.{width}.json").read_text(encoding="utf-8"))
            mode = "RGB" if info["channels"] == 3 else "L"
            data = Path(f"{target}.{width}").read_bytes()
            image = Image.frombytes(mode, (info["width"], info["height"]), data)
            seen[info["width"]] = image.convert("RGB")
        return seen


def of_libvips(path: Path) -> Pixels:
    pyvips = importlib.import_module("pyvips")
    seen = {}
    for width in WIDTHS:
        image = pyvips.Image.thumbnail(
            str(path), width, height=100_000, size="down", export_profile="srgb"
        )
        image = image.flatten(background=255) if image.hasalpha() else image
        data = image.colorspace("srgb").cast("uchar").write_to_memory()
        mode = "RGB" if image.bands == 3 else "L"
        made = Image.frombytes(mode, (image.width, image.height), data)
        seen[image.width] = made.convert("RGB")
    return seen


def score(one: Image.Image, other: Image.Image) -> float:
    metric = importlib.import_module("ssimulacra2")
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}.png" for name in ("reference", "made")]
        for image, path in zip((one, other), paths, strict=True):
            image.save(path, compress_level=1)
        return float(metric.compute_ssimulacra2(*paths))


def table(pictures: list[Picture]) -> list[str]:
    sharp = Sharp()
    engines: dict[str, Callable[[Path], Pixels]] = {
        "ours": of_ours,
        "sharp": lambda path: of_sharp(sharp, path),
        "libvips": of_libvips,
    }
    scores: dict[tuple[str, int], dict[str, float]] = {}
    for picture in pictures:
        wanted = reference(picture.path)
        if min(min(image.size) for image in wanted.values()) < LEAST_PIXELS:
            continue
        for name, engine in engines.items():
            for width, result in _scores(engine, picture, wanted).items():
                scores.setdefault((name, width), {})[picture.path.name] = result
    return _summary(scores, list(engines))


def _scores(engine: Callable[[Path], Pixels], picture: Picture, wanted: Pixels) -> dict[int, float]:
    try:
        made = engine(picture.path)
    except Exception as exc:  # a peer that cannot read the format gets no score
        print(f"{picture.path.name}: {str(exc).splitlines()[0][:90]}")
        return {}
    results = {}
    for width, image in wanted.items():
        same = made[width].resize(image.size) if made[width].size != image.size else made[width]
        results[width] = score(image, same)
    print(picture.path.name, {width: round(result, 1) for width, result in results.items()})
    return results


def _summary(scores: dict[tuple[str, int], dict[str, float]], names: list[str]) -> list[str]:
    """The scores over the files that every engine could read."""
    lines = ["| engine | width | files | mean | least | of |", "|---|---|---|---|---|---|"]
    for width in WIDTHS:
        common = set.intersection(*(set(scores.get((name, width), {})) for name in names))
        for name in names:
            of = {file: scores[name, width][file] for file in sorted(common)}
            least = min(of, key=lambda file: of[file])
            cells = (name, width, len(of), f"{fmean(of.values()):.1f}", f"{of[least]:.1f}", least)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines
