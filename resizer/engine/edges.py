"""Does a thumbnail have edges of color that 4:2:0 would smear, as pixel art and charts do?

In a scaled photo, hardly two neighbors differ in color by a quarter of the range. Rows and columns
are sampled: 0.2 ms for 400 x 300 pixels.
"""

from PIL import Image, ImageChops

SAMPLED_LINES = 32  # rows, and as many columns
HARD_STEP = 64  # levels of Cb or Cr from one pixel to the next
# Of the neighbors that differ in color at all. Photos: at most 0.25 %, one with a caption 0.3 %,
# charts 4 %, one red word in gray text 25 %: see benchmarks/RESULTS.md.
HARD_SHARE = 0.003
VISIBLE = 128  # of 255: what lies under transparent pixels does not count


def has_hard_color_edges(image: Image.Image) -> bool:
    """For an L, RGB or RGBA image."""
    if image.mode == "L":
        return False
    width, height = image.size
    rows = image.resize((width, min(height, SAMPLED_LINES)), Image.Resampling.NEAREST)
    columns = image.resize((min(width, SAMPLED_LINES), height), Image.Resampling.NEAREST)
    across, down = _steps(rows, 1, 0), _steps(columns, 0, 1)
    hard = sum(across[HARD_STEP:]) + sum(down[HARD_STEP:])
    return hard > HARD_SHARE * (sum(across[1:]) + sum(down[1:]))


def _steps(image: Image.Image, right: int, below: int) -> list[int]:
    """How many pixels differ by how much in Cb and in Cr from a neighbor, as a histogram."""
    width, height = image.size
    if width <= right or height <= below:
        return [0] * 256
    first, second = (0, 0, width - right, height - below), (right, below, width, height)
    color = image.convert("YCbCr")
    steps = ImageChops.difference(color.crop(first), color.crop(second))
    visible = None
    if image.mode == "RGBA":
        alpha = image.getchannel("A").point(lambda level: 255 * (level >= VISIBLE))
        visible = ImageChops.darker(alpha.crop(first), alpha.crop(second))
    counts = steps.histogram(visible)
    return [blue + red for blue, red in zip(counts[256:512], counts[512:], strict=True)]
