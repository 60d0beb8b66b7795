"""Every pixel layout that a decoder can return becomes L, RGB, RGBA or CMYK, 8 bits per band."""

from PIL import Image

OPAQUE_MODES = frozenset({"L", "RGB", "CMYK"})
SIXTEEN_BITS = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", *SIXTEEN_BITS})
WITHOUT_RANGE = frozenset({"I", "F"})


def is_plain_and_opaque(image: Image.Image) -> bool:
    return image.mode in OPAQUE_MODES and not image.has_transparency_data


def to_plain_mode(image: Image.Image) -> Image.Image:
    """Deeper bands are scaled to 8 bits: `convert` would clip everything above 255 to white."""
    if image.mode in SIXTEEN_BITS:
        if image.mode == "I;16B":  # Pillow has no point operation for it
            image = image.convert("I")
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "La":
        return image.convert("LA").convert("RGBA")
    if image.has_transparency_data and image.mode != "RGBA":  # palette, color key, LA
        return image.convert("RGBA")
    if image.mode in OPAQUE_MODES or image.mode == "RGBA":
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def without_opaque_alpha(image: Image.Image) -> Image.Image:
    """RGBA to RGB if every pixel is opaque; other modes as they are."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def stretch(image: Image.Image) -> Image.Image:
    """32-bit integers and floats have no fixed range: the picture's extremes become 0 and 255."""
    if image.mode not in WITHOUT_RANGE:
        return image
    low, high = map(float, image.getextrema())  # type: ignore[arg-type]  # one band
    if image.mode == "I" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0  # 16 bits, which Pillow opened as 32
    scale = 255.0 / max(high - low, 1e-9)
    return image.point(lambda value: value * scale + -low * scale).convert("L")
