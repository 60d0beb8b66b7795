"""Scaling to the sizes that `engine.sizes` found."""

from PIL import Image

from resizer.engine.decode import REDUCING_GAP, Decoded

LANCZOS = Image.Resampling.LANCZOS
BICUBIC = Image.Resampling.BICUBIC


def scale_decoded(decoded: Decoded, size: tuple[int, int]) -> Image.Image:
    """The largest thumbnail, as stored and in the original's color space."""
    scaled = decoded.image.resize(size, LANCZOS, box=decoded.box, reducing_gap=REDUCING_GAP)
    return scaled.convert("RGBA") if scaled.mode == "RGBa" else scaled


def scale_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """From a larger, finished thumbnail: bicubic costs two thirds of Lanczos, loses little."""
    return image if image.size == size else image.resize(size, BICUBIC)
