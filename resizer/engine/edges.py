"""Does a thumbnail have edges of color that 4:2:0 would smear, as pixel art and charts do?

In a scaled photo, hardly two neighbors differ in color by a quarter of the range. A drawing or a
screenshot is told by neighbors of equal brightness; scaled, its edges are softer. Rows and columns
are sampled: 0.2 ms for 400 x 300 pixels.
"""

from PIL import Image, ImageChops

SAMPLED_LINES = 32  # rows, and as many columns
# Levels of Cb or Cr from one pixel to the next, and how many such steps show, of those between
# pixels whose color differs at all. See benchmarks/RESULTS.md.
HARD_STEP, HARD_SHARE = 64, 0.003  # photos: at most 0.25 %
SOFT_STEP, SOFT_SHARE = 32, 0.015  # only in drawings: a map 5 %, a screenshot of code 1.8 %
DRAWN_SHARE = 0.4  # of all neighbors; photos: mostly below 0.3
VISIBLE = 128  # of 255: what lies under transparent pixels does not count


def has_hard_color_edges(image: Image.Image) -> bool:
    """For an L, RGB or RGBA image."""
    if image.mode == "L":
        return False
    width, height = image.size
    rows = image.resize((width, min(height, SAMPLED_LINES)), Image.Resampling.NEAREST)
    columns = image.resize((min(width, SAMPLED_LINES), height), Image.Resampling.NEAREST)
    steps = [a + b for a, b in zip(_steps(rows, 1, 0), _steps(columns, 0, 1), strict=True)]
    light, color = steps[:256], [b + r for b, r in zip(steps[256:512], steps[512:], strict=True)]
    differing = sum(color[1:])
    if sum(color[HARD_STEP:]) > HARD_SHARE * differing:
        return True
    is_drawn = light[0] > DRAWN_SHARE * sum(light)
    return is_drawn and sum(color[SOFT_STEP:]) > SOFT_SHARE * differing


def _steps(image: Image.Image, right: int, below: int) -> list[int]:
    """How many pixels differ by how much from a neighbor: a histogram each of Y, Cb and Cr."""
    width, height = image.size
    if width <= right or height <= below:
        return [0] * 768
    first, second = (0, 0, width - right, height - below), (right, below, width, height)
    color = image.convert("YCbCr")
    steps = ImageChops.difference(color.crop(first), color.crop(second))
    visible = None
    if image.mode == "RGBA":
        alpha = image.getchannel("A").point(lambda level: 255 * (level >= VISIBLE))
        visible = ImageChops.darker(alpha.crop(first), alpha.crop(second))
    return steps.histogram(visible)
