"""A cut JPEG, PNG, GIF or BMP is decoded as far as it goes, as browsers show it.

Which rows are really there is found by decoding twice: what is missing is invented differently each
time (what fills the frame before, what follows the last byte of a JPEG), so a row is there if both
agree on it. Decoders do not say it: libjpeg paints what is missing in gray, for instance.

Pillow's own switch for this, LOAD_TRUNCATED_IMAGES, holds for the whole process and says nothing
of rows.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from operator import sub
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from PIL import Image, ImageFile

from resizer.engine.body import Body
from resizer.engine.decode import EVERY_ROW, Decoded, Original, Rows, decode_small, open_original
from resizer.engine.errors import BAD_BYTES
from resizer.engine.formats import Format, PluginClass
from resizer.engine.limits import Limits
from resizer.engine.scans import with_end

CUT_FORMATS = frozenset({"JPEG", "PNG", "GIF", "BMP"})  # of the others, browsers show nothing
FILLS = (0, 255)  # of every channel
NEAREST = Image.Resampling.NEAREST

Extents = tuple[int, int, int, int]


class Pass(NamedTuple):
    """Of an interlaced picture: its first pixel, its steps, and what a pixel stands for so far."""

    left: int
    across: int
    top: int
    down: int
    block: tuple[int, int]


# PNG 3, section 8.2; GIF89a, appendix E
ADAM7 = (
    *(Pass(0, 8, 0, 8, (8, 8)), Pass(4, 8, 0, 8, (4, 8)), Pass(0, 4, 4, 8, (4, 4))),
    *(Pass(2, 4, 0, 4, (2, 4)), Pass(0, 2, 2, 4, (2, 2)), Pass(1, 2, 0, 2, (1, 2))),
    Pass(0, 1, 1, 2, (1, 1)),
)
GIF_PASSES = (
    *(Pass(0, 1, 0, 8, (1, 8)), Pass(0, 1, 4, 8, (1, 4))),
    *(Pass(0, 1, 2, 4, (1, 2)), Pass(0, 1, 1, 2, (1, 1))),
)


class CutFile(ImageFile.ImageFile):
    """Mixed into a plugin's class: loads what there is. The rest of the frame has `fill`."""

    fill: int
    is_coarse = False  # an interlaced picture that lacks passes
    _extents: Extents = (0, 0, 0, 0)
    _passes: tuple[Pass, ...] = ()  # of an interlaced picture
    _noise: Image.Image  # then: a row that no picture has, where nothing was decoded

    def load_prepare(self) -> None:
        super().load_prepare()
        _, extents, _, arguments = self.tile[0]
        self._extents = left, top, right, bottom = extents or (0, 0, *self.size)
        size = (right - left, bottom - top)
        if self.format == "PNG" and self.info.get("interlace"):
            self._passes = ADAM7
        elif self.format == "GIF" and arguments and arguments[1]:
            self._passes = GIF_PASSES
        if self._passes:
            self._noise = _noise(self.im.mode, size[0])
            before = self._noise.resize(size, NEAREST)
        else:
            before = self._filled(size)
        self.im.paste(before.im, self._extents)

    def load(self) -> Any:
        try:
            return super().load()
        except BAD_BYTES:
            if self.tile:
                self.load_end()
        self.tile = []
        return super().load()

    def load_end(self) -> None:
        if self._passes:
            self._fill_blocks()
        with suppress(*BAD_BYTES):  # of metadata behind the pixels
            super().load_end()

    def _fill_blocks(self) -> None:
        """Of an interlaced picture, each pixel is a block until the later passes are there."""
        frame = self._new(self.im).crop(self._extents)
        whole = self._filled(frame.size)
        for part in self._passes:
            pixels = _sampled(frame, part.left, part.across, part.top, part.down)
            if pixels is None:
                continue
            noise = _sampled(self._noise, part.left, part.across, 0, 1)
            assert noise is not None
            count = _count_unlike(noise.tobytes(), pixels)
            self.is_coarse = self.is_coarse or count < pixels.height
            if count == 0:
                break
            across, down = part.block
            blocks = _sampled(frame, 0, across, 0, down)
            assert blocks is not None
            blocks = blocks.resize((blocks.width * across, blocks.height * down), NEAREST)
            bottom = min(part.top + (count - 1) * part.down + down, frame.height)
            box = (0, 0, frame.width, bottom)
            whole.paste(blocks.crop(box), box)
        self.im.paste(whole.im, self._extents)

    def _filled(self, size: tuple[int, int]) -> Image.Image:
        mode = self.im.mode
        if mode == "P":
            return Image.new(mode, size, self._index() if self.fill else 0)
        if mode.startswith("I"):
            return Image.new(mode, size, 257 * self.fill)
        return Image.new(mode, size, (self.fill,) * Image.getmodebands(mode))

    def _index(self) -> int:
        """The color of the palette that differs most from the first."""
        colors = self.im.getpalette("RGB", "RGB")
        alpha = self.info.get("transparency", b"")
        if isinstance(alpha, int):
            alpha = b"\xff" * alpha + b"\0"
        alpha = alpha.ljust(256, b"\xff")
        shown = [
            (*(level * alpha[index] for level in colors[3 * index : 3 * index + 3]), alpha[index])
            for index in range(len(colors) // 3)
        ]
        unlike = [sum(map(abs, map(sub, color, shown[0]))) for color in shown]
        if not any(unlike):
            self.info["transparency"] = 0  # of one color, no row can be told from another
            return 0
        return unlike.index(max(unlike))


class Ending(NamedTuple):
    body: Body
    whole_scans: int = 0  # of a JPEG
    lacks_scans: bool = False


def decode_cut(
    body: Body, image_format: Format, limits: Limits, width: int
) -> tuple[Original, Decoded] | None:
    """None if less than `limits.min_decoded_share` of the rows is there.

    Raises what decoders raise on bad bytes, or `UnusableImage`.
    """
    if image_format.name not in CUT_FORMATS:
        return None
    first, second = (_ended(body, image_format, limits, invent) for invent in (False, True))
    # Made up, a later scan changes rows that are there without it.
    others = (second, first) if first.whole_scans else (second,)
    marks = [
        _marks(_decode(other.body, image_format, limits, width, FILLS[1])[1].image)
        for other in others
    ]
    original, decoded = _decode(first.body, image_format, limits, width, FILLS[0])
    ours = _marks(decoded.image)
    # The last bits of a progressive picture do not show in a scaled decode.
    shows_all = not first.whole_scans or decoded.image.size == original.size
    whole = ours == marks[0] and shows_all and not first.lacks_scans
    same = [one == other for one, other in zip(ours, marks[-1], strict=True)]
    top, bottom = _there(same, from_below=image_format.name == "BMP")
    if bottom - top < max(1, limits.min_decoded_share * len(same)):
        return None
    rows = (top / len(same), bottom / len(same))
    image = _extended(decoded.image, top, bottom)
    partial = not whole or getattr(original.file, "is_coarse", False)
    return original, replace(decoded, image=image, rows=rows, partial=partial)


def hide_missing(image: Image.Image, rows: Rows) -> Image.Image:
    """Make the rows that are not there transparent, as browsers do. `image` is as stored."""
    if rows == EVERY_ROW:
        return image
    top, bottom = (round(share * image.height) for share in rows)
    box = (0, top, image.width, max(bottom, top + 1))
    there = Image.new("L", image.size, 0)
    alpha = image.getchannel("A") if image.mode == "RGBA" else Image.new("L", image.size, 255)
    there.paste(alpha.crop(box), box)
    image = image.convert("RGB")
    image.putalpha(there)
    return image


def _ended(body: Body, image_format: Format, limits: Limits, invent: bool) -> Ending:
    if image_format.name != "JPEG":
        return Ending(body)
    data, whole_scans, lacks_scans = with_end(body.whole(), limits.max_segments, invent=invent)
    return Ending(Body(data), whole_scans, lacks_scans)


def _decode(
    body: Body, image_format: Format, limits: Limits, width: int, fill: int
) -> tuple[Original, Decoded]:
    def as_class(plugin: PluginClass) -> PluginClass:
        return type(plugin.__name__, (CutFile, plugin), {"fill": fill})

    original = open_original(body, image_format, limits, as_class)
    return original, decode_small(original, width)


def _marks(image: Image.Image) -> list[int]:
    """A number for each row, whose pixels may or may not have alpha."""
    rows = _rows(image)
    if image.mode in {"RGB", "RGBa"}:
        rows = (row.convert("RGBA") for row in rows)
    return [crc32(row.tobytes()) for row in rows]


def _there(same: list[bool], *, from_below: bool) -> tuple[int, int]:
    """The first row that is there, and the one after the last."""
    height = len(same)
    count = sum(1 for _ in takewhile(bool, same))
    if count == 0 and from_below:
        return height - sum(1 for _ in takewhile(bool, reversed(same))), height
    return 0, count


def _extended(image: Image.Image, top: int, bottom: int) -> Image.Image:
    """Repeat the outer rows that are there: what is scaled has no edge."""
    image = image.copy()
    for at, start, end in ((top, 0, top), (bottom - 1, bottom, image.height)):
        if end > start:
            row = image.crop((0, at, image.width, at + 1))
            image.paste(row.resize((image.width, end - start), NEAREST), (0, start))
    return image


def _count_unlike(row: bytes, image: Image.Image) -> int:
    """Rows from the top that are another one."""
    return sum(1 for _ in takewhile(lambda other: other.tobytes() != row, _rows(image)))


def _rows(image: Image.Image) -> Iterator[Image.Image]:
    for top in range(image.height):
        yield image.crop((0, top, image.width, top + 1))


def _sampled(image: Image.Image, left: int, across: int, top: int, down: int) -> Image.Image | None:
    """Every pixel of a grid; None if the picture is too small to have one."""
    size = (-(-(image.width - left) // across), -(-(image.height - top) // down))
    if min(size) < 1:
        return None
    # To the middle of each pixel, which is where `transform` looks.
    shift = (left + (1 - across) / 2, top + (1 - down) / 2)
    matrix = (across, 0, shift[0], 0, down, shift[1])
    return image.transform(size, Image.Transform.AFFINE, matrix, NEAREST)


def _noise(mode: str, width: int) -> Image.Image:
    numbers = Random(0)  # noqa: S311 - nothing secret
    return Image.frombytes(mode, (width, 1), numbers.randbytes(4 * width))
