"""Time and camera of a photo are kept; where it was taken leaves with the original alone."""

from io import BytesIO
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from contract.photo_facts import Camera
from tests.integration.resizer.rendering import render
from tools import pictures

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"]
CLEAN_WIDTH = 4096  # the largest that THUMBNAIL_WIDTHS may name
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">GPSLatitude 47.37</x:xmpmeta>'
TRACES = [b"Exif", b"EXIF", b"eXIf", b"GPS", b"xmp", b"XMP", b"Apple", b"II*\0", b"MM\0*"]


def photo(image_format: str, mode: str = "RGB") -> bytes:
    image = pictures.photo(640, 480).convert(mode)
    options: dict[str, Any] = {"exif": pictures.photo_exif().tobytes()}
    if image_format in {"JPEG", "WEBP", "AVIF", "HEIF"}:
        options["xmp"] = XMP
    if image_format == "HEIF":
        file = BytesIO()
        pillow_heif.from_pillow(image).save(file, **options)
        return file.getvalue()
    return pictures.saved(image, image_format, **options)


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_says_when_and_with_what_a_photo_was_taken(image_format: str) -> None:
    rendition = render(photo(image_format))
    assert rendition.camera == Camera("Apple", "iPhone 15 Pro")
    assert rendition.taken_at == "2026-05-01T12:34:56+02:00"


def test_a_block_after_the_pixels_counts_too() -> None:
    data = photo("PNG")
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    last = data.rindex(b"IEND") - 4
    moved = data[:start] + data[end:last] + data[start:end] + data[last:]
    assert render(moved).camera == Camera("Apple", "iPhone 15 Pro")


def test_a_picture_that_says_nothing_has_neither() -> None:
    rendition = render(pictures.jpeg())
    assert (rendition.taken_at, rendition.camera) == (None, None)


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_rendition_in_full_size_is_a_copy_without_the_place(image_format: str, mode: str) -> None:
    """JPEG, WebP and lossless WebP."""
    if (image_format, mode) == ("JPEG", "RGBA"):
        pytest.skip("JPEG has no alpha")
    data = photo(image_format, mode)
    assert b"Apple" in data, "the original has it"
    for width, made in render(data, (200, CLEAN_WIDTH)).thumbnails.items():
        assert (width, made.width) in {(200, 200), (CLEAN_WIDTH, 640)}
        assert [trace for trace in TRACES if trace in made.data] == []
        copy = Image.open(BytesIO(made.data))
        assert len(copy.getexif()) == 0
        assert not copy.info.keys() & {"exif", "xmp", "icc_profile", "comment", "photoshop"}
