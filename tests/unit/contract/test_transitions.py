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
