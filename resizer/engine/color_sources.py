"""What a file says of its colors, in the order in which Chromium believes it.

PNG: cICP, iCCP, sRGB, then gAMA and cHRM. AVIF and HEIC: the profile, then `nclx`. BMP: the profile
of a V5 header. The others: the profile. A value of 2 in a coding means that nobody said.
"""

import struct
from collections.abc import Mapping
from dataclasses import replace

from resizer.engine.color import Colors, is_profile
from resizer.engine.color_coding import (
    PRIMARIES,
    REC_709,
    SRGB,
    TRANSFERS,
    Chromaticities,
    Coding,
    Curve,
    HighDynamicRange,
)
from resizer.engine.iso_color import VideoColor

PNG_UNIT = 100_000  # of gAMA and cHRM (PNG 3, section 11.3.2)
LIGHT_UNIT = 10_000  # of cLLI and mDCV: 0.0001 nits (PNG 3, section 11.3.2.7 and 11.3.2.8)
SRGB_GAMMA = 45_455
STEEPEST = 30_000.0  # exponent; what a profile can say
INTENTS = frozenset({b"\0", b"\1", b"\2", b"\3"})  # the values of sRGB (section 11.3.2.5)
SIGNIFICANT = 0.05  # a gamma nearer to sRGB's is sRGB's
# As primaries these have curves of their own in a PNG. In a video, browsers show sRGB's.
OF_CAMERAS = frozenset({1, 6, 14, 15})
RESERVED = frozenset({0, 3})  # beside one of these, Chromium ignores the other code too


def colors_of_png(icc: bytes, chunks: Mapping[bytes, bytes], gray: bool) -> Colors:
    """`chunks`: the data of each color chunk before the pixels, the first that has its length."""
    coding = _cicp(chunks)
    if coding:
        return Colors(coding=coding, gray=gray)
    if icc and is_profile(icc):
        return Colors(icc=icc, gray=gray)
    if chunks.get(b"sRGB") in INTENTS:
        return Colors()
    return Colors(coding=_gamma(chunks), gray=gray)


def _cicp(chunks: Mapping[bytes, bytes]) -> Coding | None:
    """Section 11.3.2.6: primaries, transfer, matrix 0 for RGB, and 1 for the full range."""
    data = chunks.get(b"cICP")
    if not data or data[2:] != b"\0\1" or data[0] not in PRIMARIES:
        return None
    transfer = TRANSFERS.get(data[1])
    if transfer is None:
        return None
    return Coding(PRIMARIES[data[0]], _up_to(_peak_nits(chunks), transfer))


def _up_to(peak_nits: float, transfer: Curve | HighDynamicRange) -> Curve | HighDynamicRange:
    if isinstance(transfer, HighDynamicRange) and peak_nits:
        return replace(transfer, peak_nits=peak_nits)
    return transfer


def _peak_nits(chunks: Mapping[bytes, bytes]) -> float:
    """The brightest light of the picture, or of the screen that it was made on; 0 if unknown."""
    light = chunks.get(b"cLLI", b"")[:4]
    screen = chunks.get(b"mDCV", b"")[16:20]
    return int.from_bytes(light if any(light) else screen, "big") / LIGHT_UNIT


def _gamma(chunks: Mapping[bytes, bytes]) -> Coding | None:
    """Chromium ignores cHRM without gAMA, and gAMA beside an impossible cHRM."""
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big")
    if gamma == 0:
        return None
    primaries = _chromaticities(chunks.get(b"cHRM", b""))
    if primaries is None and abs(gamma / SRGB_GAMMA - 1) < SIGNIFICANT:
        return None
    if primaries and not all(0 <= number <= 1 for number in primaries):
        return None
    return Coding(primaries or REC_709, Curve(min(PNG_UNIT / gamma, STEEPEST)))


def _chromaticities(data: bytes) -> Chromaticities | None:
    if not data:
        return None
    white_x, white_y, *rest = (number / PNG_UNIT for number in struct.unpack(">8I", data))
    return (*rest, white_x, white_y)


def colors_of_video(said: VideoColor) -> Colors:
    """Of HEIC and AVIF."""
    codes = {said.primaries, said.transfer}
    if codes & RESERVED or not (said.primaries in PRIMARIES or said.transfer in TRANSFERS):
        return Colors()
    transfer = SRGB if said.transfer in OF_CAMERAS else TRANSFERS.get(said.transfer, SRGB)
    primaries = PRIMARIES.get(said.primaries, REC_709)
    return Colors(coding=Coding(primaries, _up_to(said.peak_nits, transfer)))


def profile_of_bmp(data: bytes, max_bytes: int) -> bytes:
    """The profile of a V5 header (BITMAPV5HEADER); empty if there is none or it is too large.

    Chromium ignores the endpoints and gammas that a V4 header may have.
    """
    header = data[14:138]
    if len(header) < 124 or header[0] < 124 or header[56:60] != b"DEBM":  # embedded
        return b""
    start, size = struct.unpack("<II", header[112:120])
    return data[14 + start : 14 + start + size] if size <= max_bytes else b""
