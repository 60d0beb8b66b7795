"""Progressive JPEGs without the scans that a decode at 1/8 does not need: the same pixels."""

import os
import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from resizer.engine.limits import Limits
from resizer.engine.scans import count_scans, prune_for_eighth
from resizer.failures import UnusableImage
from tests import ROOT
from tests.integration.resizer.rendering import render
from tools import pictures

CORPUS = Path(os.environ.get("CORPUS", ROOT.parent / "shared" / "corpus"))
REAL = [file for file in CORPUS.glob("*.jpg") if b"\xff\xc2" in file.read_bytes()]


def eighth(data: bytes) -> Image.Image:
    image = JpegImageFile(BytesIO(data))
    image.draft(None, (image.width // 8 or 1, image.height // 8 or 1))
    image.load()
    return image


def progressive(mode: str = "RGB", subsampling: str = "4:2:0", restart: int = 0) -> bytes:
    return pictures.saved(
        pictures.photo_of_mode(mode, 1211, 907),
        "JPEG",
        progressive=True,
        quality=92,
        subsampling=subsampling,
        restart_marker_blocks=restart,
    )


@pytest.mark.parametrize("restart", [0, 5])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_pruned_file_decodes_to_the_same_pixels(
    mode: str, subsampling: str, restart: int
) -> None:
    data = progressive(mode, subsampling, restart)
    pruned = prune_for_eighth(data)
    assert pruned is not None
    assert len(pruned) < len(data) * 0.6
    assert eighth(pruned).tobytes() == eighth(data).tobytes()


@pytest.mark.corpus
@pytest.mark.skipif(not REAL, reason="the corpus is not here")
@pytest.mark.parametrize("file", REAL, ids=lambda file: file.name)
def test_a_real_progressive_file_decodes_to_the_same_pixels(file: Path) -> None:
    data = file.read_bytes()
    pruned = prune_for_eighth(data)
    if "progressive" not in JpegImageFile(BytesIO(data)).info:
        assert pruned is None
        return
    assert pruned is not None
    assert eighth(pruned).tobytes() == eighth(data).tobytes()


def test_the_engine_makes_the_same_thumbnails_with_and_without_pruning() -> None:
    image = pictures.photo(3300, 2500)
    data = pictures.saved(image, "JPEG", progressive=True, exif=pictures.exif(3))
    pruned = prune_for_eighth(data)
    assert pruned is not None
    assert render(data) == render(pruned)


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


def frame_of(data: bytes) -> int:
    return data.index(b"\xff\xc2")


def shared_table(data: bytes) -> bytes:
    """Chroma of 4:2:0 with luma's table: its AC steps are needed."""
    at = frame_of(data) + 10
    changed = bytearray(data)
    changed[at + 5] = changed[at + 8] = changed[at + 2]
    return bytes(changed)


def table_between_scans(data: bytes) -> bytes:
    start = data.index(b"\xff\xdb")
    end = start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]
    last = data.rindex(b"\xff\xc4")
    return data[:last] + data[start:end] + data[last:]


@pytest.mark.parametrize(
    "data",
    [
        pictures.saved(pictures.photo(), "JPEG"),
        progressive("CMYK"),
        shared_table(progressive()),
        table_between_scans(progressive()),
        progressive()[:-2],  # no end
        progressive()[:5000],
        replaced(progressive(), b"\xff\xc2", b"\xff\xc1"),
        replaced(progressive(), b"\xff\xc2", b"\xff\xca"),  # arithmetic coding
        replaced(progressive(), b"\xff\xc4", b"\xff\xdc"),  # a number of lines
        replaced(progressive(), b"\xff\xdb", b"\xff\x01"),
        replaced(progressive(), b"\x01\x22\x00", b"\x01\x02\x00"),  # sampling factors
        b"\xff\xd8\xff",
        b"",
    ],
    ids=[
        *(
            "baseline",
            "cmyk",
            "shared table",
            "changing table",
            "no end",
            "truncated",
            "sequential",
        ),
        *("arithmetic", "line count", "standalone marker", "no sampling", "start", "nothing"),
    ],
)
def test_a_file_that_is_not_fully_understood_is_left_alone(data: bytes) -> None:
    assert prune_for_eighth(data) is None


def test_bytes_after_the_end_of_the_picture_are_dropped() -> None:
    data = progressive()
    assert prune_for_eighth(data + progressive()) == prune_for_eighth(data)


def test_an_empty_segment_is_understood() -> None:
    data = progressive()
    with_comment = data[:2] + b"\xff\xfe\x00\x02" + data[2:]
    pruned = prune_for_eighth(with_comment)
    assert pruned is not None
    assert eighth(pruned).tobytes() == eighth(data).tobytes()


def test_scans_are_counted() -> None:
    assert count_scans(pictures.saved(pictures.photo(), "JPEG"), 99) == 1
    assert count_scans(progressive("L"), 99) == 6
    assert count_scans(progressive() + progressive(), 99) == 10


def many_scans(scans: int) -> bytes:
    """The last scan again and again: each is a pass over all coefficients."""
    data = progressive("L")
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


def test_a_file_with_more_scans_than_the_limit_is_rejected() -> None:
    assert render(many_scans(20)).width == 1211
    with pytest.raises(UnusableImage, match="25 scans, at most 24") as caught:
        render(many_scans(20), limits=Limits(max_scans=24))
    assert caught.value.reason == "corrupt_image"
    with pytest.raises(UnusableImage, match="scans"):
        render(many_scans(300))


def test_scans_after_a_sequential_start_count_too() -> None:
    """Sequential, but with one component per scan: libjpeg reads to the end of the file."""
    data = bytearray(progressive("L"))
    data[frame_of(bytes(data)) + 1] = 0xC0
    single = bytes(data)
    with pytest.raises(UnusableImage, match="corrupt_image"):
        render(many_scans_of(color_frame(single), 300))


def color_frame(data: bytes) -> bytes:
    """The frame says three components, the scans have one each."""
    at = data.index(b"\xff\xc0")
    part = data[at + 10 : at + 13]
    header = data[at + 4 : at + 9] + b"\x03"
    parts = part + b"\x02" + part[1:] + b"\x03" + part[1:]
    frame = b"\xff\xc0" + struct.pack(">H", 17) + header + parts
    return data[:at] + frame + data[at + 13 :]


def many_scans_of(data: bytes, scans: int) -> bytes:
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


def test_coefficients_that_do_not_fit_in_memory_are_rejected() -> None:
    data = progressive(subsampling="4:4:4")
    needed = 1211 * 907 * 3 * 2
    assert render(data, limits=Limits(max_coefficient_bytes=needed)).width == 1211
    with pytest.raises(UnusableImage) as caught:
        render(data, limits=Limits(max_coefficient_bytes=needed - 1))
    assert caught.value.reason == "too_many_pixels"
    halved = progressive(subsampling="4:2:0")
    assert render(halved, limits=Limits(max_coefficient_bytes=needed // 2 + 1)).width == 1211
