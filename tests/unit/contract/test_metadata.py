from hypothesis import given
from hypothesis import strategies as st

from contract.metadata import decode_filename, encode_filename


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_file_name_survives_a_round_trip_through_metadata(filename: str) -> None:
    assert encode_filename(filename).isascii()
    assert decode_filename(encode_filename(filename)) == filename
