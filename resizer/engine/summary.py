"""What a page shows before the thumbnail arrives: a tiny picture in its markup, or one color."""

from base64 import b64encode
from io import BytesIO

from PIL import Image

PLACEHOLDER_PIXELS = 16  # the longer side
PLACEHOLDER_CHARACTERS = 400  # with the `data:` prefix
PREFIX = "data:image/webp;base64,"
OPAQUE_ENOUGH = 128
BIN_BITS = 3  # colors within 32 levels of each other count as one


def shrink(image: Image.Image) -> Image.Image:
    """The tiny picture that the placeholder and the color are made from."""
    return _fit(image, PLACEHOLDER_PIXELS)


def placeholder(tiny: Image.Image) -> str:
    """A `data:` URL for next/image's `blurDataURL`, at most 400 characters."""
    pixels = PLACEHOLDER_PIXELS
    while True:
        file = BytesIO()
        tiny.save(file, "WEBP", quality=40, method=0, alpha_quality=50)
        url = PREFIX + b64encode(file.getvalue()).decode("ascii")
        if len(url) <= PLACEHOLDER_CHARACTERS:
            return url
        pixels //= 2
        tiny = _fit(tiny, pixels)


def dominant_color(tiny: Image.Image) -> str:
    """`#rrggbb`: the mean of the most frequent group of similar, visible colors."""
    shift = 8 - BIN_BITS
    groups: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    bands = tiny.convert("RGBA").tobytes()
    for red, green, blue, alpha in zip(*(bands[band::4] for band in range(4)), strict=True):
        if alpha >= OPAQUE_ENOUGH:
            key = (red >> shift, green >> shift, blue >> shift)
            groups.setdefault(key, []).append((red, green, blue))
    if not groups:
        return "#000000"
    largest = max(groups.values(), key=len)
    mean = (round(sum(band) / len(largest)) for band in zip(*largest, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mean)


def _fit(image: Image.Image, pixels: int) -> Image.Image:
    scale = pixels / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)
