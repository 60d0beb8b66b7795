"""The counter rows of quotas: how many images and bytes each user has, as far as counted.

A row is in the same table as the images, in its own partition. `api.use_cases.quota` says what is
counted and when.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.keys import BOOKKEEPING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Usage:
    """A number of images and their bytes."""

    images: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Counter:
    """What is known about a counter whose condition rejected an update; times are in seconds."""

    version: int = 0
    counted_at_s: int = 0
    reserved_at_s: int = 0


class UsageRows:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add(
        self, user_id: str, usage: Usage, most: Usage, now_s: int, counted_after_s: int
    ) -> Counter | None:
        """Add `usage` if the sum stays within `most` and the last count is recent enough.

        Returns None if it was added, otherwise the counter as it stands.
        """
        refused = self._update(
            user_id,
            "ADD images :images, #bytes :bytes, version :one SET reservedAt = :now",
            "countedAt > :counted AND images <= :fit AND #bytes <= :room",
            {
                ":images": usage.images,
                ":bytes": usage.bytes,
                ":one": 1,
                ":now": now_s,
                ":counted": counted_after_s,
                ":fit": most.images - usage.images,
                ":room": most.bytes - usage.bytes,
            },
        )
        return _counter(refused.get("Item")) if refused else None

    def subtract(self, user_id: str, usage: Usage) -> None:
        """Subtract `usage`. A missing row is not created: the first count will be right anyway."""
        self._update(
            user_id,
            "ADD images :images, #bytes :bytes, version :one",
            "attribute_exists(imageId)",
            {":images": -usage.images, ":bytes": -usage.bytes, ":one": 1},
        )

    def set_counted(self, user_id: str, usage: Usage, seen_version: int, now_s: int) -> None:
        """Set the row to what was counted, unless it has changed since `seen_version`."""
        self._update(
            user_id,
            "SET images = :images, #bytes = :bytes, countedAt = :now, version = :next",
            "attribute_not_exists(imageId) OR version = :seen",
            {
                ":images": usage.images,
                ":bytes": usage.bytes,
                ":now": now_s,
                ":seen": seen_version,
                ":next": seen_version + 1,
            },
        )

    def _update(
        self, user_id: str, expression: str, condition: str, values: dict[str, int]
    ) -> dict[str, Any] | None:
        """None if the row was updated, otherwise the response with the row that refused."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"userId": {"S": f"{BOOKKEEPING}usage#{user_id}"}, "imageId": {"S": "usage"}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#bytes": "bytes"},
                ExpressionAttributeValues={
                    name: {"N": str(value)} for name, value in values.items()
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            return dict(exc.response)
        return None


def _counter(item: Any) -> Counter:
    if item is None:
        return Counter()
    return Counter(
        int(item["version"]["N"]),
        int(item["countedAt"]["N"]),
        int(item.get("reservedAt", {"N": "0"})["N"]),
    )
