"""HEIC and AVIF: what the picture needs must be in the file."""

import contextlib
import struct
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.engine.iso_media import Extent, check_items, read_items
from resizer.failures import UnusableImage
from tests.integration.resizer.rendering import render
from tests.integration.resizer.test_engine_corpus import PICTURES
from tools import pictures
from tools.hostile_pictures import box

MEDIA = ("HEIF", "AVIF")


@cache
def picture(image_format: str) -> bytes:
    return pictures.saved(pictures.photo_of_mode("RGBA", 640, 480), image_format)


@pytest.mark.parametrize("hundredths", [30, 50, 90, 99])
@pytest.mark.parametrize("image_format", MEDIA)
def test_a_cut_file_is_corrupt(image_format: str, hundredths: int) -> None:
    data = picture(image_format)
    with pytest.raises(UnusableImage, match="ends outside the file") as caught:
        render(data[: len(data) * hundredths // 100])
    assert caught.value.reason == "corrupt_image"


@pytest.mark.parametrize("file", [file for file in PICTURES if file.suffix == ".heic"], ids=str)
@pytest.mark.parametrize("hundredths", [30, 50, 90])
def test_a_cut_photo_of_tiles_is_corrupt(file: Path, hundredths: int) -> None:
    data = file.read_bytes()
    check_items(data)
    with pytest.raises(UnusableImage, match="ends outside the file"):
        render(data[: len(data) * hundredths // 100])


def location(
    version: int, method: int, start: int, length: int, elsewhere: int = 0, base: int = 0
) -> bytes:
    """`iloc` of item 1, with one extent."""
    item = struct.pack(">H" if version < 2 else ">I", 1)
    item += struct.pack(">H", method) if version else b""
    item += struct.pack(">HIHII", elsewhere, base, 1, start, length)
    count = struct.pack(">H" if version < 2 else ">I", 1)
    return box(b"iloc", bytes((version, 0, 0, 0)), b"\x44\x40", count, item)


def media(*boxes: bytes, data: bytes = b"") -> bytes:
    primary = box(b"pitm", bytes(4), b"\0\1")
    return box(b"ftyp", b"heic", bytes(4)) + box(b"meta", bytes(4), primary, *boxes) + data


SIZE = len(media(location(0, 0, 0, 0)))


@pytest.mark.parametrize("version", [0, 1, 2])
def test_an_extent_is_read(version: int) -> None:
    data = media(location(version, 0, 3, 4, base=2))
    assert read_items(data).extents == {1: [Extent(0, 5, 4)]}


@pytest.mark.parametrize(
    ("boxes", "good"),
    [
        ([location(0, 0, 0, SIZE)], True),
        ([location(0, 0, 1, SIZE)], False),
        ([location(0, 0, 0, SIZE, base=1)], False),
        ([location(0, 0, SIZE - 1, 0)], True),  # to the end
        ([location(0, 0, SIZE, 0)], False),
        ([location(0, 0, 0, SIZE + 1, elsewhere=1)], True),  # in another file
        ([location(1, 1, 0, 8), box(b"idat", bytes(8))], True),
        ([location(1, 1, 1, 8), box(b"idat", bytes(8))], False),
        ([location(1, 1, 0, 8)], False),  # no idat
        ([location(1, 2, 0, 9999)], True),  # of another item
    ],
)
def test_the_end_of_an_extent_is_compared_with_where_it_lies(
    boxes: list[bytes], good: bool
) -> None:
    with contextlib.nullcontext() if good else pytest.raises(UnusableImage, match="outside"):
        check_items(media(*boxes))


def test_an_item_that_the_picture_does_not_need_may_be_missing() -> None:
    other = location(0, 0, 0, 9999).replace(b"\0\1\0\0\0\0\0\0\0\1", b"\0\2\0\0\0\0\0\0\0\1")
    check_items(media(other))


@pytest.mark.parametrize(("kind", "pair"), [(b"dimg", (1, 2)), (b"auxl", (2, 1))])
def test_a_tile_or_an_alpha_plane_is_needed(kind: bytes, pair: tuple[int, int]) -> None:
    other = location(0, 0, 0, 9999).replace(b"\0\1\0\0\0\0\0\0\0\1", b"\0\2\0\0\0\0\0\0\0\1")
    reference = box(kind, struct.pack(">HHH", pair[0], 1, pair[1]))
    with pytest.raises(UnusableImage, match="item 2 ends outside"):
        check_items(media(other, box(b"iref", bytes(4), reference)))


def test_references_that_form_a_circle_end() -> None:
    circle = box(b"dimg", b"\0\1\0\1\0\1")
    check_items(media(location(0, 0, 0, 1), box(b"iref", bytes(4), circle)))


def test_the_most_items_and_references_are_counted() -> None:
    def items(count: int) -> bytes:
        entries = b"".join(struct.pack(">HHH", number, 0, 0) for number in range(count))
        return media(box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", count), entries))

    def tiles(count: int) -> bytes:
        tiles = box(b"dimg", struct.pack(">HH", 1, count), bytes(2 * count))
        return media(box(b"iref", bytes(4), tiles))

    for good, bad in ((items(10_000), items(10_001)), (tiles(50_000), tiles(50_001))):
        check_items(good)
        with pytest.raises(UnusableImage, match="too many"):
            check_items(bad)


def test_a_large_exif_item_is_too_complex() -> None:
    entry = box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"Exif\0")
    infos = box(b"iinf", bytes(4), b"\0\1", entry)
    most = 1024 * 1024
    check_items(media(infos, location(0, 0, 0, most), data=bytes(most)))
    for length in (most + 1, 0):
        with pytest.raises(UnusableImage, match="of Exif") as caught:
            check_items(media(infos, location(0, 0, 0, length), data=bytes(most)))
        assert caught.value.reason == "too_complex"


def test_a_box_of_64_bits_and_a_box_to_the_end_are_read() -> None:
    content = bytes(4) + box(b"pitm", bytes(4), b"\0\7")
    long = struct.pack(">I4sQ", 1, b"meta", 16 + len(content)) + content
    assert read_items(box(b"ftyp") + long).primary == 7
    assert read_items(box(b"ftyp") + struct.pack(">I4s", 0, b"meta") + content).primary == 7


@given(data=st.binary(max_size=200), at=st.integers(0, 700), length=st.integers(0, 50))
def test_damage_ends_with_a_verdict(data: bytes, at: int, length: int) -> None:
    good = picture("HEIF")[:700]
    for damaged in (good[:at] + data + good[at + length :], box(b"meta", data)):
        with contextlib.suppress(UnusableImage):
            check_items(damaged)
