"""From the bytes of one original to its thumbnails, placeholder, color and size.

No network of its own and no environment; the clock only ends a decode that takes too long. Only
`resizer.engine` knows Pillow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from resizer.engine.color import to_srgb
from resizer.engine.decode import decode_small, open_original
from resizer.engine.download import Download
from resizer.engine.encode import Encoding, encode
from resizer.engine.errors import ShortRead, UnusableImage, bad_bytes_are_unusable
from resizer.engine.formats import HEADER_BYTES, Format, identify
from resizer.engine.isolation import in_child
from resizer.engine.limits import Limits
from resizer.engine.orientation import turn_upright
from resizer.engine.scale import scale_decoded, scale_thumbnail, sizes
from resizer.engine.summary import dominant_color, placeholder, shrink

__all__ = [
    "Encoding",
    "Limits",
    "Rendition",
    "ShortRead",
    "Thumbnail",
    "UnusableImage",
    "make_thumbnails",
]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One file. Its width is the requested one, or the original's if that is smaller."""

    width: int
    height: int
    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """Everything made from one original. Width and height are the original's, upright."""

    content_type: str
    width: int
    height: int
    thumbnails: dict[int, Thumbnail]  # by requested width
    placeholder: str
    color: str


def make_thumbnails(
    source: BinaryIO,
    size: int,
    widths: Sequence[int],
    limits: Limits = Limits(),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
) -> Rendition:
    """Read `size` bytes from the forward-only `source` and make a thumbnail of each width.

    Raises `UnusableImage` if the bytes can never become a thumbnail (permanent), `ShortRead` if the
    body ends early, and whatever `source.read` raises, unchanged (both transient).
    """
    limits.check_bytes(size)
    download = Download(source, size)
    image_format = identify(download.read(HEADER_BYTES))
    if not image_format.isolated:
        return _render(download, image_format, widths, limits, encoding)
    download.whole()  # the child must not read from the parent's connection
    image_format.load_plugin()  # or wait for an import lock that another thread held at the fork
    return in_child(
        lambda: _render(download, image_format, widths, limits, encoding),
        limits.decode_seconds,
        limits.decode_memory_bytes,
    )


def _render(
    download: Download,
    image_format: Format,
    widths: Sequence[int],
    limits: Limits,
    encoding: Encoding,
) -> Rendition:
    """All steps: header, limits, small decode, scale, sRGB, orientation, encode."""
    with bad_bytes_are_unusable(download):
        original = open_original(download, image_format, limits)
        decoded = decode_small(original, max(widths))
    width, height = original.upright_size

    targets = sizes((width, height), widths)
    image = scale_decoded(decoded, original.turned(targets[0].size))
    image = turn_upright(to_srgb(image, original.icc), original.orientation)

    thumbnails: dict[int, Thumbnail] = {}
    for target in targets:
        image = scale_thumbnail(image, target.size)
        data, content_type = encode(image, encoding, target.requested)
        thumbnails[target.requested] = Thumbnail(*image.size, data, content_type)

    tiny = shrink(image)
    return Rendition(
        content_type=image_format.content_type,
        width=width,
        height=height,
        thumbnails=thumbnails,
        placeholder=placeholder(tiny),
        color=dominant_color(tiny),
    )
