"""EXIF orientation (Exif 3.0, tag 0x0112), applied to the thumbnails."""

from PIL import Image

from resizer.engine.exif import ORIENTATION, Directory

TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(exif: bytes) -> int:
    """1 to 8; 1 if the block has none or is malformed."""
    value = Directory(exif).short(ORIENTATION)
    return value if value in TRANSPOSE else 1


def swaps_sides(orientation: int) -> bool:
    return orientation >= 5


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    method = TRANSPOSE.get(orientation)
    return image if method is None else image.transpose(method)
