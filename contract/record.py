"""The image record: its fields, its statuses, and its item form in DynamoDB."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from contract.keys import OriginalKey

Item = dict[str, dict[str, Any]]  # as the DynamoDB client expects it: {"size": {"N": "1"}}

SEQUENCER_DIGITS = 32
NO_SEQUENCER = "0" * SEQUENCER_DIGITS  # of an object whose event was never seen
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
    ENGINE_ERROR = "engine_error"


# The environment's fault or ours: the bytes may be good, and `doctor --redrive` tries them again.
RETRIED_BY_REDRIVE = frozenset({Reason.GAVE_UP, Reason.ENGINE_ERROR})


def normal_sequencer(sequencer: str) -> str:
    """The sequencer in a form whose string order is the order of events.

    Padded with zeros on the right, as the S3 User Guide says in "Event message structure".
    Only sequencers of one key can be compared. Raises ValueError unless it is 1 to 32 hex digits.
    """
    upper = sequencer.upper()
    if not _HEX.fullmatch(upper):
        raise ValueError("a sequencer must be 1 to 32 hex digits")
    return upper.ljust(SEQUENCER_DIGITS, "0")


def is_normal_sequencer(text: str) -> bool:
    """Whether the text is what `normal_sequencer` returns for some sequencer."""
    return len(text) == SEQUENCER_DIGITS and _HEX.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ThumbnailFacts:
    """A stored thumbnail; width and height in pixels, `key` is its object key."""

    key: str
    width: int
    height: int
    bytes: int
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """One image. Times are since the epoch: `_ms` in milliseconds, `_s` in seconds."""

    user_id: str
    image_id: str
    status: Status
    created_at_ms: int
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
    expires_at_s: int | None = None
    upload_until_s: int | None = None  # when the upload URL expires, until it is used
    claimed_by: str | None = None
    claimed_until_ms: int | None = None
    gave_up_event: str | None = None

    @property
    def key(self) -> OriginalKey:
        return OriginalKey(self.user_id, self.image_id)

    def to_item(self) -> Item:
        """The item as the DynamoDB client expects it; a field that is None has no attribute."""
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
        """Read an item; attributes that this version does not know are ignored."""
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
    ("created_at_ms", "createdAt", "N"),
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
    ("expires_at_s", "expiresAt", "N"),
    ("upload_until_s", "uploadUntil", "N"),
    ("claimed_by", "claimedBy", "S"),
    ("claimed_until_ms", "claimedUntil", "N"),
    ("gave_up_event", "gaveUpEvent", "S"),
)


def thumbnail_key_attribute(width: int) -> str:
    return f"thumb{width}Key"


def thumbnails_to_item(thumbnails: Mapping[int, ThumbnailFacts]) -> Item:
    """The attributes `thumbnails` and `thumb<width>Key`, by requested width."""
    facts = {
        str(requested): {
            "M": {
                "width": {"N": str(fact.width)},
                "height": {"N": str(fact.height)},
                "bytes": {"N": str(fact.bytes)},
                "contentType": {"S": fact.content_type},
            }
        }
        for requested, fact in thumbnails.items()
    }
    keys: Item = {thumbnail_key_attribute(w): {"S": fact.key} for w, fact in thumbnails.items()}
    return {"thumbnails": {"M": facts}, **keys}
