"""Pictures made by code, so that no test needs a file."""

import io
from typing import Any

from PIL import Image, ImageDraw


def picture(width: int, height: int, color: str = "#c04020", mode: str = "RGB") -> Image.Image:
    """A picture whose top left quarter is white, so that one sees which way is up."""
    image = Image.new(mode, (width, height), color)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill="white")
    return image


def jpeg(width: int = 600, height: int = 400, color: str = "#c04020", **options: Any) -> bytes:
    output = io.BytesIO()
    picture(width, height, color).save(output, "JPEG", **options)
    return output.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
