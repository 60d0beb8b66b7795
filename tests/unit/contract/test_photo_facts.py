import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.metadata import photo_facts, photo_metadata
from contract.photo_facts import Camera, taken_at

S3_METADATA_BYTES = 2048  # names and values together (S3 User Guide, "Working with metadata")


@pytest.mark.parametrize(
    "text",
    ["2026-05-01T12:34:56", "2026-05-01T12:34:56+02:00", "2024-02-29T00:00:00-09:30"],
)
def test_a_point_in_time_is_kept_as_it_is(text: str) -> None:
    assert taken_at(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "0000-00-00T00:00:00",
        "2025-02-29T00:00:00",
        "2026-05-01T24:00:00",
        "2026-05-01 12:34:56",
        "2026-05-01T12:34:56Z",
        "2026-05-01T12:34:56+15:00",
        "2026-05-01T12:34:56\n",
        "\u0662026-05-01T12:34:56",
    ],
)
def test_anything_else_is_no_point_in_time(text: str | None) -> None:
    assert taken_at(text) is None


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        (" Canon ", "EOS  5D\n", Camera("Canon", "EOS 5D")),
        ("Leica\x00x", None, Camera("Leica x", None)),
        ("", "  ", None),
        (None, None, None),
        ("\u202eevil", "x" * 100, Camera("evil", "x" * 64)),
        ("é" * 100, "\ud800", Camera("é" * 48, None)),
    ],
)
def test_a_name_is_short_and_printable(
    make: str | None, model: str | None, camera: Camera | None
) -> None:
    assert Camera.of(make, model) == camera


@given(st.none() | st.text(), st.none() | st.text(), st.sampled_from([None, "2026-05-01T12:34:56"]))
def test_what_is_kept_survives_the_metadata_of_a_thumbnail(
    make: str | None, model: str | None, time: str | None
) -> None:
    camera = Camera.of(make, model)
    stored = photo_metadata(time, camera)
    assert photo_facts(stored) == (time, camera)
    assert all(text.isascii() and text.isprintable() for text in stored.values())
    # The rest: a placeholder of 400, and less than 900 with the longest user id.
    assert sum(len(name) + len(text) for name, text in stored.items()) < S3_METADATA_BYTES - 1300


def test_other_programs_metadata_is_checked() -> None:
    said = {"taken-at": "yesterday", "camera-make": "%00%0a" + "x" * 3000, "camera-model": "%ff%"}
    assert photo_facts(said) == (None, Camera("x" * 64, "\ufffd%"))
