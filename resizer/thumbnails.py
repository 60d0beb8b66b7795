"""From the bytes of one original to its thumbnails, placeholder, color and size.

No network, no environment and no clock. Only `resizer.engine` knows Pillow. It runs in a worker
process: see `resizer.sandbox`.
"""

from collections.abc import Sequence

from resizer.engine.body import Body
from resizer.engine.color import to_srgb
from resizer.engine.decode import Decoded, Original, decode_small, open_original
from resizer.engine.encode import Encoding, encode
from resizer.engine.errors import BAD_BYTES, bad_bytes_are_unusable
from resizer.engine.exif import camera, taken_at
from resizer.engine.formats import HEADER_BYTES, Format, identify
from resizer.engine.limits import Limits
from resizer.engine.orientation import turn_upright
from resizer.engine.partial import decode_cut, hide_missing
from resizer.engine.scale import scale_decoded, scale_thumbnail
from resizer.engine.sizes import sizes
from resizer.engine.summary import dominant_color, placeholder, shrink
from resizer.rendition import Rendition, Thumbnail


def make_thumbnails(
    body: Body,
    widths: Sequence[int],
    limits: Limits = Limits(),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
) -> Rendition:
    """Make a thumbnail of each width: header, limits, small decode, scale, sRGB, upright, encode.

    Raises `UnusableImage` if the bytes can never become a thumbnail. MemoryError means that the
    decoder needed more than there is; any other exception is a defect of the engine.
    """
    image_format = identify(body.read(HEADER_BYTES))
    with bad_bytes_are_unusable():
        original, decoded = _decode(body, image_format, limits, max(widths))
    width, height = original.upright_size

    targets = sizes((width, height), widths)
    image = scale_decoded(decoded, original.turned(targets[0].size))
    image = hide_missing(to_srgb(image, decoded.colors), decoded.rows)
    image = turn_upright(image, original.orientation)

    thumbnails: dict[int, Thumbnail] = {}
    for target in targets:
        image = scale_thumbnail(image, target.size)
        data, content_type = encode(image, encoding, target.requested)
        thumbnails[target.requested] = Thumbnail(*image.size, data, content_type)

    tiny, exif = shrink(image), original.exif
    return Rendition(
        content_type=image_format.content_type,
        width=width,
        height=height,
        thumbnails=thumbnails,
        placeholder=placeholder(tiny),
        color=dominant_color(tiny),
        taken_at=taken_at(exif),
        camera=camera(exif),
        partial=decoded.partial,
    )


def _decode(
    body: Body, image_format: Format, limits: Limits, width: int
) -> tuple[Original, Decoded]:
    """Strictly; as far as it goes if that fails."""
    original = open_original(body, image_format, limits)
    try:
        return original, decode_small(original, width)
    except BAD_BYTES:
        del original  # and its frame
        cut = decode_cut(body, image_format, limits, width)
        if cut is None:
            raise
        return cut
