"""From S3 event notifications and Lambda's on-failure messages to object references. Pure.

"Event message structure" (S3 User Guide) and "Capturing records of Lambda asynchronous
invocations" (Lambda Developer Guide).
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from contract.keys import InvalidKeyError, OriginalKey
from contract.record import NO_SEQUENCER, normal_sequencer
from contract.timestamps import timestamp_ms

log = logging.getLogger(__name__)

END_SIZE = (
    10**15
)  # bytes: twenty times what S3 stores (S3 User Guide, "Amazon S3 objects overview")
_E_TAG = re.compile(r"[!#-~]+")


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """One version of one original: `size` in bytes, `e_tag` without quotes, padded sequencer.

    `stored_at_ms` is when it was stored, `record_id` the image id of its record where that is not
    the object's name.
    """

    key: OriginalKey
    size: int
    e_tag: str
    sequencer: str = NO_SEQUENCER
    stored_at_ms: int | None = None
    record_id: str | None = None


def created_originals(event: Mapping[str, Any], bucket: str) -> list[ObjectReference]:
    """The originals in `bucket` that `event` reports as created, in its order.

    Anything else in it (the test event, other buckets, removals, foreign keys) is logged and
    ignored: no retry could make it an image.
    """
    return [ref for record in _records(event) if (ref := _reference(record, bucket))]


def _records(event: Any) -> list[Any]:
    records = event.get("Records", []) if isinstance(event, Mapping) else None
    if isinstance(records, list):
        return records
    log.warning("event ignored", extra={"reason": "Records is not a list"})
    return []


def _reference(record: Any, bucket: str) -> ObjectReference | None:
    try:
        name, s3 = _text(record["eventName"]), record["s3"]
        if not name.startswith("ObjectCreated:") or s3["bucket"]["name"] != bucket:
            log.warning("event ignored", extra={"event": name})
            return None
        stored = s3["object"]
        return ObjectReference(
            key=OriginalKey.parse(unquote_plus(_text(stored["key"]))),
            size=_size(stored["size"]),
            e_tag=_e_tag(stored["eTag"]),
            sequencer=normal_sequencer(_text(stored.get("sequencer", "0"))),
            stored_at_ms=_time_ms(record.get("eventTime")),
        )
    except (LookupError, TypeError, ValueError, AttributeError) as exc:
        reason = "key" if isinstance(exc, InvalidKeyError) else type(exc).__name__
        log.warning("event ignored", extra={"reason": reason})
        return None


def _text(value: Any) -> str:
    """Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("it must be a string")
    return value


def _e_tag(value: Any) -> str:
    """Without quotes, and fit for a header. Raises ValueError."""
    e_tag = _text(value).strip('"')
    if not _E_TAG.fullmatch(e_tag):
        raise ValueError("an ETag must be printable")
    return e_tag


def _time_ms(value: Any) -> int | None:
    return timestamp_ms(value) if isinstance(value, str) else None


def _size(value: Any) -> int:
    """A whole number of bytes, not `true`, `NaN` or more than S3 stores. Raises ValueError."""
    if type(value) is not int or not 0 <= value < END_SIZE:
        raise ValueError("a size must be a number of bytes")
    return value


def failed_invocations(event: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The `(message id, S3 event)` of each on-failure message that an SQS event carries.

    A body without an event yields an empty event. A message without an id could not be reported as
    a failure, so it is logged and ignored.
    """
    for message in _records(event):
        message_id = message.get("messageId") if isinstance(message, Mapping) else None
        if not isinstance(message_id, str):
            log.error("on-failure message without an id")
            continue
        try:
            payload = json.loads(message["body"])["requestPayload"]
        except (LookupError, TypeError, ValueError, RecursionError):
            log.error("on-failure message without an event")
            payload = {}
        yield message_id, payload if isinstance(payload, Mapping) else {}
