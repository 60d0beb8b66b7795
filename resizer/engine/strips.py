"""Palettes, transparency and 16 bits, made plain and reduced a strip of rows at a time.

The whole picture is never held a second time, and a strip stays in the processor's cache.

Averaging transparent pixels needs premultiplied colour (RGBa), or what hides under them bleeds out.
That costs as much as the rest, and most pictures that have alpha use it nowhere or in a part: only
strips with a pixel that is not opaque pay for it.
"""

from PIL import Image

from resizer.engine.modes import to_plain_mode, without_opaque_alpha

STRIP_ROWS = 64


def reduce_in_strips(image: Image.Image, factor: tuple[int, int]) -> Image.Image:
    """By whole factors: to L, RGB or CMYK where every pixel is opaque, to RGBa if one is not."""
    rows = max(1, STRIP_ROWS // factor[1]) * factor[1]
    size = (-(-image.width // factor[0]), -(-image.height // factor[1]))
    reduced: Image.Image | None = None
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        strip = without_opaque_alpha(to_plain_mode(strip))
        strip = (strip.convert("RGBa") if strip.mode == "RGBA" else strip).reduce(factor)
        if reduced is None:
            reduced = Image.new(strip.mode, size)
        elif strip.mode == "RGBa" != reduced.mode:
            reduced = _premultiplied(reduced)
        elif reduced.mode == "RGBa" != strip.mode:
            strip = _premultiplied(strip)
        reduced.paste(strip, (0, top // factor[1]))
    assert reduced is not None, "a picture has at least one row"
    return reduced


def _premultiplied(opaque: Image.Image) -> Image.Image:
    return opaque.convert("RGBA").convert("RGBa")
