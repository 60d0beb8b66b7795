"""Contract, engine and both front ends accept the same formats."""

import re

import pytest

from contract.formats import CONTENT_TYPES
from contract.record import Reason
from resizer.engine.formats import FORMATS, identify
from resizer.engine.limits import Limits
from resizer.failures import UnusableImage
from tests import ROOT

CONTENT_TYPE = re.compile(r"image/[a-z]+")
FRONT_END = (ROOT / "examples/nextjs/lib/image-type.ts").read_text()
LOCAL_PAGE = (ROOT / "local/page.html").read_text()


def test_the_engine_reads_the_formats_that_the_product_accepts() -> None:
    read = [name for f in FORMATS for name in (f.content_type, *f.also_uploaded_as)]
    assert sorted(read) == sorted(CONTENT_TYPES)


def test_the_front_end_sends_the_formats_that_the_product_accepts() -> None:
    listed, _, rest = FRONT_END.partition("] as const")
    assert tuple(CONTENT_TYPE.findall(listed)) == CONTENT_TYPES
    _, _, signatures = rest.partition("SIGNATURES")
    assert set(CONTENT_TYPE.findall(signatures)) == set(CONTENT_TYPES)


def test_the_local_page_sends_the_formats_that_the_product_accepts() -> None:
    _, _, rest = LOCAL_PAGE.partition("const TYPES = {")
    assert set(CONTENT_TYPE.findall(rest.partition("};")[0])) == set(CONTENT_TYPES)


def test_the_local_page_explains_every_failure() -> None:
    _, _, rest = LOCAL_PAGE.partition("const REASONS = {")
    assert set(re.findall(r"(\w+):", rest.partition("};")[0])) == set(Reason)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"RIFF\n\0\0\0WEBPVP8 ", "WEBP"),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"BM", "BMP"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1hevc", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1heicavif", "AVIF"),
    ],
)
def test_a_format_is_recognized_by_its_first_bytes(header: bytes, name: str) -> None:
    assert identify(header + bytes(64)).name == name


@pytest.mark.parametrize(
    "header", [b"", b"RIFF\n\0\0\0WAVE", b"II*\1", b"\0\0\0\x18ftypisom\0\0\0\0isommp42", b"<svg"]
)
def test_other_first_bytes_are_an_unsupported_format(header: bytes) -> None:
    with pytest.raises(UnusableImage) as raised:
        identify(header)
    assert raised.value.reason is Reason.UNSUPPORTED_FORMAT


def test_every_format_except_jpeg_has_its_own_limit() -> None:
    assert {f.name for f in FORMATS} - set(Limits().whole_frame_pixels) == {"JPEG"}


def test_formats_that_are_decoded_whole_have_the_limits_that_were_measured() -> None:
    """Megapixels in 512 MB; benchmarks/RESULTS.md has the bytes per pixel."""
    limits = {name: most / 1_000_000 for name, most in Limits().whole_frame_pixels.items()}
    assert limits == {
        "PNG": 60,
        "WEBP": 25,
        "GIF": 50,
        "AVIF": 36,
        "HEIF": 36,
        "TIFF": 36,
        "BMP": 36,
    }
