"""Every pixel layout that a decoder can hand over becomes L, RGB, RGBA or CMYK, 8 bits a band."""

from PIL import Image

PLAIN_MODES = frozenset({"L", "RGB", "RGBA", "CMYK"})
WIDE_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})


def to_plain_mode(image: Image.Image) -> Image.Image:
    if image.mode in WIDE_MODES:
        image = _to_8_bits(image)
    if image.has_transparency_data and image.mode != "RGBA":  # palette, colour key, LA
        return image.convert("RGBA")
    if image.mode in PLAIN_MODES:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scaled: `convert` alone would clip everything above 255 to white.

    16 bits have a known range. 32-bit integers and floats have none: their own extremes are used.
    """
    low, high = 0.0, 65535.0
    if image.mode == "F" or (image.mode == "I" and image.getextrema()[1] > high):  # type: ignore[operator]
        low, high = image.getextrema()  # type: ignore[assignment]
    scale = 255.0 / max(high - low, 1e-9)
    return image.point(lambda value: value * scale + -low * scale).convert("L")
