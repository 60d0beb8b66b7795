import struct

import pytest

from resizer.engine.orientation import orientation_of

SHORT, LONG = 3, 4
WIDTH, ORIENTATION = 0x0100, 0x0112


def block(*entries: tuple[int, int, int]) -> bytes:
    """An Exif block of little-endian entries: tag, type, value."""
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + directory


@pytest.mark.parametrize(
    ("exif", "orientation"),
    [
        pytest.param(block((ORIENTATION, SHORT, 6)), 6, id="alone"),
        pytest.param(block((WIDTH, SHORT, 8), (ORIENTATION, SHORT, 6)), 6, id="after another tag"),
        pytest.param(block((WIDTH, SHORT, 8)), 1, id="none"),
        pytest.param(block((ORIENTATION, LONG, 6)), 1, id="of another type"),
        pytest.param(block((ORIENTATION, SHORT, 9)), 1, id="out of range"),
        pytest.param(block((ORIENTATION, SHORT, 6))[:-1], 1, id="cut short"),
        pytest.param(block((ORIENTATION, SHORT, 6))[6:], 6, id="without a mark, as in PNG"),
        pytest.param(b"", 1, id="empty"),
    ],
)
def test_the_orientation_is_that_of_its_own_tag(exif: bytes, orientation: int) -> None:
    assert orientation_of(exif) == orientation
