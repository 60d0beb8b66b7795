"""Conversion to sRGB, which browsers assume for a picture that says nothing of its colors."""

import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

from resizer.engine.color_coding import (
    D50,
    LINEAR,
    PRIMARIES,
    REC_709,
    SRGB,
    TRANSFERS,
    Chromaticities,
    Coding,
    HighDynamicRange,
    profile,
)
from resizer.engine.tone_mapping import srgb_number, tone_map

SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of profiles, and the modes they describe
CACHED_TRANSFORMS = 16
MAX_PROFILE_TAGS = 100  # ICC.1 defines some 50
# Colors by which a profile is compared with sRGB: grays, one channel alone, and in between.
GRAYS = [(level, level, level) for level in (*range(0, 64, 4), *range(64, 256, 16), 255)]
COLORS = [
    tuple(level if channel in channels else low for channel in range(3))
    for channels in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2))
    for level, low in ((255, 0), (160, 0), (200, 60), (60, 20))
]
SAME = 1  # level of 255


@dataclass(frozen=True, slots=True)
class Colors:
    """What a file says: a profile, or else a coding. `shaped` is a picture after the shaper of
    `tone_mapping`; `gray` one that was stored in one channel, whatever the decoder made of it."""

    icc: bytes = b""
    coding: Coding | None = None
    gray: bool = False
    shaped: bool = False

    def after_curve(self, coding: Coding) -> "Colors":
        """What is left to convert once `engine.deep` has applied the curve of `coding`."""
        if isinstance(coding.transfer, HighDynamicRange):
            return replace(self, icc=b"", coding=coding, shaped=True)
        return replace(self, icc=b"", coding=replace(coding, transfer=SRGB))


def believed(colors: Colors) -> Colors:
    """With the coding that a profile names for PQ or HLG, which its own curves cannot express.

    ICC.1:2022, section 9.2.17: the `cicp` tag.
    """
    coding = _coding_in_profile(colors.icc)
    return replace(colors, icc=b"", coding=coding) if coding else colors


def to_srgb(image: Image.Image, colors: Colors) -> Image.Image:
    """RGB, RGBA or L in sRGB. A broken profile, or one of another color space, is ignored."""
    convert = _conversion(colors, image.mode)
    if convert is None:
        return image.convert("RGB") if image.mode == "CMYK" else image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    image = convert(image)
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _conversion(colors: Colors, mode: str) -> Callable[[Image.Image], Image.Image] | None:
    """None if there is nothing to convert, or no way to."""
    coding = colors.coding
    if not colors.icc and coding and isinstance(coding.transfer, HighDynamicRange):
        primaries, transfer = coding.primaries, coding.transfer
        return lambda image: tone_map(image.convert("RGB"), primaries, transfer, colors.shaped)
    icc = colors.icc or (profile(coding) if coding else b"")
    return _by_profile(icc, mode, colors.gray) if icc else None


@lru_cache(maxsize=CACHED_TRANSFORMS)
def _by_profile(icc: bytes, mode: str, gray: bool) -> Callable[[Image.Image], Image.Image] | None:
    """None if there is nothing to convert. Cached: a phone puts the same profile in every photo."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(icc))
        wanted = SPACES.get(source.profile.xcolor_space)
        if wanted is None or not _describes(wanted, mode, gray):
            return None
        if wanted != "CMYK":
            exact = _built(source, wanted)
            if _changes_nothing(exact, wanted):
                return None
            if wanted == "L":
                return _gray_by(exact)
        transform = _built(source, wanted, ImageCms.Flags.NONE)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return lambda image: transform.apply(image.convert(wanted))


def _built(
    source: ImageCms.ImageCmsProfile,
    mode: str,
    flags: ImageCms.Flags = ImageCms.Flags.NOOPTIMIZE,
) -> ImageCms.ImageCmsTransform:
    """Not optimized, it is built in 0.5 ms and takes 20 for a thumbnail; optimized, 3 and 2."""
    return ImageCms.buildTransform(source, SRGB_PROFILE, mode, "RGB", flags=flags)


def _gray_by(transform: ImageCms.ImageCmsTransform) -> Callable[[Image.Image], Image.Image]:
    """By a table: lcms, optimized, is off by 10 levels where a curve is steep."""
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    table = transform.apply(ramp).getchannel("G").tobytes()
    return lambda image: Image.merge("RGB", [image.convert("L").point(table)] * 3)


def _describes(wanted: str, mode: str, gray: bool) -> bool:
    if wanted == "L":
        return gray or mode == "L"
    return mode == "CMYK" if wanted == "CMYK" else mode != "CMYK"


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """By its numbers: a profile named "sRGB" may be linear, and one named otherwise be sRGB."""
    probes = GRAYS if mode == "L" else [*GRAYS, *COLORS]
    before = Image.new("RGB", (len(probes), 1))
    before.putdata(probes)
    after = transform.apply(before.convert(mode))
    pairs = zip(before.tobytes(), after.tobytes(), strict=True)
    return all(abs(old - new) <= SAME for old, new in pairs)


def is_profile(icc: bytes) -> bool:
    """Whether it can be read, though it may be one of another color space."""
    try:
        ImageCms.ImageCmsProfile(BytesIO(icc))
    except OSError:
        return False
    return True


def coding_of_linear(colors: Colors) -> Coding | None:
    """What a profile of linear light says; None for any other profile."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(colors.icc))
        mode = SPACES.get(source.profile.xcolor_space)
        if mode not in {"L", "RGB"} or (mode == "L") != colors.gray:
            return None
        to_srgb = _built(source, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    grays = Image.frombytes("L", (256, 1), bytes(range(256)))
    shown = to_srgb.apply(grays.convert(mode)).getchannel("G").tobytes()
    linear = (round(255 * srgb_number(level / 255)) for level in range(256))
    if any(abs(old - new) > SAME for old, new in zip(shown, linear, strict=True)):
        return None
    return Coding(REC_709 if mode == "L" else _primaries(source), LINEAR)


def _primaries(source: ImageCms.ImageCmsProfile) -> Chromaticities:
    """As they are under the white of profiles."""
    found = source.profile
    parts = (found.red_colorant, found.green_colorant, found.blue_colorant)
    chromaticities = [part[1][:2] if part else (0.0, 0.0) for part in parts]
    white = (D50[0] / sum(D50), D50[1] / sum(D50))
    return tuple(itertools.chain(*chromaticities, white))  # type: ignore[return-value]


def _coding_in_profile(icc: bytes) -> Coding | None:
    """The `cicp` tag of a profile for PQ or HLG, whose curves ICC has no way to express."""
    if len(icc) < 132 or icc[16:20] != b"RGB ":
        return None
    for index in range(min(int.from_bytes(icc[128:132], "big"), MAX_PROFILE_TAGS)):
        entry = icc[132 + 12 * index : 144 + 12 * index]
        if len(entry) == 12 and entry[:4] == b"cicp":
            start = struct.unpack(">I", entry[4:8])[0]
            code = icc[start + 8 : start + 12]
            return _high_dynamic_range(code) if len(code) == 4 else None
    return None


def _high_dynamic_range(code: bytes) -> Coding | None:
    primaries, transfer = PRIMARIES.get(code[0]), TRANSFERS.get(code[1])
    if primaries is None or not isinstance(transfer, HighDynamicRange):
        return None
    return Coding(primaries, transfer)
