"""Which status of an image record may change to which: the one table of transitions.

`contract.conditions` turns it into DynamoDB condition expressions. A status that another program
invented counts as `processing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from contract.record import NO_SEQUENCER, Status


class Order(Enum):
    """How the sequencer of a change must compare to the record's."""

    ANY = "any"
    SAME = "the same"
    NEWER = "newer"
    FIRST = "first"  # the record has none, or not in our form: another program wrote it


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a transition is allowed. `None` in `before` is a missing record."""

    before: frozenset[Status | None]
    order: Order = Order.ANY
    unclaimed: bool = False  # no other worker may hold a claim that has not expired
    owned: bool = False  # the claim must be the worker's own: no other has taken it over


class Transition(StrEnum):
    PLAN = "plan"  # API: an upload was planned
    CLAIM = "claim"  # resizer: an event arrived
    REDO = "redo"  # doctor: the event was lost, or an operator retries
    COMPLETE = "complete"
    REFRESH = "refresh"  # doctor: thumbnails of a finished image were remade
    FAIL = "fail"
    GIVE_UP = "give_up"  # resizer: the retries of the event are used up
    ARCHIVE = "archive"  # the original is gone or frozen, the thumbnails stay
    FORGET = "forget"  # the original is gone: remove the record
    DELETE = "delete"  # API: leave a tombstone


_NEW: frozenset[Status | None] = frozenset({None, Status.PENDING})
_PROCESSING: frozenset[Status | None] = frozenset({Status.PROCESSING})
_DONE: frozenset[Status | None] = frozenset({Status.DONE})
_ENDED: frozenset[Status | None] = frozenset({Status.DONE, Status.FAILED})
_BARE = Rule(_PROCESSING | _ENDED, Order.FIRST)  # a row of another program is adopted

TRANSITIONS: Mapping[Transition, tuple[Status | None, tuple[Rule, ...]]] = {
    Transition.PLAN: (Status.PENDING, (Rule(frozenset({None})),)),
    Transition.CLAIM: (
        Status.PROCESSING,
        (
            Rule(_NEW),
            _BARE,
            Rule(_PROCESSING | _ENDED, Order.NEWER),
            Rule(_PROCESSING, Order.SAME, unclaimed=True),
        ),
    ),
    Transition.REDO: (
        Status.PROCESSING,
        (
            Rule(_NEW),
            _BARE,
            Rule(_PROCESSING, Order.SAME, unclaimed=True),
            Rule(_ENDED, Order.SAME),
        ),
    ),
    Transition.COMPLETE: (Status.DONE, (Rule(_PROCESSING, Order.SAME, owned=True),)),
    Transition.REFRESH: (Status.DONE, (Rule(_DONE, Order.SAME),)),
    Transition.FAIL: (Status.FAILED, (Rule(_PROCESSING, Order.SAME, owned=True),)),
    Transition.GIVE_UP: (
        Status.FAILED,
        (
            Rule(_NEW),
            _BARE,
            Rule(_PROCESSING | _ENDED, Order.NEWER),
            Rule(_PROCESSING, Order.SAME, unclaimed=True),
        ),
    ),
    Transition.ARCHIVE: (
        Status.DONE,
        (Rule(_ENDED, Order.SAME), Rule(_PROCESSING, Order.SAME, unclaimed=True)),
    ),
    Transition.FORGET: (None, (Rule(_PROCESSING, Order.SAME, owned=True),)),
    Transition.DELETE: (
        Status.DELETED,
        (Rule(_PROCESSING | _ENDED | {Status.PENDING, Status.DELETED}),),
    ),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a change is about: the event's sequencer, the claim's owner, the time."""

    sequencer: str = NO_SEQUENCER
    owner: str = ""
    now_ms: int = 0
