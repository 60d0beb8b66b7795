"""EXIF orientation (Exif 3.0, tag 0x0112): read from the raw block, applied to the thumbnails.

Pillow's own EXIF reader parses every tag of every directory; we need one number from the first.
"""

from PIL import Image

ORIENTATION_TAG = 0x0112
SHORT = 3
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
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 1

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)  # type: ignore[arg-type]

    directory = number(4, 4)
    for index in range(number(directory, 2)):
        entry = directory + 2 + 12 * index
        if entry + 12 > len(tiff):
            break
        if number(entry, 2) == ORIENTATION_TAG:
            value = number(entry + 8, 2)
            return value if number(entry + 2, 2) == SHORT and value in TRANSPOSE else 1
    return 1


def swaps_sides(orientation: int) -> bool:
    return orientation >= 5


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    method = TRANSPOSE.get(orientation)
    return image if method is None else image.transpose(method)
