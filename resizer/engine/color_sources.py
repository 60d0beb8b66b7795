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
SIGNIFICANT = 0.05  # a gamma nearer to sRGB's is sRGB's
# As primaries these have curves of their own in a PNG. In a video, browsers show sRGB's.
OF_CAMERAS = frozenset({1, 6, 14, 15})
RESERVED = frozenset({0, 3})  # beside one of these, Chromium ignores the other code too


def colors_of_png(icc: bytes, chunks: Mapping[bytes, bytes], gray: bool) -> Colors:
    """`chunks`: the data of each color chunk before the pixels, the first of its kind."""
    coding = _cicp(chunks)
    if coding:
        return Colors(coding=coding, gray=gray)
    if icc and is_profile(icc):
        return Colors(icc=icc, gray=gray)
    if b"sRGB" in chunks:
        return Colors()
    return Colors(coding=_gamma(chunks), gray=gray)


def _cicp(chunks: Mapping[bytes, bytes]) -> Coding | None:
    """Section 11.3.2.6: primaries, transfer, matrix 0 for RGB, and 1 for the full range."""
    data = chunks.get(b"cICP", b"")
    if len(data) != 4 or data[2:] != b"\0\1" or data[0] not in PRIMARIES:
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
    light = chunks.get(b"cLLI", b"")
    if len(light) == 8 and any(light[:4]):
        return int.from_bytes(light[:4], "big") / LIGHT_UNIT
    if len(screen := chunks.get(b"mDCV", b"")) == 24:
        return int.from_bytes(screen[16:20], "big") / LIGHT_UNIT
    return 0.0


def _gamma(chunks: Mapping[bytes, bytes]) -> Coding | None:
    """Chromium ignores cHRM without gAMA."""
    data = chunks.get(b"gAMA", b"")
    gamma = int.from_bytes(data, "big") if len(data) == 4 else 0
    if gamma == 0:
        return None
    primaries = _chromaticities(chunks.get(b"cHRM", b""))
    if primaries is None and abs(gamma / SRGB_GAMMA - 1) < SIGNIFICANT:
        return None
    return Coding(primaries or REC_709, Curve(PNG_UNIT / gamma))


def _chromaticities(data: bytes) -> Chromaticities | None:
    if len(data) != 32 or not any(data):
        return None
    white_x, white_y, *rest = (number / PNG_UNIT for number in struct.unpack(">8i", data))
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
