"""The color coding in an AV1 sequence header, of still pictures and of video."""

import pytest

from resizer.engine.av1 import coding_of_av1

DELIMITER = b"\x12\0"
CODING = f"1{12:08b}{16:08b}"
SIZE = "0101" + "0101" + "1" * 12  # 64 x 64 pixels
STILL = "000" + "11" + "00000" + SIZE + "000" + "000" + "0" + "0"
# Timing and the decoder's model, two operating points with a tier, every optional tool
VIDEO = (
    ("000" + "00" + "1" + "0" * 64 + "1" + "00101")
    + ("1" + "00011" + "0" * 42 + "1" + "00001")
    + 2 * ("0" * 12 + "01000" + "1" + "1" + "0" * 9 + "1" + "0000")
    + SIZE
    + ("1" + "0" * 7 + "000" + "0000" + "1" + "00" + "0" + "1" + "0" + "1" + "000" + "000")
    + "0"
    + "0"
)
TWELVE_BITS = "010" + "11" + "00000" + SIZE + "000" + "000" + "1" + "1" + "0"
NEVER_MONOCHROME = "001" + "11" + "00000" + SIZE + "000" + "000" + "0"


def obu(bits: str, kind: int = 1, *, has_size: bool = True, has_extension: bool = False) -> bytes:
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    head = bytes([kind << 3 | has_extension << 2 | has_size << 1]) + bytes(has_extension)
    return head + (bytes([len(data)]) if has_size else b"") + data


@pytest.mark.parametrize("header", [STILL, VIDEO, TWELVE_BITS, NEVER_MONOCHROME])
def test_the_coding_follows_whatever_a_header_has_before_it(header: str) -> None:
    assert coding_of_av1(DELIMITER + obu(header + CODING)) == (12, 16)
    assert coding_of_av1(DELIMITER + obu(header + "0" * 17)) is None


def test_the_header_may_have_an_extension_or_no_size() -> None:
    assert coding_of_av1(obu(STILL + CODING, has_extension=True)) == (12, 16)
    assert coding_of_av1(obu(STILL + CODING, has_size=False)) == (12, 16)


def test_what_is_cut_or_is_no_header_says_nothing() -> None:
    data = DELIMITER + obu(VIDEO + CODING)
    assert all(coding_of_av1(data[:end]) is None for end in range(len(data) - 1))
    assert coding_of_av1(obu(STILL + CODING, kind=6)) is None
    assert coding_of_av1(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x01") is None
    assert coding_of_av1(bytes(4096)) is None
