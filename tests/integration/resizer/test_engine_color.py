"""Every source of color, against what Chromium shows (version 156, read from a canvas)."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO

import pillow_heif
import pytest
from PIL import Image, ImageCms

from resizer.engine.color_coding import LINEAR, REC_709, SRGB, Coding, profile
from resizer.engine.limits import Limits
from tests.integration.resizer.rendering import FINE, pixels, render
from tools import pictures

RGB = tuple[int, ...]
GRAY, RED = (128, 128, 128), (200, 60, 40)
CHUNK = tuple[bytes, bytes]
NOTHING = [GRAY, RED]  # shown as stored
LINEAR_SHOWN = [(188, 188, 188), (229, 133, 110)]
SRGB_CHRM = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_CHRM = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
TOLERANCE, OF_TONE_MAPPING = 3, 4  # levels; the thumbnail is a JPEG


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(color: Sequence[int], chunks: Sequence[CHUNK] = (), depth: int = 8, kind: int = 2) -> bytes:
    """32 x 32 pixels; `color` has the channels of color type `kind`, in 8 bits."""
    sample = b"".join(bytes([value] * (depth // 8)) for value in color)
    rows = zlib.compress((b"\0" + sample * 32) * 32)
    header = struct.pack(">IIBBBBB", 32, 32, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> CHUNK:
    return b"cICP", bytes([primaries, transfer, matrix, full])


def gama(value: int) -> CHUNK:
    return b"gAMA", struct.pack(">I", value)


def chrm(values: Sequence[int]) -> CHUNK:
    return b"cHRM", struct.pack(">8i", *values)


def iccp(icc: bytes) -> CHUNK:
    return b"iCCP", b"a\0\0" + zlib.compress(icc)


def clli(nits: int) -> CHUNK:
    return b"cLLI", struct.pack(">II", nits * 10_000, 100 * 10_000)


def mdcv(nits: int) -> CHUNK:
    return b"mDCV", bytes(16) + struct.pack(">II", nits * 10_000, 0)


def shown(data: bytes) -> RGB:
    """The color in the middle of the thumbnail."""
    image = pixels(render(data, [200], encoding=FINE).thumbnails[200]).convert("RGB")
    color = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(color, tuple)
    return color


def assert_shown(data: bytes, expected: Sequence[int], tolerance: int = TOLERANCE) -> None:
    found = shown(data)
    assert all(abs(a - b) <= tolerance for a, b in zip(found, expected, strict=True)), found


LINEAR_PROFILE = profile(Coding(REC_709, LINEAR))
SRGB_PROFILE = profile(Coding(REC_709, SRGB))
LAB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
OF_PNG: Mapping[str, tuple[list[CHUNK], list[tuple[int, int, int]]]] = {
    "nothing": ([], NOTHING),
    "cICP of BT.709": ([cicp(1, 1)], [(121, 121, 121), (197, 49, 28)]),
    "cICP of gamma 2.2": ([cicp(1, 4)], [(129, 129, 129), (201, 57, 35)]),
    "cICP of gamma 2.8": ([cicp(1, 5)], [(106, 106, 106), (189, 36, 17)]),
    "cICP of SMPTE 240M": ([cicp(1, 7)], [(141, 141, 141), (206, 77, 58)]),
    "cICP of linear light": ([cicp(1, 8)], LINEAR_SHOWN),
    "cICP of sRGB": ([cicp(1, 13)], NOTHING),
    "cICP of cinema": ([cicp(11, 17)], [(118, 118, 118), (212, 8, 0)]),
    "cICP of BT.470 M": ([cicp(4, 13)], [GRAY, (236, 49, 16)]),
    "cICP of film": ([cicp(8, 13)], [GRAY, (226, 39, 21)]),
    "cICP of BT.2020": ([cicp(9, 13)], [GRAY, (247, 0, 23)]),
    "cICP of XYZ": ([cicp(10, 13)], [GRAY, (255, 0, 64)]),
    "cICP of Display P3": ([cicp(12, 13)], [GRAY, (217, 42, 23)]),
    "cICP of EBU": ([cicp(22, 13)], [GRAY, (202, 66, 39)]),
    "cICP that says nothing, then linear": ([cicp(2, 2), gama(100_000)], LINEAR_SHOWN),
    "cICP without a transfer": ([cicp(12, 2)], NOTHING),
    "cICP without primaries": ([cicp(2, 8)], NOTHING),
    "cICP of the unknown, then linear": ([cicp(77, 77), gama(100_000)], LINEAR_SHOWN),
    "cICP of a logarithm, then linear": ([cicp(1, 9), gama(100_000)], LINEAR_SHOWN),
    "cICP of a limited range, then linear": ([cicp(12, 13, full=0), gama(100_000)], LINEAR_SHOWN),
    "cICP that is short, then linear": ([(b"cICP", b"\x0c\x0d\0"), gama(100_000)], LINEAR_SHOWN),
    "cICP with a matrix": ([cicp(12, 13, matrix=9)], NOTHING),
    "cICP before iCCP": ([cicp(1, 13), iccp(LINEAR_PROFILE)], NOTHING),
    "the first cICP": ([cicp(1, 13), cicp(12, 13)], NOTHING),
    "iCCP of linear light": ([iccp(LINEAR_PROFILE)], LINEAR_SHOWN),
    "iCCP before gAMA": ([iccp(SRGB_PROFILE), gama(100_000)], NOTHING),
    "iCCP that is none, then linear": ([iccp(b"x" * 200), gama(100_000)], LINEAR_SHOWN),
    "iCCP that was cut, then 1.8": (
        [iccp(LINEAR_PROFILE[:200]), gama(55_556)],
        [(146, 146, 146), (210, 77, 53)],
    ),
    "iCCP without a name, then 1.8": (
        [(b"iCCP", b"\0\0" + zlib.compress(LINEAR_PROFILE)), gama(55_556)],
        [(146, 146, 146), (210, 77, 53)],
    ),
    "iCCP with a stream that was cut": ([(b"iCCP", iccp(LINEAR_PROFILE)[1][:-5])], NOTHING),
    "iCCP of Lab": ([iccp(LAB_PROFILE)], NOTHING),
    "iCCP of CMYK before gAMA": ([iccp(pictures.cmyk_profile()), gama(55_556)], NOTHING),
    "sRGB before gAMA": ([(b"sRGB", b"\0"), gama(100_000)], NOTHING),
    "sRGB before cHRM": ([(b"sRGB", b"\0"), gama(45_455), chrm(P3_CHRM)], NOTHING),
    "sRGB with an unknown intent, then linear": ([(b"sRGB", b"\t"), gama(100_000)], LINEAR_SHOWN),
    "gAMA that is very steep": ([gama(1)], [(0, 0, 0), (0, 0, 0)]),
    "gAMA of linear light": ([gama(100_000)], LINEAR_SHOWN),
    "gAMA of sRGB": ([gama(45_455)], NOTHING),
    "gAMA near sRGB's": ([gama(44_000)], NOTHING),
    "gAMA of 1.8": ([gama(55_556)], [(146, 146, 146), (210, 77, 53)]),
    "gAMA of nothing": ([gama(0)], NOTHING),
    "gAMA that is short": ([(b"gAMA", b"\0\1")], NOTHING),
    "the first cICP of the right length": ([(b"cICP", b"\x0c\x0d\0"), cicp(1, 8)], LINEAR_SHOWN),
    "the first gAMA": ([gama(100_000), gama(45_455)], LINEAR_SHOWN),
    "cHRM alone": ([chrm(P3_CHRM)], NOTHING),
    "cHRM of P3": ([gama(45_455), chrm(P3_CHRM)], [(129, 129, 129), (219, 37, 13)]),
    "cHRM of sRGB": ([gama(45_455), chrm(SRGB_CHRM)], [(129, 129, 129), (201, 57, 35)]),
    "cHRM out of range": (
        [gama(100_000), chrm([31270, 32900, 2**31 - 1, *SRGB_CHRM[3:]])],
        NOTHING,
    ),
    "cHRM below zero": ([gama(100_000), chrm([-1, *SRGB_CHRM[1:]])], NOTHING),
    "cHRM with a white without light": ([gama(100_000), chrm([31270, 0, *SRGB_CHRM[2:]])], NOTHING),
    "cHRM of zeros": ([gama(45_455), chrm([0] * 8)], NOTHING),
    "cHRM on one line": ([gama(45_455), chrm([31270, 32900, *[30000, 30000] * 3])], NOTHING),
}


@pytest.mark.parametrize("name", OF_PNG)
def test_a_png_is_shown_in_the_colors_that_it_says(name: str) -> None:
    chunks, expected = OF_PNG[name]
    for color, wanted in zip((GRAY, RED), expected, strict=True):
        assert_shown(png(color, chunks), wanted)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("kind", [0, 2, 4, 6])
@pytest.mark.parametrize("name", ["gAMA of linear light", "cICP of linear light", "gAMA of 1.8"])
def test_so_is_one_of_any_depth_with_and_without_color_and_alpha(
    name: str, kind: int, depth: int
) -> None:
    chunks, expected = OF_PNG[name]
    alpha = [255] if kind & 4 else []
    gray = [128] if kind in {0, 4} else [*GRAY]
    assert_shown(png([*gray, *alpha], chunks, depth, kind), expected[0])
    if kind & 2:
        assert_shown(png([*RED, *alpha], chunks, depth, kind), expected[1])


def test_a_palette_is_shown_in_the_colors_that_its_file_says() -> None:
    palette = (b"PLTE", bytes(RED))
    assert_shown(png([0], [gama(100_000), palette], kind=3), LINEAR_SHOWN[1])


def test_what_a_png_says_after_its_pixels_does_not_count() -> None:
    data = png(GRAY)
    end = data.index(b"IEND") - 4
    assert_shown(data[:end] + chunk(*gama(100_000)) + data[end:], GRAY)


def test_a_color_chunk_with_a_wrong_checksum_does_not_count() -> None:
    data = png(GRAY, [gama(100_000)])
    at = data.index(b"gAMA") + 8
    assert_shown(data[:at] + b"\0\0\0\0" + data[at + 4 :], GRAY)


HDR = {
    "PQ": (16, [], {64: 30, 128: 132, 160: 213, 192: 255}),
    "PQ up to 400 nits": (16, [clli(400)], {64: 39, 128: 163, 160: 249}),
    "PQ up to 4000 nits": (16, [clli(4000)], {128: 132, 160: 202, 192: 226, 224: 250}),
    "PQ up to diffuse white": (16, [clli(203)], {64: 44, 128: 181, 144: 238}),
    "PQ of a screen of 400 nits": (16, [mdcv(400)], {64: 39, 128: 163, 160: 249}),
    "PQ of an unknown peak on a screen": (16, [clli(0), mdcv(400)], {128: 163, 160: 249}),
    "PQ up to more than the screen's": (16, [clli(4000), mdcv(400)], {160: 202, 192: 226}),
    "HLG": (18, [], {64: 43, 128: 99, 192: 189, 224: 228}),
    "HLG up to 400 nits": (18, [clli(400)], {64: 55, 128: 123, 192: 231, 208: 248}),
    "HLG up to 4000 nits": (18, [clli(4000)], {128: 99, 192: 189, 208: 201, 240: 218}),
}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("name", HDR)
def test_a_high_dynamic_range_is_mapped_to_an_ordinary_screen(name: str, depth: int) -> None:
    transfer, chunks, grays = HDR[name]
    for gray, wanted in grays.items():
        data = png([gray] * 3, [cicp(9, transfer), *chunks], depth)
        assert_shown(data, [wanted] * 3, OF_TONE_MAPPING)


@pytest.mark.parametrize(
    ("primaries", "transfer", "color", "wanted"),
    [
        (1, 16, (200, 60, 40), (255, 15, 4)),
        (9, 16, (255, 128, 0), (255, 0, 0)),
        (1, 18, (200, 60, 40), (183, 46, 29)),
        (9, 18, (40, 200, 60), (0, 208, 0)),
        (9, 18, (60, 40, 200), (11, 16, 175)),
    ],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_its_colors_keep_their_hue(
    primaries: int, transfer: int, color: RGB, wanted: RGB, depth: int
) -> None:
    assert_shown(png(color, [cicp(primaries, transfer)], depth), wanted, OF_TONE_MAPPING)


def test_a_profile_that_names_pq_is_tone_mapped() -> None:
    """As ICC.1:2022 has it, in the `cicp` tag; the profile's own curves say something else."""
    tag = b"cicp" + bytes(4) + bytes([9, 16, 0, 1])
    count = int.from_bytes(SRGB_PROFILE[128:132], "big") + 1
    table, rest = SRGB_PROFILE[132 : 132 + 12 * (count - 1)], SRGB_PROFILE[120 + 12 * count :]
    moved = b"".join(
        table[at : at + 4]
        + struct.pack(">I", int.from_bytes(table[at + 4 : at + 8], "big") + 12)
        + table[at + 8 : at + 12]
        for at in range(0, len(table), 12)
    )
    start = 132 + 12 * count + len(rest)
    entry = b"cicp" + struct.pack(">II", start, len(tag))
    icc = SRGB_PROFILE[4:128] + struct.pack(">I", count) + moved + entry + rest + tag
    icc = struct.pack(">I", len(icc) + 4) + icc
    assert_shown(png([160] * 3, [iccp(icc)]), [213] * 3, OF_TONE_MAPPING)


def test_sixteen_bits_of_linear_light_have_no_steps_in_the_darks() -> None:
    """Of 8 bits, 1/255 of the light is already level 13 on the screen."""
    levels = set()
    for light in range(0, 256, 16):  # of 65535
        picture = png([0], [gama(100_000)], 16, 0)
        dark = zlib.compress((b"\0" + struct.pack(">H", light) * 32) * 32)
        at = picture.index(b"IDAT") - 4
        data = picture[:at] + chunk(b"IDAT", dark) + picture[picture.index(b"IEND") - 4 :]
        levels.add(shown(data)[0])
    assert len(levels) > 8
    assert max(levels) <= 13


def test_a_picture_that_is_too_large_for_sixteen_bits_is_still_shown_in_its_colors() -> None:
    limits = Limits(whole_frame_pixels={"PNG": 32 * 32})
    data = png(RED, [gama(100_000)], 16)
    color = pixels(render(data, [200], limits=limits).thumbnails[200]).getpixel((9, 9))
    assert isinstance(color, tuple)
    assert max(abs(a - b) for a, b in zip(color, LINEAR_SHOWN[1], strict=True)) <= TOLERANCE


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "AVIF", "HEIF", "TIFF"])
@pytest.mark.parametrize("name", ["sRGB linear", "Not sRGB", "srgb"])
def test_a_profile_is_known_by_its_numbers_and_not_by_its_name(
    name: str, image_format: str
) -> None:
    primaries = [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]
    icc = pictures.rgb_profile(name, primaries, gamma=1.0)
    for color, wanted in zip((GRAY, RED), LINEAR_SHOWN, strict=True):
        options = {} if image_format in {"PNG", "TIFF"} else {"quality": 97}
        image = Image.new("RGB", (64, 64), color)
        data = pictures.saved(image, image_format, icc_profile=icc, **options)
        assert_shown(data, wanted, 5)


@pytest.mark.parametrize("kind", [0, 4])
def test_a_gray_profile_counts_with_and_without_alpha(kind: int) -> None:
    color = [128, 255] if kind == 4 else [128]
    assert_shown(png(color, [iccp(pictures.gray_profile(1.0))], kind=kind), LINEAR_SHOWN[0])


def test_a_steep_gray_profile_is_exact_in_the_darks() -> None:
    for level, wanted in ((2, 22), (5, 38), (20, 79)):
        assert_shown(png([level], [iccp(pictures.gray_profile(1.0))], kind=0), [wanted] * 3, 1)


def test_colors_brighter_than_the_peak_are_clipped_channel_by_channel() -> None:
    """Where the peak is diffuse white, nothing is left to bend."""
    assert_shown(png((160, 150, 140), [cicp(9, 16), clli(100)]), (255, 255, 216), OF_TONE_MAPPING)


def test_a_gray_profile_of_a_color_picture_does_not_count() -> None:
    assert_shown(png(RED, [iccp(pictures.gray_profile(1.0))]), RED)


OF_VIDEO = {
    (1, 13): NOTHING,
    (2, 2): NOTHING,
    (1, 1): NOTHING,
    (6, 6): [GRAY, (195, 67, 39)],
    (9, 14): [GRAY, (247, 0, 23)],
    (12, 2): [GRAY, (217, 43, 23)],
    (12, 13): [GRAY, (217, 43, 23)],
    (2, 8): LINEAR_SHOWN,
    (1, 4): [(129, 129, 129), (201, 58, 35)],
    (9, 16): [(132, 132, 132), (255, 0, 0)],
    (9, 18): [(99, 99, 99), (230, 0, 8)],
}


def heif(color: RGB, image_format: str, primaries: int, transfer: int) -> bytes:
    """AVIF or HEIC with this `nclx`, which the encoder writes and the test replaces."""
    options = {"subsampling": "4:4:4"} if image_format == "AVIF" else {"chroma": 444}
    data = pictures.saved(Image.new("RGB", (64, 64), color), image_format, quality=97, **options)
    return with_nclx(data, data.index(b"nclx"), primaries, transfer)


def with_nclx(data: bytes, at: int, primaries: int, transfer: int) -> bytes:
    return data[: at + 4] + struct.pack(">HH", primaries, transfer) + data[at + 8 :]


def with_light_level(data: bytes, nits: int) -> bytes:
    """In the place of a box that no decoder here needs."""
    at = data.index(b"pixi")
    return data[:at] + b"clli" + struct.pack(">HH", nits, 100) + data[at + 8 :]


def without_nclx(data: bytes) -> bytes:
    return data.replace(b"nclx", b"none")


def with_av1_coding(data: bytes, primaries: int, transfer: int) -> bytes:
    """Replaces what the encoder wrote into the sequence header, at any bit: sRGB and BT.601."""
    end, start = 8 * len(data), 8 * data.rindex(b"mdat")
    number, old = int.from_bytes(data, "big"), 1 << 16 | 13 << 8 | 6
    shift = next(
        end - 24 - at for at in range(start, end) if number >> end - 24 - at & 0xFFFFFF == old
    )
    number ^= (old ^ (primaries << 16 | transfer << 8 | 6)) << shift
    return number.to_bytes(len(data), "big")


@pytest.mark.parametrize("image_format", ["AVIF", "HEIF"])
@pytest.mark.parametrize("code", OF_VIDEO)
def test_avif_and_heic_are_shown_in_the_colors_of_their_nclx(
    code: tuple[int, int], image_format: str
) -> None:
    for color, wanted in zip((GRAY, RED), OF_VIDEO[code], strict=True):
        assert_shown(heif(color, image_format, *code), wanted, OF_TONE_MAPPING)


def test_reserved_codes_say_nothing() -> None:
    """Of an AVIF: libheif rejects a HEIC that has one."""
    assert_shown(heif(RED, "AVIF", 12, 0), RED)
    assert_shown(heif(RED, "AVIF", 0, 8), RED)
    assert_shown(heif(RED, "AVIF", 12, 77), OF_VIDEO[12, 13][1])


@pytest.mark.parametrize("image_format", ["AVIF", "HEIF"])
def test_they_say_how_bright_they_are(image_format: str) -> None:
    for nits, wanted in ((203, 181), (400, 163), (1000, 132)):
        data = with_light_level(heif(GRAY, image_format, 9, 16), nits)
        assert_shown(data, [wanted] * 3, OF_TONE_MAPPING)


def test_an_avif_without_nclx_is_shown_in_the_colors_of_its_sequence_header() -> None:
    data = with_av1_coding(heif(RED, "AVIF", 1, 13), 12, 13)
    assert_shown(data, RED)
    assert_shown(without_nclx(data), OF_VIDEO[12, 13][1])
    dark = with_av1_coding(heif(GRAY, "AVIF", 1, 13), 1, 8)
    assert_shown(without_nclx(dark), LINEAR_SHOWN[0])


def test_an_avif_sequence_is_shown_in_the_colors_of_its_track() -> None:
    frames = [Image.new("RGB", (64, 64), color) for color in (RED, GRAY)]
    data = pictures.saved(
        frames[0], "AVIF", quality=97, save_all=True, append_images=frames[1:], subsampling="4:4:4"
    )
    of_item, of_track = data.index(b"nclx"), data.rindex(b"nclx")
    assert_shown(with_nclx(data, of_track, 9, 13), OF_VIDEO[9, 14][1])
    assert_shown(with_nclx(data, of_item, 9, 13), RED)


def test_a_profile_counts_more_than_nclx() -> None:
    image = Image.new("RGB", (64, 64), RED)
    data = pictures.saved(image, "AVIF", quality=97, icc_profile=pictures.DISPLAY_P3)
    at = data.index(b"nclx") + 4
    assert_shown(data[:at] + struct.pack(">HH", 9, 16) + data[at + 4 :], (219, 39, 12))


def test_ten_bits_of_a_heic_are_tone_mapped_without_steps() -> None:
    numbers = [10_000, 20_000, 30_000, 35_000, 40_000]
    row = b"".join(struct.pack("<3H", *[number] * 3) * 32 for number in numbers)
    image = pillow_heif.from_bytes("RGB;16", (32 * len(numbers), 32), row * 32)
    file = BytesIO()
    image.save(
        file,
        quality=-1,
        chroma=444,
        full_range_flag=1,
        color_primaries=9,
        transfer_characteristics=16,
        matrix_coefficients=9,
    )
    small = pixels(render(file.getvalue(), [200], encoding=FINE).thumbnails[200]).convert("L")
    found = [small.getpixel((32 * index + 16, 16)) for index in range(len(numbers))]
    for level, wanted in zip(found, [9, 45, 107, 153, 206], strict=True):
        assert isinstance(level, int)
        assert abs(level - wanted) <= TOLERANCE


def bmp(color: RGB, kind: bytes, icc: bytes = b"", start: int | None = None) -> bytes:
    """32 x 32 pixels with a V5 header; `kind` is what it says of its colors (bV5CSType)."""
    rows = bytes(color[::-1]) * 32 * 32
    header = struct.pack("<IiiHHIIiiII", 124, 32, 32, 1, 24, 0, len(rows), 0, 0, 0, 0)
    header += bytes(16) + kind + bytes(48)
    start = 124 + len(rows) if start is None else start
    header += struct.pack("<IIII", 4, start, len(icc), 0)
    size = 14 + len(header) + len(rows) + len(icc)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 138) + header + rows + icc


def test_a_bmp_is_shown_in_the_colors_of_its_profile() -> None:
    assert_shown(bmp(RED, b"DEBM", LINEAR_PROFILE), LINEAR_SHOWN[1])
    assert_shown(bmp(RED, b"DEBM", LINEAR_PROFILE, start=99_999_999), RED)
    assert_shown(bmp(RED, b"BGRs", LINEAR_PROFILE), RED)
