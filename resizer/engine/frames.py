"""AVIF and WebP frames as strips of the decoder's own output.

Their Pillow plugins copy the decoded bytes into an image: 4 more bytes a pixel, and as much time as
the reduction takes. The bytes are fetched from the plugin's decoder here instead. `_decoder` is not
Pillow's public interface; the tests of every AVIF and WebP picture would see it change.
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
        # Pillow's annotation leaves out memoryview, which is what it makes of any buffer.
        yield Image.frombuffer(image.mode, size, part, "raw", raw_mode, 0, 1)  # type: ignore[arg-type]
