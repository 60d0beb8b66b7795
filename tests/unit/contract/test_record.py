import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    created_at_ms=st.none() | times_ms,
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
    error=st.none() | st.sampled_from([str(reason) for reason in Reason]),
    sequencer=st.none() | st.sampled_from([OLD, NOW, NEW]),
    e_tag=st.none() | texts,
    expires_at_s=st.none() | numbers,
    claimed_by=st.none() | texts,
    claimed_until_ms=st.none() | numbers,
    gave_up_event=st.none() | texts,
)


@given(records)
def test_a_record_survives_a_round_trip_through_its_item(record: ImageRecord) -> None:
    assert ImageRecord.from_item(record.to_item()) == record


def test_attributes_of_a_later_version_are_ignored() -> None:
    record = ImageRecord(user_id="u", image_id=IMAGE_ID, status=Status.PENDING, created_at_ms=1)
    assert ImageRecord.from_item(record.to_item() | {"later": {"S": "x"}}) == record


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
