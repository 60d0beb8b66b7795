"""The image record: its fields, its item form in DynamoDB, and the one table of its transitions.

What may follow what is said here once. `contract.conditions` makes DynamoDB condition expressions
from the table, and `permits` decides the same in memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Self

from contract.keys import OriginalKey

Item = dict[str, dict[str, Any]]  # an item as the DynamoDB client takes it: {"size": {"N": "1"}}

SEQUENCER_DIGITS = 32
NO_SEQUENCER = "0" * SEQUENCER_DIGITS  # for an object that no event was seen for
_HEX = re.compile(r"[0-9A-F]{1,32}")


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"


class Reason(StrEnum):
    """Why an image is `failed`. Stable: clients switch on it."""

    UNSUPPORTED_FORMAT = "unsupported_format"
    CORRUPT_IMAGE = "corrupt_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    KEY_COLLISION = "key_collision"
    GAVE_UP = "gave_up"


def normal_sequencer(sequencer: str) -> str:
    """Bring a sequencer to a form in which string order is event order.

    Padded with zeros on the right, as the S3 User Guide says in "Event message structure".
    Only sequencers of one key compare. Raises ValueError on anything but 1 to 32 hex digits.
    """
    upper = sequencer.upper()
    if not _HEX.fullmatch(upper):
        raise ValueError("a sequencer is 1 to 32 hex digits")
    return upper.ljust(SEQUENCER_DIGITS, "0")


class Order(Enum):
    """How the sequencer of a change must stand to the record's."""

    ANY = "any"
    SAME = "the same"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a transition is allowed. `None` in `before` is the missing record."""

    before: frozenset[Status | None]
    order: Order = Order.ANY
    unclaimed: bool = False  # nobody else's claim may be running
    owned: bool = False  # the claim must be one's own: a worker that was taken over is out


class Transition(StrEnum):
    PLAN = "plan"  # api: an upload was planned
    CLAIM = "claim"  # resizer: an event came
    REDO = "redo"  # doctor: the event was lost, or an operator asks again
    COMPLETE = "complete"
    REFRESH = "refresh"  # doctor: thumbnails of a finished image were made again
    FAIL = "fail"
    GIVE_UP = "give_up"  # the retries of the event are used up
    FORGET = "forget"  # the original is gone: the record goes too
    DELETE = "delete"  # api: leave a tombstone


_NEW: frozenset[Status | None] = frozenset({None, Status.PENDING})
_PROCESSING: frozenset[Status | None] = frozenset({Status.PROCESSING})
_DONE: frozenset[Status | None] = frozenset({Status.DONE})
_ENDED: frozenset[Status | None] = frozenset({Status.DONE, Status.FAILED})

TRANSITIONS: Mapping[Transition, tuple[Status | None, tuple[Rule, ...]]] = {
    Transition.PLAN: (Status.PENDING, (Rule(frozenset({None})),)),
    Transition.CLAIM: (
        Status.PROCESSING,
        (
            Rule(_NEW),
            Rule(_PROCESSING | _ENDED, Order.NEWER),
            Rule(_PROCESSING, Order.SAME, unclaimed=True),
        ),
    ),
    Transition.REDO: (
        Status.PROCESSING,
        (
            Rule(_NEW),
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
            Rule(_PROCESSING | _ENDED, Order.NEWER),
            Rule(_PROCESSING, Order.SAME, unclaimed=True),
        ),
    ),
    Transition.FORGET: (None, (Rule(_PROCESSING, Order.SAME, owned=True),)),
    Transition.DELETE: (
        Status.DELETED,
        (Rule(_PROCESSING | _ENDED | {Status.PENDING, Status.DELETED}),),
    ),
}


@dataclass(frozen=True, slots=True)
class ThumbnailFacts:
    """A stored thumbnail: pixels, bytes and media type; `key` is its object key."""

    key: str
    width: int
    height: int
    bytes: int
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """One image. `created_at` and `claimed_until` in milliseconds, `expires_at` in seconds."""

    user_id: str
    image_id: str
    status: Status
    created_at: int
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    thumbnails: Mapping[int, ThumbnailFacts] = field(default_factory=dict)
    placeholder: str | None = None
    color: str | None = None
    error: str | None = None
    sequencer: str | None = None
    e_tag: str | None = None
    expires_at: int | None = None
    claimed_by: str | None = None
    claimed_until: int | None = None
    gave_up_event: str | None = None

    @property
    def key(self) -> OriginalKey:
        return OriginalKey(self.user_id, self.image_id)

    def to_item(self) -> Item:
        """The item as the DynamoDB client takes it; what is None has no attribute."""
        item: Item = {"originalKey": {"S": str(self.key)}}
        for name, attribute, kind in _SCALARS:
            value = getattr(self, name)
            if value is not None:
                item[attribute] = {kind: str(value)}
        if self.thumbnails:
            item |= thumbnails_to_item(self.thumbnails)
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read an item; attributes that this version does not know are left aside."""
        values: dict[str, Any] = {}
        for name, attribute, kind in _SCALARS:
            if attribute in item:
                text = item[attribute][kind]
                values[name] = int(text) if kind == "N" else text
        values["status"] = Status(values["status"])
        facts = item.get("thumbnails", {"M": {}})["M"]
        values["thumbnails"] = {
            int(width): ThumbnailFacts(
                key=item[thumbnail_key_attribute(int(width))]["S"],
                width=int(fact["M"]["width"]["N"]),
                height=int(fact["M"]["height"]["N"]),
                bytes=int(fact["M"]["bytes"]["N"]),
                content_type=fact["M"]["contentType"]["S"],
            )
            for width, fact in facts.items()
        }
        return cls(**values)


_SCALARS = (  # field, attribute, DynamoDB type
    ("user_id", "userId", "S"),
    ("image_id", "imageId", "S"),
    ("status", "status", "S"),
    ("created_at", "createdAt", "N"),
    ("filename", "filename", "S"),
    ("content_type", "contentType", "S"),
    ("size", "size", "N"),
    ("width", "width", "N"),
    ("height", "height", "N"),
    ("placeholder", "placeholder", "S"),
    ("color", "color", "S"),
    ("error", "error", "S"),
    ("sequencer", "sequencer", "S"),
    ("e_tag", "eTag", "S"),
    ("expires_at", "expiresAt", "N"),
    ("claimed_by", "claimedBy", "S"),
    ("claimed_until", "claimedUntil", "N"),
    ("gave_up_event", "gaveUpEvent", "S"),
)


def thumbnail_key_attribute(width: int) -> str:
    return f"thumb{width}Key"


def thumbnails_to_item(thumbnails: Mapping[int, ThumbnailFacts]) -> Item:
    """The attributes `thumbnails` and `thumb<width>Key` of these thumbnails."""
    facts = {
        str(nominal): {
            "M": {
                "width": {"N": str(fact.width)},
                "height": {"N": str(fact.height)},
                "bytes": {"N": str(fact.bytes)},
                "contentType": {"S": fact.content_type},
            }
        }
        for nominal, fact in thumbnails.items()
    }
    keys: Item = {thumbnail_key_attribute(w): {"S": fact.key} for w, fact in thumbnails.items()}
    return {"thumbnails": {"M": facts}, **keys}


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes a record: the sequencer of the event, the claim's owner, the time."""

    sequencer: str = NO_SEQUENCER
    owner: str = ""
    now_ms: int = 0


def permits(transition: Transition, record: ImageRecord | None, change: Change) -> bool:
    """Whether the table allows `transition` of `record` by `change`."""
    _, rules = TRANSITIONS[transition]
    return any(_holds(rule, record, change) for rule in rules)


def _holds(rule: Rule, record: ImageRecord | None, change: Change) -> bool:
    if record is None:
        return None in rule.before
    if record.status not in rule.before:
        return False
    if not _in_order(rule.order, record.sequencer, change.sequencer):
        return False
    if rule.owned and record.claimed_by != change.owner:
        return False
    return not rule.unclaimed or _unclaimed(record, change)


def _in_order(order: Order, current: str | None, new: str) -> bool:
    if order is Order.ANY:
        return True
    if current is None:
        return False
    return new == current if order is Order.SAME else new > current


def _unclaimed(record: ImageRecord, change: Change) -> bool:
    until = record.claimed_until
    return record.claimed_by == change.owner or until is None or until < change.now_ms
