"""Which boxes of an AVIF or HEIC say what its colors are, and which do not count."""

import struct
from collections.abc import Mapping, Sequence

from resizer.engine.iso_color import VideoColor, video_color

NOBODY_SAID = VideoColor()
PROFILE = b"colr", b"prof" + bytes(12)
P3 = b"colr", b"nclx" + struct.pack(">HHHB", 12, 13, 6, 128)
PQ = b"colr", b"nclx" + struct.pack(">HHHB", 9, 16, 9, 128)
BRIGHT = b"clli", struct.pack(">HH", 400, 100)
Property = tuple[bytes, bytes]


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def ipma(numbers: Mapping[int, Sequence[int]]) -> bytes:
    """The numbers of the properties of each item."""
    entries = b"".join(
        struct.pack(">HB", item, len(of_item)) + bytes(of_item) for item, of_item in numbers.items()
    )
    return box(b"ipma", bytes(4) + struct.pack(">I", len(numbers)) + entries)


def still(properties: Sequence[Property], *associations: bytes, tiles: Sequence[int] = ()) -> bytes:
    """Item 1 is the picture."""
    references = struct.pack(">HH", 1, len(tiles)) + struct.pack(f">{len(tiles)}H", *tiles)
    content = box(b"pitm", bytes(4) + b"\0\1")
    content += box(b"iref", bytes(4) + box(b"dimg", references))
    content += box(
        b"iprp",
        box(b"ipco", b"".join(box(*each) for each in properties)) + b"".join(associations),
    )
    return box(b"ftyp", b"avif" + bytes(4)) + box(b"meta", bytes(4) + content)


def test_the_coding_and_the_brightness_are_those_of_the_picture() -> None:
    data = still([P3, PROFILE, PQ, BRIGHT], ipma({2: [1], 1: [2, 3, 4]}))
    assert video_color(data) == VideoColor(9, 16, 400)


def test_a_grid_is_what_its_first_tile_is_unless_it_says_itself() -> None:
    properties = [P3, PQ, BRIGHT]
    assert video_color(still(properties, ipma({5: [1], 6: [2]}), tiles=[5, 6])).primaries == 12
    of_both = ipma({1: [2], 5: [1, 3]})
    assert video_color(still(properties, of_both, tiles=[5])) == VideoColor(9, 16)
    in_parts = ipma({1: [3], 5: [2]})
    assert video_color(still(properties, in_parts, tiles=[5])) == VideoColor(9, 16, 400)


def test_the_first_of_two_counts_also_from_a_second_list() -> None:
    assert video_color(still([P3, PQ], ipma({1: [2, 1]}))).primaries == 9
    assert video_color(still([P3, PQ], ipma({7: [1]}), ipma({1: [1]}))).primaries == 12


def test_numbers_of_no_property_do_not_count() -> None:
    assert video_color(still([P3], ipma({1: [0, 9]}))) == NOBODY_SAID


def test_what_is_cut_or_too_short_says_nothing() -> None:
    assert video_color(still([(b"colr", b"nclx\0")], ipma({1: [1]}))) == NOBODY_SAID
    data = still([P3], ipma({1: [1]}))
    assert all(video_color(data[:end]).transfer in {2, 13} for end in range(len(data)))


def test_more_associations_than_any_encoder_writes_are_not_followed() -> None:
    many = ipma({item: [1] * 255 for item in range(2, 202)})
    assert video_color(still([P3], many, ipma({1: [1]}))) == NOBODY_SAID


def sequence(*entries: bytes) -> bytes:
    content = box(b"stsd", bytes(8) + b"".join(entries))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        content = box(kind, content)
    return box(b"ftyp", b"avis" + bytes(4)) + content


def test_a_sequence_says_it_in_the_sample_entry_of_its_track() -> None:
    entry = box(b"av01", bytes(78) + box(*PQ) + box(*BRIGHT))
    assert video_color(sequence(box(b"mp4a", bytes(78) + box(*P3)), entry)) == VideoColor(
        9, 16, 400
    )
    assert video_color(sequence()) == NOBODY_SAID
