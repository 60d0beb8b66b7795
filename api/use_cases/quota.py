"""Quotas: at most so many images and bytes a user, in what is stored and what still may be.

An upload URL counts from when it is handed out until it is used or can no longer be: one that was
never used locks nobody out for longer, and hoarding them gets nobody past the quota. The counter
may only ever be too high (a crash, an unused URL): then the records themselves are counted again.
See decision 0033.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.aws.dynamodb.repository import Repository
from api.http.problem_documents import Code, ProblemError
from api.use_cases.uploads import usable_until
from contract.keys import BOOKKEEPING
from contract.record import ImageRecord, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENT_DELAY_SECONDS = 900  # an upload in the last second may be noticed this much later
IN_FLIGHT_SECONDS = 60  # longer than a request takes from its reservation to its records
RECOUNT_SECONDS = 60  # at most one count of all records in this time
STALE_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Usage:
    """A number of images and their bytes."""

    images: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Row:
    version: int = 0
    counted_at: int = 0
    reserved_at: int = 0


class Quota:
    """The counters of all users; None is no limit."""

    def __init__(
        self,
        client: "DynamoDBClient",
        repository: Repository,
        table: str,
        max_images: int | None,
        max_bytes: int | None,
    ) -> None:
        self._client = client
        self._repository = repository
        self._table = table
        self._max = Usage(max_images or 2**62, max_bytes or 2**62)
        self.on = max_images is not None or max_bytes is not None

    def reserve(self, user_id: str, wanted: Usage, now_seconds: int) -> None:
        """Count `wanted` as used; raises the problem `quota_exceeded` if it does not fit."""
        if not self.on:
            return
        row = self._add_within(user_id, wanted, now_seconds, now_seconds - STALE_SECONDS)
        if row is None:
            return
        if now_seconds - row.counted_at >= RECOUNT_SECONDS:
            self._recount(user_id, row, now_seconds)
            if self._add_within(user_id, wanted, now_seconds, 0) is None:
                return
        raise ProblemError(Code.QUOTA_EXCEEDED)

    def release(self, user_id: str, given_back: Usage) -> None:
        if not self.on:
            return
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_row_key(user_id),
                UpdateExpression="ADD images :images, #bytes :bytes, version :one",
                ConditionExpression="attribute_exists(imageId)",
                ExpressionAttributeNames={"#bytes": "bytes"},
                ExpressionAttributeValues={
                    ":images": {"N": str(-given_back.images)},
                    ":bytes": {"N": str(-given_back.bytes)},
                    ":one": {"N": "1"},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # never counted yet: the first count will find it gone

    def _add_within(
        self, user_id: str, wanted: Usage, now_seconds: int, counted_after: int
    ) -> _Row | None:
        """Add if it fits and the count is no older than that; else the row as it is."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_row_key(user_id),
                UpdateExpression="ADD images :images, #bytes :bytes, version :one "
                "SET reservedAt = :now",
                ConditionExpression="countedAt > :counted AND images <= :fit AND #bytes <= :room",
                ExpressionAttributeNames={"#bytes": "bytes"},
                ExpressionAttributeValues={
                    ":images": {"N": str(wanted.images)},
                    ":bytes": {"N": str(wanted.bytes)},
                    ":one": {"N": "1"},
                    ":now": {"N": str(now_seconds)},
                    ":counted": {"N": str(counted_after)},
                    ":fit": {"N": str(self._max.images - wanted.images)},
                    ":room": {"N": str(self._max.bytes - wanted.bytes)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            old: Any = exc.response  # the stubs leave `Item` out
            return _row(old.get("Item"))
        return None

    def _recount(self, user_id: str, row: _Row, now_seconds: int) -> None:
        """Set the counter from the records, unless somebody changes it meanwhile."""
        if now_seconds - row.reserved_at < IN_FLIGHT_SECONDS:
            return  # a record of that reservation may not be there yet
        used = count(self._repository.sizes(user_id), now_seconds)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_row_key(user_id),
                UpdateExpression="SET images = :images, #bytes = :bytes, countedAt = :now, "
                "version = :next",
                ConditionExpression="attribute_not_exists(imageId) OR version = :seen",
                ExpressionAttributeNames={"#bytes": "bytes"},
                ExpressionAttributeValues={
                    ":images": {"N": str(used.images)},
                    ":bytes": {"N": str(used.bytes)},
                    ":now": {"N": str(now_seconds)},
                    ":seen": {"N": str(row.version)},
                    ":next": {"N": str(row.version + 1)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # the next refused request counts again


def count(records: Iterable[ImageRecord], now_seconds: int) -> Usage:
    """What these records use: all that is stored, and all that still may be uploaded."""
    sizes = [record.size or 0 for record in records if counts(record, now_seconds)]
    return Usage(len(sizes), sum(sizes))


def counts(record: ImageRecord, now_seconds: int) -> bool:
    if record.status is Status.PENDING:
        return usable_until(record) + EVENT_DELAY_SECONDS > now_seconds
    return record.status is not Status.DELETED


def _row_key(user_id: str) -> dict[str, Any]:
    return {"userId": {"S": f"{BOOKKEEPING}usage#{user_id}"}, "imageId": {"S": "usage"}}


def _row(item: Any) -> _Row:
    if item is None:
        return _Row()
    return _Row(
        int(item["version"]["N"]),
        int(item["countedAt"]["N"]),
        int(item.get("reservedAt", {"N": "0"})["N"]),
    )
