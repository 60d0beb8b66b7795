import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.photo_facts import Camera
from resizer.engine.exif import camera, taken_at
from resizer.engine.orientation import orientation_of
from tools import pictures

EXIF = pictures.photo_exif().tobytes()


def with_time(time: bytes, offset: bytes = b"+02:00") -> bytes:
    changed = EXIF.replace(b"2026:05:01 12:34:56", time.ljust(19)[:19])
    return changed.replace(b"+02:00", offset.ljust(6)[:6])


def test_time_and_camera_are_read_and_nothing_else() -> None:
    assert taken_at(EXIF) == "2026-05-01T12:34:56+02:00"
    assert camera(EXIF) == Camera("Apple", "iPhone 15 Pro")


@pytest.mark.parametrize(
    ("time", "offset", "said"),
    [
        (b"2026:05:01 12:34:56", b"", "2026-05-01T12:34:56"),
        (b"2026:05:01 12:34:56", b"+99:00", "2026-05-01T12:34:56"),
        (b"2026:05:01 12:34:56", b"   :  ", "2026-05-01T12:34:56"),
        (b"2026:05:01 12:34:56", b"Z", "2026-05-01T12:34:56+00:00"),
        (b"2026-05-01 12:34:56", b"-03:30", "2026-05-01T12:34:56-03:30"),
        (b"0000:00:00 00:00:00", b"+02:00", None),
        (b"    :  :     :  :  ", b"+02:00", None),
        (b"2026:13:01 12:34:56", b"+02:00", None),
        (b"\xff" * 19, b"+02:00", None),
    ],
)
def test_the_time_is_iso_8601_with_the_offset_if_there_is_one(
    time: bytes, offset: bytes, said: str | None
) -> None:
    assert taken_at(with_time(time, offset)) == said


@pytest.mark.parametrize(
    ("name", "make"),
    [
        (b"A\0ple", "A"),
        (b"\x01\x02\x03\x04\x05", None),
        (b"\xe9cran", "écran"),
        ("né!!".encode(), "né!!"),
    ],
)
def test_a_name_ends_at_its_zero_and_may_be_in_either_encoding(
    name: bytes, make: str | None
) -> None:
    found = camera(EXIF.replace(b"Apple", name))
    assert found == Camera(make, "iPhone 15 Pro")


@given(st.data())
def test_no_block_whatsoever_fails_to_be_read(data: st.DataObject) -> None:
    block = bytearray(EXIF)
    for _ in range(data.draw(st.integers(1, 8))):
        block[data.draw(st.integers(0, len(block) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(block[: data.draw(st.integers(0, len(block)))])
    orientation_of(cut)
    for said in (taken_at(cut), *((found.make, found.model) if (found := camera(cut)) else ())):
        assert said is None or (said.isprintable() and len(said) <= 64)
