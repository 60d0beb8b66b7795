"""The download: read on demand, and a failing source is never mistaken for a broken picture."""

import contextlib
import io
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.engine import formats
from resizer.engine.download import Download
from resizer.engine.errors import bad_bytes_are_unusable
from resizer.thumbnails import Limits, ShortRead, UnusableImage, make_thumbnails
from tools import pictures

FORMATS = [image_format.name for image_format in formats.FORMATS]


class Body(io.RawIOBase):
    """A forward-only body that counts what was read and can be made to fail."""

    def __init__(self, data: bytes, fail_after: int | None = None, most: int = 1 << 30) -> None:
        super().__init__()
        self.data = data
        self.fail_after = fail_after
        self.most = most
        self.read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size > 0, "an S3 body read without a limit would be read whole"
        if self.fail_after is not None and self.read_bytes >= self.fail_after:
            raise ConnectionResetError("the peer went away")
        part = self.data[self.read_bytes : self.read_bytes + min(size, self.most)]
        self.read_bytes += len(part)
        return part


@cache
def picture(image_format: str) -> bytes:
    image = pictures.photo(900, 700)
    noisy = image.copy()
    noisy.paste(pictures.noise(900, 350), (0, 350))
    return pictures.saved(noisy, image_format)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_body_read_in_small_parts_produces_the_same_thumbnails(image_format: str) -> None:
    data = picture(image_format)
    at_once = make_thumbnails(io.BytesIO(data), len(data), (200, 400))
    in_drops = make_thumbnails(Body(data, most=777), len(data), (200, 400))  # type: ignore[arg-type]
    assert in_drops == at_once


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_an_error_of_the_source_is_raised_unchanged(image_format: str, share: float) -> None:
    data = picture(image_format)
    body = Body(data, fail_after=int(len(data) * share), most=4096)
    with pytest.raises(ConnectionResetError, match="the peer went away"):
        make_thumbnails(body, len(data), (200, 400))  # type: ignore[arg-type]


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_a_body_that_ends_early_is_transient(image_format: str, share: float) -> None:
    data = picture(image_format)
    body = Body(data[: int(len(data) * share)], most=4096)
    with pytest.raises(ShortRead):
        make_thumbnails(body, len(data), (200, 400))  # type: ignore[arg-type]


def test_an_error_that_a_decoder_swallows_is_still_raised() -> None:
    download = Download(Body(b"abc", fail_after=0), 3)  # type: ignore[arg-type]
    with (
        pytest.raises(ConnectionResetError),
        bad_bytes_are_unusable(download),
        contextlib.suppress(OSError),
    ):
        download.read()


def test_an_error_that_a_decoder_rewraps_is_raised_unchanged() -> None:
    download = Download(Body(b"abc", fail_after=0), 3)  # type: ignore[arg-type]

    def decode() -> None:
        try:
            download.read()
        except OSError as exc:
            raise SyntaxError("not a picture") from exc

    with pytest.raises(ConnectionResetError), bad_bytes_are_unusable(download):
        decode()


@given(
    data=st.binary(max_size=300_000),
    steps=st.lists(st.tuples(st.integers(0, 300_000), st.integers(-1, 200_000)), max_size=8),
    most=st.integers(1, 100_000),
)
def test_a_download_reads_like_a_file(data: bytes, steps: list[tuple[int, int]], most: int) -> None:
    download, file = Download(Body(data, most=most), len(data)), io.BytesIO(data)  # type: ignore[arg-type]
    for offset, count in steps:
        assert download.seek(offset) == file.seek(offset)
        assert download.read(count) == file.read(count)
        assert download.tell() == file.tell()
    assert download.seek(0, io.SEEK_END) == len(data)
    assert download.whole() == data


def test_a_forward_only_download_drops_what_was_read() -> None:
    download = Download(Body(bytes(range(256)) * 4000), 1_024_000)  # type: ignore[arg-type]
    assert download.read(10) == bytes(range(10))
    download.seek(0)
    download.forward_only()
    assert download.read(3) == b"\0\1\2"
    download.seek(256_000)
    assert download.read(3) == b"\0\1\2"
    assert len(download._kept) <= 64 * 1024
    with pytest.raises(ValueError, match="cannot go back"):
        download.seek(256_002)


def test_bytes_after_the_picture_are_not_read() -> None:
    """A motion photo carries megabytes of video after the JPEG."""
    data = picture("JPEG")
    body = Body(data + bytes(4_000_000))
    make_thumbnails(body, len(body.data), (200, 400))  # type: ignore[arg-type]
    assert body.read_bytes < len(data) + 600_000


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_too_many_pixels_are_rejected_from_the_header(image_format: str) -> None:
    data = picture(image_format)
    body = Body(data)
    with pytest.raises(UnusableImage, match="too_many_pixels"):
        make_thumbnails(body, len(data), (200,), Limits(max_pixels=1000))  # type: ignore[arg-type]
    assert body.read_bytes <= 64 * 1024 < len(data)
