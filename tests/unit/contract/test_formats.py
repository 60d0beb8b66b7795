import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.formats import CONTENT_TYPES, OTHER_NAMES, normal_content_type


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("image/jpg", "image/jpeg"),
        ("image/pjpeg", "image/jpeg"),
        ("IMAGE/JPEG", "image/jpeg"),
        ("image/JPG", "image/jpeg"),
        ("image/x-png", "image/png"),
        ("image/x-citrix-png", "image/png"),
        ("image/x-ms-bmp", "image/bmp"),
        ("image/heif-sequence", "image/heif"),
        ("image/jpeg; charset=binary", "image/jpeg"),
        (" image/jpeg\t;", "image/jpeg"),
    ],
)
def test_a_type_means_what_everybody_means_by_it(said: str, meant: str) -> None:
    assert normal_content_type(said) == meant


@pytest.mark.parametrize(
    "said", ["", ";", "image/svg+xml", "text/html; image/jpeg", "image/jpeg\n", "image", "jpg"]
)
def test_other_types_stay_as_they_are(said: str) -> None:
    assert normal_content_type(said) == said
    assert said not in CONTENT_TYPES


def test_no_other_name_hides_an_accepted_one() -> None:
    assert not set(OTHER_NAMES) & set(CONTENT_TYPES)
    assert set(OTHER_NAMES.values()) <= set(CONTENT_TYPES)


@given(st.text())
def test_a_normal_type_stays_normal(text: str) -> None:
    normal = normal_content_type(text)
    assert normal_content_type(normal) == normal
