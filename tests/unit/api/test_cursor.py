import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.cursor import InvalidCursorError, cursor_key, decode_cursor, encode_cursor

KEY = cursor_key("eu-west-1", "my-bucket", "Images")
IMAGE_IDS = st.from_regex(r"[0-9]{13}-[^/\x00-\x1f\x7f\ud800-\udfff]{1,60}", fullmatch=True)


@given(IMAGE_IDS)
def test_a_cursor_leads_back_to_its_image(image_id: str) -> None:
    cursor = encode_cursor(KEY, "user_1", image_id)
    assert decode_cursor(KEY, "user_1", cursor) == image_id
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?#% ")


@given(IMAGE_IDS)
def test_a_cursor_is_valid_for_its_own_list_only(image_id: str) -> None:
    cursor = encode_cursor(KEY, "user_1", image_id)
    other_key = cursor_key("eu-west-1", "b", "Images")
    for key, user_id in ((KEY, "user_2"), (KEY, "user_"), (other_key, "user_1")):
        with pytest.raises(InvalidCursorError):
            decode_cursor(key, user_id, cursor)


@given(IMAGE_IDS, st.data())
def test_a_cursor_with_one_character_changed_is_rejected(
    image_id: str, data: st.DataObject
) -> None:
    cursor = encode_cursor(KEY, "user_1", image_id)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from("ABab01_-=. ").filter(lambda char: char != cursor[place]))
    with pytest.raises(InvalidCursorError):
        decode_cursor(KEY, "user_1", cursor[:place] + other + cursor[place + 1 :])


@given(st.text())
def test_arbitrary_text_is_not_a_cursor(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        decode_cursor(KEY, "user_1", text)


def test_the_same_settings_make_the_same_key_in_every_process() -> None:
    assert cursor_key("eu-west-1", "my-bucket", "Images").hex() == (
        "8a19c58d83a0ebffc3ecd293fff280b8b6af75e716bd6a8fbd67fe35a32f432d"
    )
