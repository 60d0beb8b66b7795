"""Files that are stuffed with parts that cost more than they are worth.

Without its guard each either passes for a picture, or takes longer than MAX_SECONDS.
"""

import time

import pytest

from resizer.engine.limits import Limits
from resizer.failures import UnusableImage
from tests.integration.resizer.rendering import render
from tools.hostile_pictures import GENERATORS

MAX_SECONDS = 3.0  # of CPU
KB, MB = 1000, 1_000_000

OUTCOMES = {
    "png_data_after_the_stream": (4 * MB, "corrupt_image"),
    "png_data_after_the_picture": (1 * MB, "thumbnails"),
    "png_one_byte_idats": (5 * MB, "too_complex"),
    "png_empty_chunks": (3 * MB, "too_complex"),
    "png_empty_chunks_at_the_end": (3 * MB, "too_complex"),
    "png_empty_idats": (3 * MB, "too_complex"),
    "png_texts": (5 * MB, "too_complex"),
    "png_compressed_texts": (200 * KB, "thumbnails"),
    "png_profiles": (15 * MB, "thumbnails"),
    "png_frame_controls": (7 * MB, "too_complex"),
    "png_tall": (0, "thumbnails"),
    "gif_one_byte_comments": (1 * MB, "too_complex"),
    "gif_empty_extensions": (1 * MB, "too_complex"),
    "gif_unknown_bytes": (1 * MB, "too_complex"),
    "gif_one_byte_pixels": (1 * MB, "corrupt_image"),
    "jpeg_empty_segments": (1 * MB, "too_complex"),
    "jpeg_empty_comments": (1 * MB, "too_complex"),
    "jpeg_fill_bytes": (200 * KB, "too_complex"),
    "jpeg_unknown_bytes": (1 * MB, "unsupported_format"),
    "jpeg_exif_segments": (100 * KB, "too_complex"),
    "jpeg_overlapping_exif_tags": (0, "thumbnails"),
    "jpeg_photoshop_resources": (17 * MB, "too_complex"),
    "jpeg_tables": (7 * MB, "too_complex"),
    "jpeg_comments_between_scans": (2 * MB, "too_complex"),
    "jpeg_fill_bytes_between_scans": (49 * MB, "thumbnails"),
    "jpeg_tables_between_scans": (9 * MB, "too_complex"),
    "jpeg_scans": (0, "thumbnails"),
    "bmp_rle_line_ends": (1 * MB, "too_complex"),
    "bmp_rle_empty_moves": (1 * MB, "too_complex"),
    "bmp_rle4_runs_past_the_edge": (1 * MB, "too_complex"),
    "webp_unknown_chunks": (1 * MB, "thumbnails"),
    "webp_frames": (1 * MB, "thumbnails"),
    "tiff_strips": (3 * MB, "too_complex"),
    "tiff_numbers_in_exif": (3 * MB, "thumbnails"),
    "tiff_directory_in_a_circle": (0, "thumbnails"),
    "tiff_tags_of_the_same_bytes": (1 * MB, "thumbnails"),
    "tiff_repeated_tag": (1 * MB, "thumbnails"),
    "tiff_many_tags": (1 * MB, "too_complex"),
    "tiff_big_many_tags": (1 * MB, "too_complex"),
    "tiff_integer_profile": (0, "thumbnails"),
    "heic_boxes": (1 * MB, "too_complex"),
    "heic_properties": (1 * MB, "too_complex"),
    "heic_extents": (1 * MB, "too_complex"),
    "heic_items": (1 * MB, "too_complex"),
    "heic_references": (1 * MB, "too_complex"),
}
# Fewer than the default, whose use takes seconds.
LIMITS = Limits(max_reads=500_000)


def test_every_kind_of_flood_has_its_outcome() -> None:
    assert OUTCOMES.keys() == GENERATORS.keys()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd tags
@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_flood_ends_quickly_and_with_the_right_reason(kind: str) -> None:
    size, expected = OUTCOMES[kind]
    data = GENERATORS[kind](size)
    start = time.process_time()
    outcome = "thumbnails"
    try:
        render(data, limits=LIMITS)
    except UnusableImage as exc:
        outcome = exc.reason
    assert outcome == expected
    assert time.process_time() - start < MAX_SECONDS


def test_bytes_that_are_read_again_and_again_are_counted() -> None:
    data = GENERATORS["png_texts"](1)
    assert render(data, limits=Limits(max_read_bytes=200)).width == 80
    with pytest.raises(UnusableImage, match="too_complex"):
        render(data, limits=Limits(max_read_bytes=20))


@pytest.mark.parametrize("count", [0, 65_535])
def test_reads_of_the_header_are_counted_apart_from_those_of_the_pixels(
    count: int,
) -> None:
    data = GENERATORS["png_empty_idats"](24_000)
    limits = Limits(max_header_reads=20, max_reads=20 + count)
    if count:
        assert render(data, limits=limits).width == 80
    else:
        with pytest.raises(UnusableImage, match="too_complex"):
            render(data, limits=limits)
