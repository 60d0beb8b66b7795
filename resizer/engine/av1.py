"""The color coding that AV1 data names (AV1 Bitstream & Decoding Process, sections 5.3 and 5.5)."""

SEQUENCE_HEADER = 1  # type of an OBU (section 6.2.2)
LEVELS_WITH_TIER = 7  # above it


class _Bits:
    """IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, size: int) -> int:
        value = 0
        for _ in range(size):
            value = value << 1 | self.data[self.at >> 3] >> (7 - (self.at & 7)) & 1
            self.at += 1
        return value

    def flag(self) -> bool:
        return self.number(1) == 1


def coding_of_av1(data: bytes) -> tuple[int, int] | None:
    """Primaries and transfer function (ITU-T H.273); None if the sequence header has none.

    `data`: the first OBUs, the last of which may be cut.
    """
    try:
        return _coding(_Bits(_sequence_header(data)))
    except IndexError:
        return None


def _sequence_header(data: bytes) -> bytes:
    """Empty if there is none."""
    at = 0
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1  # an extension byte
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        if head >> 3 & 15 == SEQUENCE_HEADER:
            return data[at : at + size]
        at += size
    return b""


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where it ends (section 4.10.5)."""
    value = 0
    for index in range(8):
        value |= (data[at + index] & 127) << 7 * index
        if data[at + index] < 128:
            return value, at + index + 1
    return value, at + 8


def _coding(bits: _Bits) -> tuple[int, int] | None:
    profile = bits.number(3)
    bits.flag()  # still picture
    is_reduced = bits.flag()
    if is_reduced:
        bits.number(5)
    else:
        _skip_operating_points(bits)
    _skip_tools(bits, is_reduced)
    if bits.flag() and profile == 2:  # more than 8 bits
        bits.flag()
    if profile != 1:
        bits.flag()  # monochrome
    return (bits.number(8), bits.number(8)) if bits.flag() else None


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    has_model = False
    if bits.flag():  # timing
        bits.number(64)
        if bits.flag():
            zeros = 0
            while not bits.flag():
                zeros += 1
            bits.number(zeros if zeros < 32 else 0)
        has_model = bits.flag()
        if has_model:
            delay_bits = bits.number(5) + 1
            bits.number(42)
    has_display_delay = bits.flag()
    for _ in range(bits.number(5) + 1):
        bits.number(12)
        if bits.number(5) > LEVELS_WITH_TIER:
            bits.flag()
        if has_model and bits.flag():
            bits.number(2 * delay_bits + 1)
        if has_display_delay and bits.flag():
            bits.number(4)


def _skip_tools(bits: _Bits, is_reduced: bool) -> None:
    width_bits, height_bits = bits.number(4) + 1, bits.number(4) + 1
    bits.number(width_bits + height_bits)
    if not is_reduced and bits.flag():
        bits.number(7)
    bits.number(3)
    if not is_reduced:
        bits.number(4)
        has_order = bits.flag()
        if has_order:
            bits.number(2)
        forces_content_tools = bits.flag() or bits.flag()
        if forces_content_tools and not bits.flag():
            bits.flag()
        if has_order:
            bits.number(3)
    bits.number(3)
