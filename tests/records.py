"""Records and requests that tests start from."""

import time
from typing import TYPE_CHECKING, Any

from contract.keys import OriginalKey, new_image_id
from contract.record import ImageRecord, Status, ThumbnailFacts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAT: dict[str, Any] = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 10}


def finished(
    user_id: str, timestamp_ms: int, *, widths: tuple[int, ...] = (200, 400), **changes: Any
) -> ImageRecord:
    """A `done` record as the resizer leaves it."""
    image_id = new_image_id(timestamp_ms, "0123abcd", "cat.jpg")
    key = OriginalKey(user_id, image_id)
    values: dict[str, Any] = {
        "user_id": user_id,
        "image_id": image_id,
        "status": Status.DONE,
        "created_at_ms": timestamp_ms,
        "filename": "cat.jpg",
        "content_type": "image/jpeg",
        "size": 123456,
        "width": 1200,
        "height": 800,
        "thumbnails": {
            width: ThumbnailFacts(
                str(key.thumbnail(width)), width, width * 2 // 3, 5120, "image/webp"
            )
            for width in widths
        },
        "placeholder": "data:image/webp;base64,UklGRg==",
        "color": "#8a7f6d",
        "sequencer": "0055AED6DCD90281E50000000000000A",
        "e_tag": "9b2cf535f27731c974343645a3985328",
        "claimed_by": "somebody",
        "claimed_until_ms": 1,
        "gave_up_event": "event",
    }
    return ImageRecord(**(values | changes))


def key_of(record: ImageRecord) -> OriginalKey:
    assert record.key is not None
    return record.key


def pending(user_id: str, timestamp_ms: int, expires_at_s: int) -> ImageRecord:
    return finished(
        user_id,
        timestamp_ms,
        widths=(),
        status=Status.PENDING,
        expires_at_s=expires_at_s,
        sequencer=None,
        claimed_by=None,
    )


def put(dynamodb: "DynamoDBClient", table: str, *records: ImageRecord) -> None:
    """Put records as they are, 25 at a time."""
    for start in range(0, len(records), 25):
        requests: list[Any] = [
            {"PutRequest": {"Item": record.to_item()}} for record in records[start : start + 25]
        ]
        dynamodb.batch_write_item(RequestItems={table: requests})


def now_ms() -> int:
    return int(time.time() * 1000)
