"""How the numbers of a picture become light: code points of ITU-T H.273, and profiles of them."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

# x and y of red, green, blue and white
Chromaticities = tuple[float, float, float, float, float, float, float, float]
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

D65, C, E = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3)
REC_709: Chromaticities = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *D65)
REC_2020: Chromaticities = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *D65)
PRIMARIES: Mapping[int, Chromaticities] = MappingProxyType(
    {
        1: REC_709,
        4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *C),
        5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *D65),
        6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
        7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *D65),
        8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *C),
        9: REC_2020,
        10: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, *E),
        11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
        12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *D65),
        22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *D65),
    }
)


@dataclass(frozen=True, slots=True)
class Curve:
    """From a number to light, both 0 to 1: `(a * x + b) ** g` from `d` up, `c * x` below."""

    g: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0

    def light(self, x: float) -> float:
        return (self.a * x + self.b) ** self.g if x >= self.d else self.c * x


@dataclass(frozen=True, slots=True)
class HighDynamicRange:
    """`hlg`: hybrid log-gamma (ITU-R BT.2100); otherwise PQ. The brightest light, in nits."""

    hlg: bool
    peak_nits: float = 1000.0


SRGB = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
LINEAR = Curve(1.0)
TRANSFERS: Mapping[int, Curve | HighDynamicRange] = MappingProxyType(
    {
        # Of cameras; Chromium shows them as the screens do that they were made for (BT.1886).
        **dict.fromkeys((1, 6, 11, 14, 15), Curve(2.4)),
        4: Curve(2.2),
        5: Curve(2.8),
        7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0913),
        8: LINEAR,
        13: SRGB,
        16: HighDynamicRange(hlg=False),
        17: Curve(2.6, (52.37 / 48) ** (1 / 2.6)),
        18: HighDynamicRange(hlg=True),
    }
)


@dataclass(frozen=True, slots=True)
class Coding:
    """RGB with these primaries and this transfer function."""

    primaries: Chromaticities
    transfer: Curve | HighDynamicRange

    def is_coarse(self) -> bool:
        """Whether 8 bits have visible steps in the darks."""
        return isinstance(self.transfer, HighDynamicRange) or self.transfer.g < 1.5


def to_xyz(primaries: Chromaticities) -> Matrix:
    """From linear RGB to XYZ under the primaries' own white. Raises ValueError if impossible."""
    red, green, blue, white = (
        (x, y, 1 - x - y) for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    if white[1] <= 0:
        raise ValueError("a white without light")
    columns = transposed((red, green, blue))
    scale = times(inverse(columns), tuple(part / white[1] for part in white))  # type: ignore[arg-type]
    return tuple(  # type: ignore[return-value]
        tuple(value * part for value, part in zip(row, scale, strict=True)) for row in columns
    )


def transposed(matrix: Iterable[Vector]) -> Matrix:
    return tuple(zip(*matrix, strict=True))  # type: ignore[return-value]


def times(matrix: Matrix, vector: Vector) -> Vector:
    return tuple(  # type: ignore[return-value]
        sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix
    )


def product(left: Matrix, right: Matrix) -> Matrix:
    return transposed(times(left, column) for column in transposed(right))


def inverse(matrix: Matrix) -> Matrix:
    """Raises ValueError if there is none worth having."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    if abs(determinant) < 1e-6:
        raise ValueError("primaries that are no triangle")
    return tuple(tuple(value / determinant for value in row) for row in cofactors)  # type: ignore[return-value]


BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
D50: Vector = (0.9642, 1.0, 0.8249)  # the white of profiles (ICC.1:2022, section 7.2.16)


def to_d50(primaries: Chromaticities) -> Matrix:
    """From linear RGB to XYZ under D50, adapted as ICC.1:2022, annex E says."""
    matrix = to_xyz(primaries)
    source = times(BRADFORD, times(matrix, (1.0, 1.0, 1.0)))
    target = times(BRADFORD, D50)
    gains = tuple(
        tuple(target[row] / source[row] if row == column else 0.0 for column in range(3))
        for row in range(3)
    )
    adapted = product(inverse(BRADFORD), product(gains, BRADFORD))  # type: ignore[arg-type]
    return product(adapted, matrix)


@lru_cache(maxsize=16)
def profile(coding: Coding) -> bytes:
    """An ICC profile (ICC.1:2022) of primaries and a curve; empty if the primaries are none."""
    assert isinstance(coding.transfer, Curve)
    try:
        columns = transposed(to_d50(coding.primaries))
        curve = coding.transfer
        tags = {
            b"wtpt": _xyz(D50),
            b"rXYZ": _xyz(columns[0]),
            b"gXYZ": _xyz(columns[1]),
            b"bXYZ": _xyz(columns[2]),
            # Function type 3 (section 10.18): the same five parameters
            **dict.fromkeys(
                (b"rTRC", b"gTRC", b"bTRC"),
                b"para\0\0\0\0\0\3\0\0" + _fixed(curve.g, curve.a, curve.b, curve.c, curve.d),
            ),
        }
    except (ValueError, ZeroDivisionError, struct.error):
        return b""
    table, data = b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content
    size = 132 + len(table) + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + _fixed(*D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _xyz(value: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*value)


def _fixed(*numbers: float) -> bytes:
    """s15Fixed16Number (section 4.6). Raises struct.error if one is too large."""
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))
