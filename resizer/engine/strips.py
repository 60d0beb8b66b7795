"""A picture from strips of rows, each converted and reduced on its own, top to bottom.

So at most one copy of the whole frame is in memory, and a strip stays in the processor's cache.

Averaging transparent pixels needs premultiplied color (RGBa), or the hidden color bleeds out;
Pillow's `reduce` converts RGBA to it and back. That costs as much as the rest, and most pictures
with an alpha channel use it in few places or nowhere: only strips with a pixel that is not opaque
pay for it.
"""

from collections.abc import Iterable, Iterator

from PIL import Image

from resizer.engine.modes import to_plain_mode, without_opaque_alpha

STRIP_ROWS = 64


def rows_for(factor: int) -> int:
    """Rows per strip: a whole number of reduced rows."""
    return max(1, STRIP_ROWS // factor) * factor


def strips_of(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def reduce_strips(strips: Iterable[Image.Image], size: tuple[int, int], factor: int) -> Image.Image:
    """By a whole factor: L, RGB or CMYK where every pixel is opaque; if one is not, RGBa, or RGBA
    where nothing was averaged (`factor` 1). `size` is that of all strips together."""
    transparent = "RGBA" if factor == 1 else "RGBa"
    whole: Image.Image | None = None
    top = 0
    for raw in strips:
        strip = without_opaque_alpha(to_plain_mode(raw))
        if strip.mode == "RGBA" and factor > 1:
            strip = strip.convert("RGBa")
        strip = strip.reduce(factor) if factor > 1 else strip
        if whole is None:
            whole = Image.new(strip.mode, (-(-size[0] // factor), -(-size[1] // factor)))
        if transparent in {strip.mode, whole.mode}:
            strip, whole = _with_alpha(strip, transparent), _with_alpha(whole, transparent)
        whole.paste(strip, (0, top))
        top += strip.height
    assert whole is not None, "a picture has at least one row"
    return whole


def _with_alpha(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    image = image.convert("RGBA")
    return image if mode == "RGBA" else image.convert(mode)
