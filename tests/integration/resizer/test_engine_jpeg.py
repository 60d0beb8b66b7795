import pytest
from PIL.JpegImagePlugin import JpegImageFile

from resizer.engine.body import Body
from resizer.engine.jpeg import decode_jpeg
from resizer.engine.limits import Limits
from tools import pictures


@pytest.mark.parametrize(
    ("ratio", "width"),
    [(1.0, 640), (1.9, 640), (2.0, 320), (3.9, 320), (4.0, 160), (7.9, 160), (8.0, 80), (99.0, 80)],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_large_enough(
    ratio: float, width: int
) -> None:
    data = pictures.saved(pictures.photo(640, 480), "JPEG")
    body = Body(data)
    image = JpegImageFile(body)  # type: ignore[arg-type]
    assert decode_jpeg(image, body, ratio, Limits()).image.width == width
