"""From S3 event notifications and Lambda's on-failure messages to object references. Pure.

"Event message structure" (S3 User Guide) and "Capturing records of Lambda asynchronous
invocations" (Lambda Developer Guide).
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from contract.keys import InvalidKeyError, OriginalKey
from contract.record import NO_SEQUENCER, normal_sequencer
from contract.timestamps import timestamp_ms

log = logging.getLogger(__name__)


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
    return [ref for record in event.get("Records", []) if (ref := _reference(record, bucket))]


def _reference(record: Mapping[str, Any], bucket: str) -> ObjectReference | None:
    try:
        name, s3 = record["eventName"], record["s3"]
        if not name.startswith("ObjectCreated:") or s3["bucket"]["name"] != bucket:
            log.warning("event ignored", extra={"event": name})
            return None
        return ObjectReference(
            key=OriginalKey.parse(unquote_plus(s3["object"]["key"])),
            size=int(s3["object"]["size"]),
            e_tag=str(s3["object"]["eTag"]).strip('"'),
            sequencer=normal_sequencer(s3["object"].get("sequencer", "0")),
            stored_at_ms=timestamp_ms(str(record.get("eventTime"))),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        reason = "key" if isinstance(exc, InvalidKeyError) else type(exc).__name__
        log.warning("event ignored", extra={"reason": reason})
        return None


def failed_invocations(event: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The `(message id, S3 event)` of each on-failure message that an SQS event carries.

    A body without an event yields an empty event.
    """
    for message in event.get("Records", []):
        try:
            payload = json.loads(message["body"])["requestPayload"]
        except (KeyError, TypeError, ValueError):
            log.error("on-failure message without an event")
            payload = {}
        yield message["messageId"], payload if isinstance(payload, Mapping) else {}
