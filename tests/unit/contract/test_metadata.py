from hypothesis import given
from hypothesis import strategies as st

from contract.metadata import decode_filename, encode_filename


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_file_name_survives_a_round_trip_through_metadata(filename: str) -> None:
    assert encode_filename(filename).isascii()
    assert decode_filename(encode_filename(filename)) == filename


def test_metadata_carries_a_file_name_percent_encoded_like_encodeuricomponent() -> None:
    assert encode_filename("Cät a/b.jpg") == "C%C3%A4t%20a%2Fb.jpg"
