"""What holds no pixels never fails a picture, however damaged it is."""

import struct
import zlib

import pytest
from PIL import ImageCms

from resizer.engine.one_ipma import with_one_ipma
from tests.integration.resizer.rendering import pixels, render
from tools import pictures
from tools.hostile_pictures import png_chunk

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd metadata

COLOR = "#c04020"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
FRAME = struct.pack(">IIIIIHHBB", 0, 300, 200, 0, 0, 1, 1, 0, 0)
CHUNKS = {
    b"pHYs": struct.pack(">IIB", 1, 1, 1),
    b"gAMA": struct.pack(">I", 45455),
    b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
    b"sRGB": b"\0",
    b"iCCP": b"sRGB\0\0" + zlib.compress(ICC),
    b"eXIf": pictures.exif(1)[6:],
    b"tRNS": bytes(6),
    b"bKGD": bytes(6),
    b"sBIT": b"\x08\x08\x08",
    b"tIME": b"\x07\xe0\1\1\1\1\1",
    b"acTL": struct.pack(">II", 1, 0),
    b"fcTL": FRAME,
    b"cICP": b"\x01\x0d\0\1",
    b"cLLI": bytes(8),
    b"tEXt": b"a\0b",
    b"zTXt": b"a\0\0" + zlib.compress(b"x"),
    b"iTXt": b"a\0\0\0\0\0b",
    b"prVt": b"x",
}
SEGMENTS = {
    "JFIF": (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
    "Exif": (0xE1, pictures.exif(1)),
    "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
    "profile": (0xE2, b"ICC_PROFILE\0\1\1" + ICC[:20]),
    "part of a profile": (0xE2, b"ICC_PROFILE\0\2\3" + ICC),
    "MPF": (0xE2, b"MPF\0II*\0\x08\0\0\0\1\0\0\xb0\7\0\4\0\0\0"),
    "Photoshop": (0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\x10" + bytes(16)),
    "Adobe": (0xEE, b"Adobe\0\x64\0\0\0\0\1"),
    "comment": (0xFE, b"hello"),
}


def color_of(data: bytes) -> str:
    made = render(data)
    assert not made.partial
    return made.color


def near(color: str) -> bool:
    pairs = zip(*(bytes.fromhex(each[1:]) for each in (color, COLOR)), strict=True)
    return all(abs(one - other) <= 4 for one, other in pairs)


@pytest.mark.parametrize("name", CHUNKS)
@pytest.mark.parametrize("behind_the_pixels", [False, True])
def test_no_damage_of_an_ancillary_chunk_fails_a_png(name: bytes, behind_the_pixels: bool) -> None:
    data, right = pictures.saved(pictures.picture(300, 200), "PNG"), CHUNKS[name]
    at = data.index(b"IEND") - 4 if behind_the_pixels else 33
    for value in (right, b"", right[:1], right[:-1], right + bytes(9), b"\xff" * len(right)):
        chunk = png_chunk(name, value)
        for damaged in (chunk, chunk[:-4] + b"none", chunk * 2):
            render(data[:at] + damaged + data[at:])
    bad_crc = png_chunk(name, right)[:-4] + b"none"
    assert near(color_of(data[:at] + bad_crc + data[at:]))


@pytest.mark.parametrize(
    "profile",
    [b"", b"name", b"name\0", b"name\0\0", b"name\0\0no zlib", b"name\0\1" + zlib.compress(ICC)],
)
def test_a_profile_that_does_not_unpack_is_ignored(profile: bytes) -> None:
    data = pictures.saved(pictures.picture(300, 200), "PNG")
    assert near(color_of(data[:33] + png_chunk(b"iCCP", profile) + data[33:]))


def test_a_frame_that_is_not_the_picture_is_ignored_before_its_pixels() -> None:
    data = pictures.saved(pictures.picture(300, 200), "PNG")
    nothing = png_chunk(b"acTL", CHUNKS[b"acTL"]) + png_chunk(b"fcTL", bytes(26))
    assert near(color_of(data[:33] + nothing + data[33:]))


@pytest.mark.parametrize("name", SEGMENTS)
def test_no_segment_without_pixels_fails_a_jpeg(name: str) -> None:
    data = pictures.jpeg(300, 200)
    marker, right = SEGMENTS[name]
    values = [right[:length] for length in range(len(right) + 1)] + [right + b"\xff" * 40]
    for value in values:
        segment = bytes((0xFF, marker)) + struct.pack(">H", len(value) + 2) + value
        assert near(color_of(data[:2] + segment + data[2:])), value
        assert near(color_of(data[:2] + segment + data[20:])), value  # instead of Pillow's own JFIF


BLOCKS: list[list[bytes]] = [
    *([], [b"a"], [b"abc"], [bytes(4)], [bytes(5)], [bytes(255)]),
    *([b"NETSCAPE2.0"], [b"NETSCAPE2.0", b"\1"], [b"XMP DataXMP", b"x" * 200]),
]


@pytest.mark.parametrize("label", [0x01, 0x55, 0xF9, 0xFE, 0xFF])
@pytest.mark.parametrize("blocks", BLOCKS, ids=str)
def test_no_extension_fails_a_gif(label: int, blocks: list[bytes]) -> None:
    data = pictures.saved(pictures.picture(300, 200), "GIF")
    at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    filled = b"".join(bytes((len(block),)) + block for block in blocks)
    extension = bytes((0x21, label)) + filled + b"\0"
    for count in (1, 3):
        assert near(color_of(data[:at] + extension * count + data[at:]))


def test_a_control_block_that_is_too_short_makes_nothing_transparent() -> None:
    data = pictures.saved(pictures.picture(300, 200), "GIF")
    at = data.index(b",", 13 + 3 * (2 << (data[10] & 7)))
    made = render(data[:at] + b"\x21\xf9\x01\x01\0" + data[at:])
    alpha = pixels(made.thumbnails[200]).convert("RGBA").getchannel("A")
    assert alpha.getextrema() == (255, 255)


def with_two_ipma(data: bytes) -> bytes:
    """The AVIF with one box for each item, as early encoders wrote it; 16 bytes longer."""
    at = data.index(b"ipma") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    entries, start = [], at + 16
    while start < at + size:
        end = start + 3 + data[start + 2]
        entries.append(data[start:end])
        start = end
    boxes = b"".join(
        struct.pack(">I4sII", 16 + len(entry), b"ipma", 0, 1) + entry for entry in entries
    )
    longer = len(boxes) - size
    data = data[:at] + boxes + data[at + size :]
    for name in (b"meta", b"iprp"):
        box = data.index(name) - 4
        grown = int.from_bytes(data[box : box + 4], "big") + longer
        data = data[:box] + struct.pack(">I", grown) + data[box + 4 :]
    box = data.index(b"iloc") - 4  # version 0, offsets and lengths of 4 bytes, one extent an item
    count = int.from_bytes(data[box + 14 : box + 16], "big")
    for index in range(count):
        offset = box + 16 + 14 * index + 6
        moved = int.from_bytes(data[offset : offset + 4], "big") + longer
        data = data[:offset] + struct.pack(">I", moved) + data[offset + 4 :]
    return data


def test_an_avif_of_an_early_encoder_with_two_ipma_boxes_is_shown() -> None:
    data = pictures.saved(pictures.photo_of_mode("RGBA"), "AVIF")
    early = with_two_ipma(data)
    assert early.count(b"ipma") == 2
    assert with_one_ipma(early).count(b"ipma") == 1
    assert render(early).thumbnails == render(data).thumbnails


def test_what_is_no_second_ipma_box_is_left_alone() -> None:
    data = pictures.saved(pictures.photo_of_mode("RGBA"), "AVIF")
    assert with_one_ipma(data) is data
    early = with_two_ipma(data)
    at = early.rindex(b"ipma")
    other_flags = early[: at + 7] + b"\1" + early[at + 8 :]
    same_item = early[: at + 13] + b"\1" + early[at + 14 :]
    cut_short = early[: at + 11] + b"\5" + early[at + 12 :]
    for odd in (other_flags, same_item, cut_short, early[:at]):
        assert with_one_ipma(odd) is odd
