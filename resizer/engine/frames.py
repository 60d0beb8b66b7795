"""AVIF and WebP frames as strips of the decoder's own output.

Their Pillow plugins copy the decoded bytes into an image: 4 more bytes a pixel, and as much time as
the reduction takes. Here the bytes come straight from the plugin's decoder. `_decoder` is not
public in Pillow; any test of an AVIF or WebP picture would notice a change.
"""

from collections.abc import Iterator

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile


def frame_strips(image: Image.Image, rows: int) -> Iterator[Image.Image]:
    """Strips of the first frame."""
    decoder = image._decoder  # type: ignore[attr-defined]
    if isinstance(image, WebPImageFile):
        frame, raw_mode = decoder.get_next(), image.rawmode
    else:
        frame, raw_mode = decoder.get_frame(0), image.mode
    if frame is None:
        raise OSError("failed to decode the first frame")
    data = memoryview(frame[0])
    row_bytes = image.width * len(raw_mode)  # L, RGB, RGBA or RGBX, 8 bits each
    for top in range(0, image.height, rows):
        size = (image.width, min(rows, image.height - top))
        part = data[top * row_bytes : (top + size[1]) * row_bytes]
        # Pillow turns any buffer into a memoryview, which its annotation omits.
        yield Image.frombuffer(image.mode, size, part, "raw", raw_mode, 0, 1)  # type: ignore[arg-type]
