import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.photo_facts import Camera
from contract.record import (
    NO_SEQUENCER,
    ImageRecord,
    Reason,
    Status,
    ThumbnailFacts,
    normal_sequencer,
)

IMAGE_ID = "1763853422123-9f86d081-cat.jpg"
OLD, NOW, NEW = (normal_sequencer(text) for text in ("0055AED6", "0055AED7", "0055AED8"))

times_ms = st.integers(10**11, 10**15)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 10**15 - 1)


def thumbnail(width: int, size: int) -> ThumbnailFacts:
    return ThumbnailFacts(f"thumbnails/{width}/{IMAGE_ID}", width, 133, size, "image/jpeg")


records = st.builds(
    ImageRecord,
    user_id=st.just("user_1"),
    image_id=st.just(IMAGE_ID),
    status=st.sampled_from(Status),
    created_at_ms=times_ms,
    filename=st.none() | texts,
    content_type=st.none() | texts,
    size=st.none() | numbers,
    width=st.none() | numbers,
    height=st.none() | numbers,
    thumbnails=st.dictionaries(st.sampled_from([200, 400, 800]), st.integers(1, 10**9)).map(
        lambda sizes: {width: thumbnail(width, size) for width, size in sizes.items()}
    ),
    placeholder=st.none() | texts,
    color=st.none() | texts,
    taken_at=st.sampled_from([None, "2026-05-01T12:34:56", "2026-05-01T12:34:56+02:00"]),
    camera=st.builds(Camera.of, st.none() | texts, st.none() | texts),
    error=st.none() | st.sampled_from([str(reason) for reason in Reason]),
    sequencer=st.none() | st.sampled_from([OLD, NOW, NEW]),
    e_tag=st.none() | texts,
    expires_at_s=st.none() | numbers,
    claimed_by=st.none() | texts,
    claimed_until_ms=st.none() | numbers,
    gave_up_event=st.none() | texts,
    partial=st.booleans(),
    archived=st.booleans(),
)


@given(records)
def test_a_record_survives_a_round_trip_through_its_item(record: ImageRecord) -> None:
    assert ImageRecord.from_item(record.to_item()) == record


def test_attributes_of_a_later_version_are_ignored() -> None:
    record = ImageRecord(user_id="u", image_id=IMAGE_ID, status=Status.PENDING, created_at_ms=1)
    assert ImageRecord.from_item(record.to_item() | {"later": {"S": "x"}}) == record


def test_a_flag_has_an_attribute_only_where_it_is_true() -> None:
    record = ImageRecord(user_id="u", image_id=IMAGE_ID, status=Status.DONE, created_at_ms=1)
    item = dataclasses.replace(record, partial=True).to_item()
    assert item == record.to_item() | {"partial": {"BOOL": True}}
    for foreign in ({"BOOL": False}, {"S": "true"}, {"N": "1"}):
        assert not ImageRecord.from_item(item | {"partial": foreign}).partial


def test_an_item_has_the_documented_attributes() -> None:
    record = ImageRecord(
        user_id="u",
        image_id=IMAGE_ID,
        status=Status.DONE,
        created_at_ms=1763853422123,
        thumbnails={
            200: ThumbnailFacts(f"thumbnails/200/{IMAGE_ID}", 200, 133, 9000, "image/jpeg")
        },
    )
    assert record.to_item() == {
        "userId": {"S": "u"},
        "imageId": {"S": IMAGE_ID},
        "originalKey": {"S": f"uploads/u/{IMAGE_ID}"},
        "status": {"S": "done"},
        "createdAt": {"N": "1763853422123"},
        "thumb200Key": {"S": f"thumbnails/200/{IMAGE_ID}"},
        "thumbnails": {
            "M": {
                "200": {
                    "M": {
                        "width": {"N": "200"},
                        "height": {"N": "133"},
                        "bytes": {"N": "9000"},
                        "contentType": {"S": "image/jpeg"},
                    }
                }
            }
        },
    }


def test_what_a_record_lacks_has_no_attribute() -> None:
    record = ImageRecord(user_id="u", image_id=IMAGE_ID, status=Status.PENDING, created_at_ms=1)
    assert set(record.to_item()) == {"userId", "imageId", "originalKey", "status", "createdAt"}


def test_a_sequencer_is_padded_to_32_digits() -> None:
    """As stored records have it: another length would compare wrongly with theirs."""
    assert normal_sequencer("0055aed6dcd90281e5") == "0055AED6DCD90281E500000000000000"
    assert normal_sequencer("f" * 32) == "F" * 32
    assert normal_sequencer("0") == NO_SEQUENCER == "00000000000000000000000000000000"


@pytest.mark.parametrize(
    ("older", "newer"),
    [("0055AED6DCD90281E5", "0055AED6DCD90281E6"), ("00", "0001"), ("0a", "0B"), ("12", "123")],
)
def test_sequencers_compare_padded_on_the_right(older: str, newer: str) -> None:
    assert normal_sequencer(older) < normal_sequencer(newer)


@pytest.mark.parametrize("sequencer", ["", "xyz", "0" * 33, "-1", " 1"])
def test_a_sequencer_is_hex(sequencer: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        normal_sequencer(sequencer)


# Rows that other programs wrote

NAMES = ["status", "createdAt", "originalKey", "filename", "contentType", "size", "width", "height"]
NAMES += ["placeholder", "color", "takenAt", "camera", "error", "sequencer", "eTag", "expiresAt"]
NAMES += ["claimedBy", "claimedUntil", "gaveUpEvent", "thumbnails", "thumb200Key", "thumb400Key"]
NUMBERS = st.sampled_from(["0", "-1", "1.5", "1E+40", "-1E+40", "1E-130", "9007199254740993"])
NUMBERS |= st.integers(-(10**38), 10**38).map(str)
words = texts | st.sampled_from(
    [*Status, *Reason, OLD, "uploads/user_1/a.jpg", "200", "2026-13-01"]
)
attributes = st.recursive(
    st.fixed_dictionaries({"S": words})
    | st.fixed_dictionaries({"N": NUMBERS})
    | st.just({"NULL": True})
    | st.fixed_dictionaries({"BOOL": st.booleans()})
    | st.fixed_dictionaries({"B": st.binary(max_size=8)})
    | st.fixed_dictionaries({"SS": st.lists(words, min_size=1, max_size=2)}),
    lambda inner: (
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries(
            {
                "M": st.dictionaries(
                    st.sampled_from(["200", "400", "0", "x", "width", "height", "bytes"]) | texts,
                    inner,
                    max_size=4,
                )
            }
        )
    ),
)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
items = st.builds(
    lambda user_id, image_id, rest: {
        **rest,
        "userId": {"S": user_id},
        "imageId": {"S": image_id},
    },
    keys | st.just("user_1"),
    keys | st.just(IMAGE_ID),
    st.dictionaries(st.sampled_from(NAMES), attributes),
)
WHOLE = ["created_at_ms", "size", "width", "height", "expires_at_s", "claimed_until_ms"]
TEXTS = ["filename", "content_type", "placeholder", "color", "error", "sequencer", "e_tag"]


@given(items)
def test_no_item_whatsoever_fails_to_be_read(item: dict[str, Any]) -> None:
    record = ImageRecord.from_item(item)
    assert record.status in Status
    for name in WHOLE:
        value = getattr(record, name)
        assert value is None or abs(value) < 2**53
    for name in TEXTS:
        assert isinstance(getattr(record, name), str | None)
    for key in (str(record.key), *(fact.key for fact in record.thumbnails.values())):
        assert key.split("/")[-1] == (record.object_name or record.image_id) or key == "None"
    assert record.key is None or record.key.user_id == record.user_id


def row(**attributes: Any) -> ImageRecord:
    keys = {"userId": {"S": "user_1"}, "imageId": {"S": "0c9d4b5e-8f0a"}}
    return ImageRecord.from_item({**keys, **attributes})


@pytest.mark.parametrize("status", ["uploaded", "", "DONE", "done "])
def test_an_unknown_status_reads_as_processing(status: str) -> None:
    assert row(status={"S": status}).status is Status.PROCESSING
    assert row(status={"S": status}).is_bare


def test_a_missing_status_reads_as_processing() -> None:
    assert row().status is Status.PROCESSING
    assert row(status={"NULL": True}).status is Status.PROCESSING


@pytest.mark.parametrize(
    ("attribute", "created_at_ms"),
    [
        ({"N": "1763853422123"}, 1763853422123),
        ({"N": "1763853422"}, 1763853422000),
        ({"N": "1763853422.25"}, 1763853422250),
        ({"N": "1763853422123.5"}, 1763853422123),
        ({"S": "1763853422123"}, 1763853422123),
        ({"S": "2025-11-22T23:17:02.123Z"}, 1763853422123),
        ({"S": "yesterday"}, None),
        ({"S": "1763853422123-x"}, None),
        ({"N": "-5"}, None),
        ({"N": "1E+40"}, None),
        ({"BOOL": True}, None),
    ],
)
def test_other_programs_times_are_understood(
    attribute: dict[str, Any], created_at_ms: int | None
) -> None:
    assert row(createdAt=attribute).created_at_ms == created_at_ms


def test_an_id_that_says_when_stands_in_for_a_missing_time() -> None:
    item = {"userId": {"S": "u"}, "imageId": {"S": IMAGE_ID}, "createdAt": {"S": "yesterday"}}
    assert ImageRecord.from_item(item).created_at_ms == 1763853422123


def test_a_rows_original_key_may_name_another_object_than_its_id() -> None:
    record = row(originalKey={"S": "uploads/user_1/cat 1.jpg"})
    assert str(record.key) == "uploads/user_1/cat 1.jpg"
    assert record.image_id == "0c9d4b5e-8f0a"
    assert ImageRecord.from_item(record.to_item()) == record


@pytest.mark.parametrize(
    "original_key",
    [
        {"S": "uploads/user_2/1763853422123-9f86d081-cat.jpg"},
        {"S": "uploads/user_1/../user_2/cat.jpg"},
        {"S": "uploads/user_1/.."},
        {"S": "uploads/user_1/a/b.jpg"},
        {"S": "/uploads/user_1/cat.jpg"},
        {"S": "s3://bucket/uploads/user_1/cat.jpg"},
        {"S": "https://bucket.s3.amazonaws.com/uploads/user_1/cat.jpg"},
        {"S": "thumbnails/200/cat.jpg"},
        {"S": "backup/secret"},
        {"S": ""},
        {"N": "1"},
        {"L": [{"S": "uploads/user_1/cat.jpg"}]},
    ],
)
def test_no_row_makes_the_api_sign_an_object_that_is_not_its_users(
    original_key: dict[str, Any],
) -> None:
    assert str(row(originalKey=original_key).key) == "uploads/user_1/0c9d4b5e-8f0a"


def test_the_row_of_a_planned_upload_is_its_own_objects_whatever_it_says() -> None:
    item = {
        "userId": {"S": "user_1"},
        "imageId": {"S": IMAGE_ID},
        "originalKey": {"S": "uploads/user_1/cat.jpg"},
    }
    assert str(ImageRecord.from_item(item).key) == f"uploads/user_1/{IMAGE_ID}"


@pytest.mark.parametrize("image_id", ["a/b", "\n", "é" * 401, ".."])
def test_a_row_that_names_no_object_has_no_key(image_id: str) -> None:
    item = {"userId": {"S": "user_1"}, "imageId": {"S": image_id}, "thumbnails": FACTS}
    record = ImageRecord.from_item(item)
    assert record.key is None
    assert not record.thumbnails
    assert "originalKey" not in record.to_item()


FACTS = {
    "M": {
        "200": {
            "M": {
                "width": {"N": "200"},
                "height": {"N": "133"},
                "bytes": {"N": "9000"},
                "contentType": {"S": "image/jpeg"},
            }
        }
    }
}


def test_a_thumbnail_is_shown_only_under_the_key_of_its_own_original() -> None:
    own = row(
        originalKey={"S": "uploads/user_1/cat.jpg"},
        thumbnails=FACTS,
        thumb200Key={"S": "thumbnails/200/cat.jpg"},
    )
    assert own.thumbnails[200].key == "thumbnails/200/cat.jpg"
    for key in ("thumbnails/200/dog.jpg", "thumbnails/400/cat.jpg", "uploads/user_2/cat.jpg"):
        record = row(
            originalKey={"S": "uploads/user_1/cat.jpg"}, thumbnails=FACTS, thumb200Key={"S": key}
        )
        assert not record.thumbnails


@pytest.mark.parametrize(
    "facts",
    [
        {"L": []},
        {"M": {"200": {"S": "x"}}},
        {"M": {"200": {"M": {"width": {"N": "200"}}}}},
        {"M": {"0200": FACTS["M"]["200"], "-200": FACTS["M"]["200"], "٢٠٠": FACTS["M"]["200"]}},
        {"S": "x"},
        {"NULL": True},
    ],
)
def test_thumbnails_of_another_shape_are_ignored(facts: dict[str, Any]) -> None:
    assert not row(thumbnails=facts, thumb200Key={"S": "thumbnails/200/0c9d4b5e-8f0a"}).thumbnails


def test_only_a_sequencer_in_our_form_is_one() -> None:
    assert row(sequencer={"S": NOW}).sequencer == NOW
    for attribute in ({"S": "0055AED7"}, {"S": NOW.lower()}, {"N": "7"}, {"S": NOW + "0"}):
        assert row(sequencer=attribute).sequencer is None


def test_an_error_that_no_client_knows_is_left_out() -> None:
    assert row(status={"S": "failed"}, error={"S": "disk full"}).error is None
    assert row(status={"S": "failed"}, error={"S": "gave_up"}).error == Reason.GAVE_UP


def test_only_rows_without_our_sequencer_are_bare() -> None:
    assert row(status={"S": "done"}).is_bare
    assert not row(status={"S": "done"}, sequencer={"S": NOW}).is_bare
    assert not row(status={"S": "pending"}).is_bare
    assert not row(status={"S": "deleted"}).is_bare
