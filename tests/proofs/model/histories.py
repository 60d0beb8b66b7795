"""Histories that hypothesis makes up and, when one goes wrong, makes as short as it can."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contract.keys import OriginalKey
from resizer.settings import Settings
from tests.proofs.model.system import IMAGE_IDS, USERS, Aws, System

STEPS_PER_HISTORY = 50
MOST_WORKERS = 4

keys = st.builds(OriginalKey, st.sampled_from(USERS), st.sampled_from(IMAGE_IDS))
picks = st.integers(0, 2**16)


class History(RuleBasedStateMachine):
    """One rule is one step; `step` lets a single AWS call of one operation through."""

    aws: Aws
    model_settings: Settings
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.system = System(self.aws, self.model_settings)
        self.broken = False

    def idle(self) -> bool:
        return len(self.system.workers) < MOST_WORKERS

    def has_event(self) -> bool:
        return bool(self.system.events) and self.idle()

    def has_worker(self) -> bool:
        return bool(self.system.workers)

    def no_doctor(self) -> bool:
        return self.idle() and all(worker.name != "doctor" for worker in self.system.workers)

    @rule(key=keys)
    def plan(self, key: OriginalKey) -> None:
        self.system.plan(key)

    @rule(key=keys, good=st.sampled_from([True, True, True, False]))
    def upload(self, key: OriginalKey, good: bool) -> None:
        self.system.upload(key, good)

    @precondition(idle)
    @rule(key=keys)
    def upload_and_deliver(self, key: OriginalKey) -> None:
        self.system.upload(key, good=True)
        self.system.deliver(self.system.events[-1])

    @precondition(idle)
    @rule(key=keys)
    def put_row(self, key: OriginalKey) -> None:
        """A front end of its own replaces the row."""
        self.system.put_row(key)

    @precondition(has_event)
    @rule(pick=picks)
    def deliver_to_broken_engine(self, pick: int) -> None:
        events = self.system.events
        self.system.deliver_to_broken_engine(events[pick % len(events)])

    @rule(key=keys)
    def lose_original(self, key: OriginalKey) -> None:
        """A lifecycle rule, or another tool, removes it; nobody deleted the image."""
        self.system.remove_by_hand(key)

    @precondition(has_event)
    @rule(pick=picks, again=st.booleans())
    def deliver(self, pick: int, again: bool) -> None:
        """An event arrives: now or late, in any order, once or more often."""
        events = self.system.events
        ref = events[pick % len(events)]
        self.system.deliver(ref)
        if not again:
            events.remove(ref)

    @precondition(has_event)
    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        """Lambda repeats an invocation with the same request id."""
        events = self.system.events
        ref = events[pick % len(events)]
        self.system.deliver(ref, owner=f"event-{ref.sequencer}")

    @precondition(has_event)
    @rule(pick=picks)
    def give_up(self, pick: int) -> None:
        events = self.system.events
        self.system.give_up(events.pop(pick % len(events)))

    @precondition(idle)
    @rule(key=keys)
    def delete(self, key: OriginalKey) -> None:
        self.system.delete(key)

    @precondition(no_doctor)
    @rule()
    def doctor(self) -> None:
        self.system.doctor()

    @precondition(has_worker)
    @rule(pick=picks)
    def step(self, pick: int) -> None:
        self.system.step(self.system.workers[pick % len(self.system.workers)])

    @precondition(has_worker)
    @rule(pick=picks, calls=st.integers(2, 12))
    def steps_of_one(self, pick: int, calls: int) -> None:
        worker = self.system.workers[pick % len(self.system.workers)]
        for _ in range(calls):
            if not worker.finished:
                self.system.step(worker)
                self.holds()

    @precondition(has_worker)
    @rule(pick=picks)
    def rest_of_one(self, pick: int) -> None:
        worker = self.system.workers[pick % len(self.system.workers)]
        while not worker.finished:
            self.system.step(worker)
            self.holds()

    @precondition(has_worker)
    @rule(pick=picks)
    def crash(self, pick: int) -> None:
        self.system.crash(self.system.workers[pick % len(self.system.workers)])

    @rule(seconds=st.sampled_from([1, 60]))
    def wait(self, seconds: int) -> None:
        self.system.now_ms += seconds * 1000

    @invariant()
    def holds(self) -> None:
        type(self).steps += 1
        try:
            self.system.check()
        except AssertionError:
            self.broken = True
            raise

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.system.settle()
                self.system.check_settled()
        finally:
            self.system.clear()


def run_histories(aws: Aws, model_settings: Settings, histories: int, *, shrink: bool) -> int:
    """Run that many histories, the same ones each time; returns how many steps they took."""
    made: Any = type("History", (History,), {"aws": aws, "model_settings": model_settings})
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS_PER_HISTORY,
            derandomize=True,
            report_multiple_bugs=False,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return int(made.steps)
