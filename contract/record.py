"""The image record: its fields, its statuses, and its item form in DynamoDB.

Other programs write rows too (decision 0014), so an item may hold anything. Reading one never
fails: what cannot be read is None.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import Any, Self

from contract.keys import (
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    id_created_at_ms,
    is_planned_id,
)
from contract.photo_facts import Camera, taken_at
from contract.timestamps import timestamp_ms

Item = dict[str, dict[str, Any]]  # as the DynamoDB client expects it: {"size": {"N": "1"}}

SEQUENCER_DIGITS = 32
PHOTO_ATTRIBUTES = ("takenAt", "camera")
NO_SEQUENCER = "0" * SEQUENCER_DIGITS  # of an object whose event was never seen
_HEX = re.compile(r"[0-9A-F]{1,32}")
_WIDTH = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_MAX_WHOLE = 2**53 - 1  # the largest integer that every JSON parser reads exactly
_MAX_DIGITS = 15  # numbers of up to 15 digits are smaller
_SECONDS_DIGITS = 10  # of points in time from 2001 to 2286


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
    TOO_COMPLEX = "too_complex"  # it costs more time or memory than its pixels explain
    EMPTY = "empty"
    KEY_COLLISION = "key_collision"
    GAVE_UP = "gave_up"
    ENGINE_ERROR = "engine_error"
    ARCHIVED = "archived"  # frozen before it was processed: it must be restored first


# The bytes may be good: the doctor's `--redrive` tries again.
REDRIVEN = frozenset({Reason.GAVE_UP, Reason.ENGINE_ERROR, Reason.ARCHIVED})
# The bytes are at fault, and their original expires: neither those, nor another image's name.
UNUSABLE = frozenset(Reason) - REDRIVEN - {Reason.KEY_COLLISION}


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
    """One image. Times are since the epoch: `_ms` in milliseconds, `_s` in seconds.

    `object_name` is the name of the original where the image id is another one.
    """

    user_id: str
    image_id: str
    status: Status
    created_at_ms: int | None = None
    object_name: str | None = None
    filename: str | None = None
    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    thumbnails: Mapping[int, ThumbnailFacts] = field(default_factory=dict)
    placeholder: str | None = None
    color: str | None = None
    taken_at: str | None = None
    camera: Camera | None = None
    error: str | None = None
    sequencer: str | None = None
    e_tag: str | None = None
    expires_at_s: int | None = None
    upload_until_s: int | None = None  # when the upload URL expires, until it is used
    claimed_by: str | None = None
    claimed_until_ms: int | None = None
    gave_up_event: str | None = None
    partial: bool = False  # the original lacks its end or details; the thumbnails show the rest
    archived: bool = False  # the original is gone or frozen, the thumbnails stay

    @property
    def key(self) -> OriginalKey | None:
        """The original's key; None if another program wrote a row that names none."""
        try:
            return OriginalKey(self.user_id, self.object_name or self.image_id)
        except (InvalidKeyError, InvalidUserIdError):
            return None

    @property
    def is_bare(self) -> bool:
        """Whether another program wrote the row, and none of our events has claimed it."""
        return self.sequencer is None and self.status not in {Status.PENDING, Status.DELETED}

    def to_item(self) -> Item:
        """The item as the DynamoDB client expects it; a field that is None has no attribute."""
        item: Item = {"userId": {"S": self.user_id}, "imageId": {"S": self.image_id}}
        if self.key:
            item["originalKey"] = {"S": str(self.key)}
        for name, attribute, kind, _ in _SCALARS:
            value = getattr(self, name)
            if value is not None:
                item[attribute] = {kind: str(value)}
        item |= photo_to_item(self.taken_at, self.camera)
        for name in _FLAGS:
            if getattr(self, name):
                item[name] = {"BOOL": True}
        if self.thumbnails:
            item |= thumbnails_to_item(self.thumbnails)
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read an item. Attributes that this version does not know are ignored.

        Never raises: an attribute that cannot be read is None, and a status that is missing or
        unknown is `processing`.
        """
        values: dict[str, Any] = {
            name: read(item[attribute])
            for name, attribute, _, read in _SCALARS
            if attribute in item
        }
        user_id, image_id = item["userId"]["S"], item["imageId"]["S"]
        values["status"] = values.get("status") or Status.PROCESSING
        if values.get("created_at_ms") is None:
            values["created_at_ms"] = id_created_at_ms(image_id)
        values["taken_at"] = taken_at(_text(item.get("takenAt", {})))
        values["camera"] = _camera(item.get("camera", {}))
        values |= {name: item.get(name) == {"BOOL": True} for name in _FLAGS}
        values["object_name"] = _object_name(user_id, image_id, item.get("originalKey"))
        record = cls(user_id=user_id, image_id=image_id, **values)
        facts = item.get("thumbnails", {}).get("M")
        return replace(record, thumbnails=_thumbnails(record.key, facts, item)) if facts else record


def _object_name(user_id: str, image_id: str, attribute: Mapping[str, Any] | None) -> str | None:
    """The name in `originalKey`, if it is that of another object of this user than the image id.

    A key under another user's prefix is never used: the API would sign somebody else's photo.
    """
    text = _text(attribute) if attribute else None
    if text is None or is_planned_id(image_id):
        return None
    try:
        key = OriginalKey.parse(text)
    except InvalidKeyError:
        return None
    return key.image_id if key.user_id == user_id and key.image_id != image_id else None


def _thumbnails(
    key: OriginalKey | None, facts: Mapping[str, Any], item: Mapping[str, Any]
) -> dict[int, ThumbnailFacts]:
    """The thumbnails whose facts can be read and whose keys are those of this original."""
    if key is None:
        return {}
    read = {
        int(width): _facts(str(key.thumbnail(int(width))), fact.get("M", {}))
        for width, fact in facts.items()
        if _WIDTH.fullmatch(width)
    }
    return {
        width: fact
        for width, fact in read.items()
        if fact and item.get(thumbnail_key_attribute(width)) == {"S": fact.key}
    }


def _facts(key: str, fact: Mapping[str, Any]) -> ThumbnailFacts | None:
    width, height, size = (_count(fact.get(name, {})) for name in ("width", "height", "bytes"))
    content_type = _text(fact.get("contentType", {}))
    if width is None or height is None or size is None or content_type is None:
        return None
    return ThumbnailFacts(key, width, height, size, content_type)


def _camera(attribute: Mapping[str, Any]) -> Camera | None:
    names = attribute.get("M", {})
    return Camera.of(_text(names.get("make", {})), _text(names.get("model", {})))


# Readers of one attribute, such as {"N": "1"}. DynamoDB guarantees that N is a number.


def _text(attribute: Mapping[str, Any]) -> str | None:
    return attribute.get("S")


def _status(attribute: Mapping[str, Any]) -> Status | None:
    return _STATUSES.get(attribute.get("S", ""))


def _reason(attribute: Mapping[str, Any]) -> str | None:
    text = attribute.get("S", "")
    return text if text in _REASONS else None


def _sequencer(attribute: Mapping[str, Any]) -> str | None:
    text = attribute.get("S", "")
    return text if is_normal_sequencer(text) else None


def _count(attribute: Mapping[str, Any]) -> int | None:
    """A whole number from 0 that every JSON parser reads exactly."""
    text = attribute.get("N", "")
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def _time(attribute: Mapping[str, Any]) -> int | None:
    """Rounded up, so that it compares with whole numbers as DynamoDB compares the attribute."""
    text = attribute.get("N")
    if text is None:
        return None
    return max(-_MAX_WHOLE, min(ceil(Decimal(text)), _MAX_WHOLE))


def _created_at_ms(attribute: Mapping[str, Any]) -> int | None:
    """Milliseconds, seconds or ISO 8601, as a number or as text."""
    if "S" in attribute:
        return timestamp_ms(attribute["S"])
    text = attribute.get("N", "-1")
    if _SECONDS_DIGITS < len(text) <= _MAX_DIGITS and text.isdecimal():
        return int(text)
    number = Decimal(text)
    if len(str(abs(int(number)))) == _SECONDS_DIGITS:
        number *= 1000
    return int(number) if 0 <= number <= _MAX_WHOLE else None


_SCALARS: tuple[tuple[str, str, str, Callable[[Mapping[str, Any]], Any]], ...] = (
    # field, attribute, DynamoDB type, how to read it
    ("status", "status", "S", _status),
    ("created_at_ms", "createdAt", "N", _created_at_ms),
    ("filename", "filename", "S", _text),
    ("content_type", "contentType", "S", _text),
    ("size", "size", "N", _count),
    ("width", "width", "N", _count),
    ("height", "height", "N", _count),
    ("placeholder", "placeholder", "S", _text),
    ("color", "color", "S", _text),
    ("error", "error", "S", _reason),
    ("sequencer", "sequencer", "S", _sequencer),
    ("e_tag", "eTag", "S", _text),
    ("expires_at_s", "expiresAt", "N", _time),
    ("upload_until_s", "uploadUntil", "N", _time),
    ("claimed_by", "claimedBy", "S", _text),
    ("claimed_until_ms", "claimedUntil", "N", _time),
    ("gave_up_event", "gaveUpEvent", "S", _text),
)
_FLAGS = ("partial", "archived")  # fields and attributes, which are there only if true
_STATUSES = {str(status): status for status in Status}
_REASONS = frozenset(map(str, Reason))


def photo_to_item(taken_at: str | None, camera: Camera | None) -> Item:
    """Those of PHOTO_ATTRIBUTES that are known."""
    item: Item = {}
    if taken_at is not None:
        item["takenAt"] = {"S": taken_at}
    if camera is not None:
        names = {"make": camera.make, "model": camera.model}
        item["camera"] = {"M": {name: {"S": text} for name, text in names.items() if text}}
    return item


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
