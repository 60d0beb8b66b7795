"""Thumbnails as files: JPEG if every pixel is opaque, WebP if one is not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal

from PIL import Image

FormatName = Literal["auto", "jpeg", "webp", "avif"]
CONTENT_TYPES = {"JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif"}
BACKGROUND = (255, 255, 255)  # behind a transparent picture that must become a JPEG


@dataclass(frozen=True, slots=True)
class Encoding:
    """How thumbnails are written; no setting changes the defaults.

    `formats` overrides `format` for individual widths.
    """

    format: FormatName = "auto"
    formats: Mapping[int, FormatName] = field(default_factory=dict)
    jpeg_quality: int = 80
    webp_quality: int = 80
    avif_quality: int = 60


def encode(image: Image.Image, encoding: Encoding, requested_width: int) -> tuple[bytes, str]:
    """File and content type of an L, RGB or RGBA image in sRGB."""
    name = _format_for(image, encoding.formats.get(requested_width, encoding.format))
    if name == "JPEG" and image.mode == "RGBA":
        image = _on_background(image)
    image.info = {}  # savers write the profile or the comment that they find there
    file = BytesIO()
    image.save(file, name, **_options(name, encoding))
    return file.getvalue(), CONTENT_TYPES[name]


def _format_for(image: Image.Image, wanted: FormatName) -> str:
    if wanted == "auto":
        return "WEBP" if image.mode == "RGBA" else "JPEG"
    return wanted.upper()


def _options(name: str, encoding: Encoding) -> dict[str, Any]:
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": encoding.jpeg_quality, "optimize": True, "subsampling": "4:2:0"},
        # Method 2 takes half the time of the default, 4, for 3% more bytes.
        "WEBP": {"quality": encoding.webp_quality, "method": 2},
        "AVIF": {"quality": encoding.avif_quality, "speed": 8},
    }
    return options[name]


def _on_background(image: Image.Image) -> Image.Image:
    flat = Image.new("RGB", image.size, BACKGROUND)
    flat.paste(image, mask=image)
    return flat
