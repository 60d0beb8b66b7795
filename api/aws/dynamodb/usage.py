"""The counter rows of budgets: how many images, bytes and unused URLs each user has, as counted.

A row is in the same table as the images, in its own partition. `api.use_cases.quota` says what is
counted and when.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.keys import BOOKKEEPING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Usage:
    """A number of images, their bytes, and the upload URLs among them that are not used yet."""

    images: int
    bytes: int
    urls: int = 0


@dataclass(frozen=True, slots=True)
class Counter:
    """What is known about a counter whose condition rejected an update; times are in seconds."""

    usage: Usage = Usage(0, 0)
    version: int = 0
    counted_at_s: int = 0
    urls_counted_at_s: int = 0
    reserved_at_s: int = 0


class UsageRows:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add(
        self,
        user_id: str,
        usage: Usage,
        most: Usage,
        now_s: int,
        counted_after_s: int | None,
    ) -> Counter | None:
        """Add `usage` if the sum stays within `most` and the last count is recent enough.

        With `counted_after_s` None, images and bytes have no limit and need not be counted ever.
        Returns None if it was added, otherwise the counter as it stands.
        """
        condition = "(attribute_not_exists(urls) OR urls <= :free)"
        values: dict[str, int | str] = {
            ":images": usage.images,
            ":bytes": usage.bytes,
            ":urls": usage.urls,
            ":one": 1,
            ":now": now_s,
            ":free": most.urls - usage.urls,
        }
        if counted_after_s is not None:
            condition += " AND countedAt > :counted AND images <= :fit AND #bytes <= :room"
            values |= {
                ":counted": counted_after_s,
                ":fit": most.images - usage.images,
                ":room": most.bytes - usage.bytes,
            }
        refused = self._update(
            user_id,
            "ADD images :images, #bytes :bytes, urls :urls, version :one SET reservedAt = :now",
            condition,
            values,
        )
        return _counter(refused.get("Item")) if refused else None

    def subtract(self, user_id: str, usage: Usage, cause: str) -> None:
        """Subtract `usage`, once for each `cause`: the client repeats a request without a response.

        A missing row is not created: the first count will be right anyway.
        """
        self._update(
            user_id,
            "ADD images :images, #bytes :bytes, urls :urls, version :one SET released = :cause",
            "attribute_exists(imageId) AND (attribute_not_exists(released) OR released <> :cause)",
            {
                ":images": -usage.images,
                ":bytes": -usage.bytes,
                ":urls": -usage.urls,
                ":one": 1,
                ":cause": cause,
            },
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

    def set_urls(self, user_id: str, urls: int, seen_version: int, now_s: int) -> None:
        """Set the number of unused URLs, unless the row has changed since `seen_version`."""
        self._update(
            user_id,
            "SET urls = :urls, urlsCountedAt = :now, version = :next",
            "version = :seen",
            {":urls": urls, ":now": now_s, ":seen": seen_version, ":next": seen_version + 1},
        )

    def _update(
        self, user_id: str, expression: str, condition: str, values: Mapping[str, int | str]
    ) -> dict[str, Any] | None:
        """None if the row was updated, otherwise the response with the row that refused."""
        names: Any = (
            {"ExpressionAttributeNames": {"#bytes": "bytes"}} if "#bytes" in expression else {}
        )
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"userId": {"S": f"{BOOKKEEPING}usage#{user_id}"}, "imageId": {"S": "usage"}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                **names,
                ExpressionAttributeValues={
                    name: {"S": value} if isinstance(value, str) else {"N": str(value)}
                    for name, value in values.items()
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            return dict(exc.response)
        return None


def _counter(item: Any) -> Counter:
    def number(name: str) -> int:
        return int(item[name]["N"]) if item and name in item else 0

    return Counter(
        Usage(number("images"), number("bytes"), number("urls")),
        number("version"),
        number("countedAt"),
        number("urlsCountedAt"),
        number("reservedAt"),
    )
