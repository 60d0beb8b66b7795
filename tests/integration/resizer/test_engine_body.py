"""The body as a file: it waits for the bytes that are read, and for no others."""

import io
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.engine import formats
from resizer.engine.body import Body
from resizer.engine.limits import Limits
from resizer.failures import UnusableImage
from resizer.thumbnails import make_thumbnails
from tools import pictures

FORMATS = [image_format.name for image_format in formats.FORMATS]


class Awaited:
    """Records how far the body was needed, and fills the buffer only that far."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._buffer = bytearray(len(data))
        self.end = 0
        self.body = Body(memoryview(self._buffer), self._wait_for)

    def _wait_for(self, end: int) -> None:
        self.end = max(self.end, end)
        self._buffer[: self.end] = self._data[: self.end]


@cache
def picture(image_format: str) -> bytes:
    image = pictures.photo(900, 700)
    noisy = image.copy()
    noisy.paste(pictures.noise(900, 350), (0, 350))
    return pictures.saved(noisy, image_format)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_body_that_is_still_arriving_produces_the_same_thumbnails(image_format: str) -> None:
    data = picture(image_format)
    arriving = make_thumbnails(Awaited(data).body, (200, 400))
    assert arriving == make_thumbnails(Body(data), (200, 400))


@given(
    data=st.binary(max_size=3000),
    steps=st.lists(st.tuples(st.integers(0, 3000), st.integers(-1, 2000)), max_size=8),
)
def test_a_body_reads_like_a_file(data: bytes, steps: list[tuple[int, int]]) -> None:
    body, file = Awaited(data).body, io.BytesIO(data)
    for offset, count in steps:
        assert body.seek(offset) == file.seek(offset)
        assert body.read(count) == file.read(count)
        assert body.tell() == file.tell()
    assert body.seek(0, io.SEEK_END) == len(data)
    assert body.whole() == data


def test_nothing_is_before_the_body() -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        Body(b"abc").seek(-1)


def test_bytes_after_the_picture_are_not_awaited() -> None:
    """A motion photo carries megabytes of video after the JPEG."""
    data = picture("JPEG")
    awaited = Awaited(data + bytes(4_000_000))
    make_thumbnails(awaited.body, (200, 400))
    assert awaited.end < len(data) + 600_000


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_too_many_pixels_are_rejected_from_the_header(image_format: str) -> None:
    data = picture(image_format)
    awaited = Awaited(data)
    with pytest.raises(UnusableImage, match="too_many_pixels"):
        make_thumbnails(awaited.body, (200,), Limits(max_pixels=1000))
    assert awaited.end <= 64 * 1024 < len(data)
