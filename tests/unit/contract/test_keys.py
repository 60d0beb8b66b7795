import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.keys import (
    InvalidFilenameError,
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    ThumbnailKey,
    check_filename,
    check_image_id,
    check_user_id,
    id_created_at_ms,
    id_filename,
    is_planned_id,
    new_image_id,
    reduce_filename,
)
from contract.timestamps import END_MS

user_ids = st.from_regex(r"[A-Za-z0-9._:|@+=-]{1,128}", fullmatch=True).filter(
    lambda text: text not in {".", ".."}
)
timestamps = st.integers(10**12, END_MS - 1)
nonces = st.text("0123456789abcdef", min_size=8, max_size=8)
filenames = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(
    lambda text: len(text.encode()) <= 255
)


def test_an_issued_key_has_the_documented_form() -> None:
    image_id = new_image_id(1763853422123, "9f86d081", "cat.jpg")
    assert str(OriginalKey("user_2abc", image_id)) == (
        "uploads/user_2abc/1763853422123-9f86d081-cat.jpg"
    )
    assert str(ThumbnailKey(200, image_id)) == "thumbnails/200/1763853422123-9f86d081-cat.jpg"


@given(user_ids, timestamps, nonces, filenames)
def test_every_issued_key_parses_back_to_itself(
    user_id: str, timestamp_ms: int, nonce: str, filename: str
) -> None:
    key = OriginalKey(user_id, new_image_id(timestamp_ms, nonce, filename))
    assert OriginalKey.parse(str(key)) == key
    assert key.created_at_ms == timestamp_ms
    assert ThumbnailKey.parse(str(key.thumbnail(400))) == key.thumbnail(400)
    assert len(str(key).encode()) <= 1024


@given(st.text(max_size=80) | st.from_regex(r"uploads/[^/]*/[0-9]{12,14}-.*"))
def test_a_parsed_key_is_written_back_unchanged(text: str) -> None:
    try:
        key = OriginalKey.parse(text)
    except InvalidKeyError:
        return
    assert str(key) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "uploads",
        "uploads/u1",
        "uploads//1763853422123-a.jpg",
        "uploads/../1763853422123-a.jpg",
        "uploads/u1/",
        "uploads/u1/.",
        "uploads/u1/..",
        "uploads/u1/\x00",
        "uploads/u1/a\x7f",
        "uploads/u1/1763853422123-a/b.jpg",
        "uploads/u1/1763853422123-a\n.jpg",
        "uploads/u1/1763853422123-a.jpg\n",
        "uploads/u 1/1763853422123-a.jpg",
        "uploads/u1/1763853422123-" + "a" * 800,
        "Uploads/u1/1763853422123-a.jpg",
        "/uploads/u1/1763853422123-a.jpg",
        "thumbnails/200/1763853422123-a.jpg",
    ],
)
def test_a_key_of_another_form_is_rejected(text: str) -> None:
    with pytest.raises(InvalidKeyError):
        OriginalKey.parse(text)


def test_a_name_put_by_another_app_is_kept_unchanged() -> None:
    key = OriginalKey.parse("uploads/auth0|5f7c/1763853422123-my cat (1) é.jpg")
    assert (key.user_id, key.filename) == ("auth0|5f7c", "my cat (1) é.jpg")


def test_the_longest_key_is_accepted() -> None:
    user_id, image_id = "u" * 128, "1763853422123-" + "a" * (800 - 14)
    key = OriginalKey.parse(f"uploads/{user_id}/{image_id}")
    assert (key.user_id, key.image_id) == (user_id, image_id)
    with pytest.raises(InvalidKeyError):
        OriginalKey(user_id, image_id + "a")


def test_an_image_id_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidKeyError):
        check_image_id("1763853422123-\ud800")


def test_another_prefix_makes_no_thumbnail_key() -> None:
    assert ThumbnailKey.parse("thumbnails/99999/1763853422123-a.jpg").width == 99_999
    with pytest.raises(InvalidKeyError):
        ThumbnailKey.parse("uploads/200/1763853422123-a.jpg")


def test_a_thumbnail_key_carries_an_image_id() -> None:
    with pytest.raises(InvalidKeyError):
        ThumbnailKey(200, "a/b.jpg")
    with pytest.raises(InvalidKeyError):
        ThumbnailKey.parse("thumbnails/200/")


@pytest.mark.parametrize(
    "image_id",
    [
        "cat.jpg",
        "…",
        "...",
        " ",
        "a b+c%2Fd?e#f&g=h",
        "0c9d4b5e-8f0a-4b6e-9d43-6b1f0a0b5b5e",
        "é" * 400,
        "a" * 800,
        "🐈" * 200,
        "\x80\x85\x9f",  # C1 controls: S3 and XML 1.0 allow them
    ],
)
def test_any_name_without_slashes_and_control_characters_is_served(image_id: str) -> None:
    key = OriginalKey("u" * 128, image_id)
    assert OriginalKey.parse(str(key)) == key
    assert ThumbnailKey.parse(str(key.thumbnail(99_999))) == key.thumbnail(99_999)
    assert max(len(str(name).encode()) for name in (key, key.thumbnail(99_999))) <= 1024


@pytest.mark.parametrize("image_id", ["", "a" * 801, "é" * 400 + "a", "🐈" * 201, "a/b", "\n"])
def test_no_longer_and_no_other_name_is(image_id: str) -> None:
    with pytest.raises(InvalidKeyError):
        check_image_id(image_id)


@given(timestamps, nonces, filenames)
def test_the_apis_own_ids_are_recognized(timestamp_ms: int, nonce: str, filename: str) -> None:
    assert is_planned_id(new_image_id(timestamp_ms, nonce, filename))


@pytest.mark.parametrize(
    "image_id",
    [
        "1763853422123-cat.jpg",
        "1763853422123-9F86D081-cat.jpg",
        "1763853422-9f86d081-cat.jpg",
        "1763853422123-9f86d081-",
        "1763853422123-9f86d081-c\u00e4t.jpg",
        "1763853422123-9f86d081-" + "a" * 81,
        "x1763853422123-9f86d081-cat.jpg",
        "1763853422123-9f86d081-cat.jpg\n",
    ],
)
def test_other_ids_are_foreign(image_id: str) -> None:
    assert not is_planned_id(image_id)


@pytest.mark.parametrize(
    ("image_id", "created_at_ms", "filename"),
    [
        ("1763853422123-cat.jpg", 1763853422123, "cat.jpg"),
        ("1763853422123_cat.jpg", 1763853422123, "cat.jpg"),
        ("1763853422123.jpg", 1763853422123, "1763853422123.jpg"),
        ("1763853422123-", 1763853422123, "1763853422123-"),
        ("1763853422-cat.jpg", 1763853422000, "cat.jpg"),
        ("2026-11-25T07:12:00.000Z-cat.jpg", 1795590720000, "cat.jpg"),
        ("2026-11-25T07:12:00Z cat.jpg", 1795590720000, "cat.jpg"),
        ("2026-11-25T07-12-00-123Z-cat.jpg", 1795590720123, "cat.jpg"),
        ("20261125T071200Z-cat.jpg", 1795590720000, "cat.jpg"),
        ("2026-11-25T07:12:00.123456789Z", 1795590720123, "2026-11-25T07:12:00.123456789Z"),
    ],
)
def test_a_foreign_id_may_begin_with_a_timestamp(
    image_id: str, created_at_ms: int, filename: str
) -> None:
    assert id_created_at_ms(image_id) == created_at_ms
    assert id_filename(image_id) == filename


@pytest.mark.parametrize(
    "image_id",
    [
        "cat.jpg",
        "176385342212-a.jpg",
        "17638534221234-a.jpg",
        "0763853422123-a.jpg",
        "4915112345678-a.jpg",  # a telephone number, or the year 2125
        "0999999999-a.jpg",
        "1763853422123a.jpg",
        "2026-11-25T07:12:00-a.jpg",  # local time
        "2026-11-25T07:12:00+02:00-a.jpg",
        "2026-02-31T07:12:00Z-a.jpg",
        "2026-11-25T24:12:00Z-a.jpg",
        "0001-01-01T00:00:00Z-a.jpg",
        "9999-12-31T23:59:59Z-a.jpg",
        "2026-11-25-a.jpg",
        "20261125-1763-4534-8221-230000000000",
        "\u0661\u0667\u0666\u0663\u0668\u0665\u0663\u0664\u0662\u0662\u0661\u0662\u0663-a.jpg",
    ],
)
def test_what_is_no_timestamp_is_part_of_the_name(image_id: str) -> None:
    assert id_created_at_ms(image_id) is None
    assert id_filename(image_id) == image_id


def test_logs_identify_an_image_without_its_file_name() -> None:
    assert OriginalKey("u", "1763853422123-secret.jpg").log_fields == {
        "userId": "u",
        "createdAt": 1763853422123,
    }
    foreign = OriginalKey("u", "secret.jpg")
    assert foreign.log_fields == {"userId": "u", "idHash": "6c94cf0219da0327"}
    assert foreign.log_name == "u/6c94cf0219da0327"


@pytest.mark.parametrize("width", [0, -1, 100_000])
def test_a_thumbnail_key_is_made_of_a_possible_width(width: int) -> None:
    with pytest.raises(InvalidKeyError):
        ThumbnailKey(width, "1763853422123-a.jpg")


@pytest.mark.parametrize("width", ["0", "007", "-1", "100000", "x", "", "２００"])
def test_a_thumbnail_key_has_a_plain_width(width: str) -> None:
    with pytest.raises(InvalidKeyError):
        ThumbnailKey.parse(f"thumbnails/{width}/1763853422123-a.jpg")


@pytest.mark.parametrize(
    "user_id",
    ["user_2abc", "auth0|5f7c8ec7", "eu-central-1:3f2a-b1", "a@b.example", "x" * 128, "..."],
)
def test_the_usual_identity_providers_ids_are_user_ids(user_id: str) -> None:
    assert check_user_id(user_id) == user_id


@pytest.mark.parametrize("user_id", ["", ".", "..", "a/b", "a b", "é", "x" * 129, "a\n", "a%2Fb"])
def test_other_user_ids_are_rejected(user_id: str) -> None:
    with pytest.raises(InvalidUserIdError):
        check_user_id(user_id)


@pytest.mark.parametrize(
    ("filename", "reduced"),
    [
        ("cat.jpg", "cat.jpg"),
        ("Crème Brûlée.JPEG", "Creme-Brulee.JPEG"),
        ("日本.png", "image.png"),
        (".jpg", "image.jpg"),
        ("..", "image"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\fakepath\\a b.gif", "C-fakepath-a-b.gif"),
        ("IMG 0001 (2).HEIC", "IMG-0001-2.HEIC"),
        ("no extension", "no-extension"),
        ("a." + "b" * 30, "a." + "b" * 30),
        ("x" * 200 + ".jpeg", "x" * 75 + ".jpeg"),
    ],
)
def test_a_file_name_is_reduced_to_safe_characters(filename: str, reduced: str) -> None:
    assert reduce_filename(filename) == reduced


@given(filenames)
def test_a_reduced_name_is_safe_and_short(filename: str) -> None:
    reduced = reduce_filename(filename)
    assert set(reduced) <= set(string.ascii_letters + string.digits + "._-")
    assert 1 <= len(reduced) <= 80


@pytest.mark.parametrize("filename", ["", "a" * 256, "é" * 128, "a\x00b", "a\nb", "\ud800", "\x7f"])
def test_an_invalid_file_name_is_rejected(filename: str) -> None:
    with pytest.raises(InvalidFilenameError):
        check_filename(filename)


@pytest.mark.parametrize("filename", ["a", "a" * 255, "é" * 127, "日本.png", ".."])
def test_a_file_name_within_the_rules_is_accepted_as_it_is(filename: str) -> None:
    assert check_filename(filename) == filename


def test_image_ids_sort_by_time() -> None:
    times_ms = [10**12, 1763853422123, END_MS - 1]
    ids = [new_image_id(ms, "ffffffff", "z.jpg") for ms in times_ms]
    assert sorted(ids) == ids
    assert [id_created_at_ms(image_id) for image_id in ids] == times_ms


@pytest.mark.parametrize(
    ("timestamp_ms", "nonce"),
    [
        (10**12 - 1, "9f86d081"),
        (10**13, "9f86d081"),
        (1763853422123, "9F86D081"),
        (1763853422123, "9f86d0811"),
    ],
)
def test_an_image_id_is_made_of_a_full_timestamp_and_nonce(timestamp_ms: int, nonce: str) -> None:
    with pytest.raises(ValueError, match=re.compile("digits")):
        new_image_id(timestamp_ms, nonce, "a.jpg")


def test_a_key_of_an_invalid_user_says_so() -> None:
    with pytest.raises(InvalidKeyError, match="user id"):
        OriginalKey.parse("uploads/a b/1763853422123-9f86d081-cat.jpg")
