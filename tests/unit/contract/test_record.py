from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.conditions import condition
from contract.metadata import decode_filename, encode_filename
from contract.record import ImageRecord, Status, ThumbnailFacts, normal_sequencer
from contract.transitions import TRANSITIONS, Change, Transition
from tests.unit.contract.transition_oracle import permits

IMAGE_ID = "1763853422123-9f86d081-cat.jpg"
OLD, NOW, NEW = (normal_sequencer(text) for text in ("0055AED6", "0055AED7", "0055AED8"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 10**15)
facts = st.builds(ThumbnailFacts, texts, numbers, numbers, numbers, texts)
records = st.builds(
    ImageRecord,
    user_id=st.just("user_1"),
    image_id=st.just(IMAGE_ID),
    status=st.sampled_from(Status),
    created_at_ms=numbers,
    filename=st.none() | texts,
    content_type=st.none() | texts,
    size=st.none() | numbers,
    width=st.none() | numbers,
    height=st.none() | numbers,
    thumbnails=st.dictionaries(st.sampled_from([200, 400, 800]), facts),
    placeholder=st.none() | texts,
    color=st.none() | texts,
    error=st.none() | texts,
    sequencer=st.none() | st.sampled_from([OLD, NOW, NEW]),
    e_tag=st.none() | texts,
    expires_at_s=st.none() | numbers,
    claimed_by=st.none() | texts,
    claimed_until_ms=st.none() | numbers,
    gave_up_event=st.none() | texts,
)


@given(records)
def test_a_record_survives_the_way_to_its_item_and_back(record: ImageRecord) -> None:
    assert ImageRecord.from_item(record.to_item()) == record


def test_attributes_of_a_later_version_are_left_aside() -> None:
    record = ImageRecord(user_id="u", image_id=IMAGE_ID, status=Status.PENDING, created_at_ms=1)
    assert ImageRecord.from_item(record.to_item() | {"later": {"S": "x"}}) == record


def test_an_item_has_the_attributes_that_the_design_names() -> None:
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


def record_in(status: Status, sequencer: str | None = NOW, **changes: object) -> ImageRecord:
    record = ImageRecord(
        user_id="u", image_id=IMAGE_ID, status=status, created_at_ms=1, sequencer=sequencer
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.DONE, Status.FAILED])
def test_only_a_newer_event_claims_what_was_claimed_before(status: Status) -> None:
    record = record_in(status, claimed_by="a", claimed_until_ms=100)
    assert permits(Transition.CLAIM, record, Change(NEW, "b", 50))
    assert not permits(Transition.CLAIM, record, Change(OLD, "b", 50))
    assert not permits(Transition.CLAIM, record, Change(NOW, "b", 50))


def test_the_same_event_takes_over_its_own_or_a_dead_workers_claim() -> None:
    record = record_in(Status.PROCESSING, claimed_by="a", claimed_until_ms=100)
    assert permits(Transition.CLAIM, record, Change(NOW, "a", 50))
    assert permits(Transition.CLAIM, record, Change(NOW, "b", 101))


def test_a_worker_whose_claim_was_taken_over_can_no_longer_end_it() -> None:
    record = record_in(Status.PROCESSING, claimed_by="b", claimed_until_ms=100)
    for transition in (Transition.COMPLETE, Transition.FAIL, Transition.FORGET):
        assert permits(transition, record, Change(NOW, "b", 50))
        assert not permits(transition, record, Change(NOW, "a", 50))


def test_nothing_but_delete_leaves_a_tombstone() -> None:
    record = record_in(Status.DELETED)
    allowed = {t for t in Transition if permits(t, record, Change(NEW, "a", 10**15))}
    assert allowed == {Transition.DELETE}


def test_for_one_sequencer_no_event_leads_away_from_an_end() -> None:
    for status in (Status.DONE, Status.FAILED):
        for transition in (Transition.CLAIM, Transition.COMPLETE, Transition.FAIL):
            assert not permits(transition, record_in(status), Change(NOW, "a", 10**15))


@pytest.mark.parametrize("transition", Transition)
def test_each_condition_names_and_values_just_what_it_uses(transition: Transition) -> None:
    made = condition(transition, Change(NOW, "a", 1))
    for placeholder in (*made.names, *made.values):
        assert placeholder in made.expression
    assert made.expression.count(":") >= len(made.values)
    assert TRANSITIONS[transition][1], "a transition without a rule could never happen"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_file_name_survives_the_way_through_metadata(filename: str) -> None:
    assert encode_filename(filename).isascii()
    assert decode_filename(encode_filename(filename)) == filename
