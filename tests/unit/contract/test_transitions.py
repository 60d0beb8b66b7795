"""What the transition table allows, read by the oracle.

`tests/integration/contract/test_conditions.py` compares the oracle with the conditions that run.
"""

from dataclasses import replace

import pytest

from contract.conditions import condition
from contract.record import ImageRecord, Status, normal_sequencer
from contract.transitions import TRANSITIONS, Change, Transition
from tests.unit.contract.transition_oracle import permits

OLD, NOW, NEW = (normal_sequencer(text) for text in ("0055AED6", "0055AED7", "0055AED8"))


def record_in(status: Status, sequencer: str | None = NOW, **changes: object) -> ImageRecord:
    record = ImageRecord(
        user_id="u",
        image_id="1763853422123-9f86d081-cat.jpg",
        status=status,
        created_at_ms=1,
        sequencer=sequencer,
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # fields by name


ME, OTHER = "a", "b"
STATES: dict[str, ImageRecord | None] = {
    "missing": None,
    "pending": record_in(Status.PENDING, None),
    "processing, mine": record_in(Status.PROCESSING, claimed_by=ME, claimed_until_ms=100),
    "processing, another's": record_in(Status.PROCESSING, claimed_by=OTHER, claimed_until_ms=100),
    "processing, a dead one's": record_in(Status.PROCESSING, claimed_by=OTHER, claimed_until_ms=9),
    "processing, an older event": record_in(Status.PROCESSING, OLD, claimed_by=ME),
    "processing, a newer event": record_in(Status.PROCESSING, NEW, claimed_by=ME),
    "done": record_in(Status.DONE),
    "done, an older event": record_in(Status.DONE, OLD),
    "done, a newer event": record_in(Status.DONE, NEW),
    "failed": record_in(Status.FAILED),
    "failed, an older event": record_in(Status.FAILED, OLD),
    "failed, a newer event": record_in(Status.FAILED, NEW),
    "deleted": record_in(Status.DELETED),
}
NEW_UPLOAD = {"missing", "pending"}
FREE_CLAIM = {"processing, mine", "processing, a dead one's"}
OLDER_EVENT = {"processing, an older event", "done, an older event", "failed, an older event"}


@pytest.mark.parametrize(
    ("transition", "allowed"),
    [
        (Transition.PLAN, {"missing"}),
        (Transition.CLAIM, NEW_UPLOAD | FREE_CLAIM | OLDER_EVENT),
        (Transition.REDO, NEW_UPLOAD | FREE_CLAIM | {"done", "failed"}),
        (Transition.COMPLETE, {"processing, mine"}),
        (Transition.REFRESH, {"done"}),
        (Transition.FAIL, {"processing, mine"}),
        (Transition.GIVE_UP, NEW_UPLOAD | FREE_CLAIM | OLDER_EVENT),
        (Transition.ARCHIVE, FREE_CLAIM | {"done", "failed"}),
        (Transition.FORGET, {"processing, mine"}),
        (Transition.DELETE, set(STATES) - {"missing"}),
    ],
)
def test_the_table_allows_just_what_the_design_says(
    transition: Transition, allowed: set[str]
) -> None:
    change = Change(NOW, ME, 50)
    assert {name for name, record in STATES.items() if permits(transition, record, change)} == (
        allowed
    )


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.DONE, Status.FAILED])
def test_only_a_newer_event_claims_an_image_that_was_claimed_before(status: Status) -> None:
    record = record_in(status, claimed_by="a", claimed_until_ms=100)
    assert permits(Transition.CLAIM, record, Change(NEW, "b", 50))
    assert not permits(Transition.CLAIM, record, Change(OLD, "b", 50))
    assert not permits(Transition.CLAIM, record, Change(NOW, "b", 50))


def test_the_same_event_takes_over_its_own_or_a_dead_workers_claim() -> None:
    record = record_in(Status.PROCESSING, claimed_by="a", claimed_until_ms=100)
    assert permits(Transition.CLAIM, record, Change(NOW, "a", 50))
    assert permits(Transition.CLAIM, record, Change(NOW, "b", 101))


def test_a_worker_whose_claim_was_taken_over_can_no_longer_finish() -> None:
    record = record_in(Status.PROCESSING, claimed_by="b", claimed_until_ms=100)
    for transition in (Transition.COMPLETE, Transition.FAIL, Transition.FORGET):
        assert permits(transition, record, Change(NOW, "b", 50))
        assert not permits(transition, record, Change(NOW, "a", 50))


def test_nothing_but_delete_leaves_a_tombstone() -> None:
    record = record_in(Status.DELETED)
    allowed = {t for t in Transition if permits(t, record, Change(NEW, "a", 10**15))}
    assert allowed == {Transition.DELETE}


def test_no_event_with_the_same_sequencer_changes_a_final_status() -> None:
    for status in (Status.DONE, Status.FAILED):
        for transition in (Transition.CLAIM, Transition.COMPLETE, Transition.FAIL):
            assert not permits(transition, record_in(status), Change(NOW, "a", 10**15))


@pytest.mark.parametrize("transition", Transition)
def test_each_condition_has_only_the_names_and_values_that_it_uses(transition: Transition) -> None:
    made = condition(transition, Change(NOW, "a", 1))
    for placeholder in (*made.names, *made.values):
        assert placeholder in made.expression
    assert made.expression.count(":") >= len(made.values)
    assert TRANSITIONS[transition][1], "a transition without a rule could never happen"
