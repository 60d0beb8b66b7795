"""Image records in the table `Images`: put, get, query, and turn into tombstones.

Only queries one user's partition, never scans. Conditions on the status come from the contract's
table of transitions.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.aws.dynamodb.raw_items import return_items_as_json
from api.aws.dynamodb.visibility import visible
from contract.conditions import condition
from contract.keys import BOOKKEEPING, is_planned_id
from contract.record import (
    PHOTO_ATTRIBUTES,
    ImageRecord,
    Item,
    Status,
    thumbnail_key_attribute,
)
from contract.settings import TOMBSTONE_SECONDS
from contract.transitions import Change, Transition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_READS_PER_PAGE = 5
_BATCH_PAUSES_SECONDS = (0.05, 0.2, 0.5)  # DynamoDB asks for a growing pause
READ_AHEAD_RECORDS = 200  # per Query where a filter drops records
_DROPPED_BY_TOMBSTONE = (
    *("filename", "contentType", "width", "height", "eTag", "error"),
    *("thumbnails", "placeholder", "color", "partial"),
    *("claimedBy", "claimedUntil", "gaveUpEvent"),
    *PHOTO_ATTRIBUTES,
)
_KEPT_BY_TOMBSTONE = {
    *("userId", "imageId", "status", "createdAt", "sequencer", "expiresAt"),
    *("size", "uploadUntil"),  # an unused upload URL counts until it expires
    "originalKey",  # finds the objects if the image id is not their name
}
REMOVED_AT_ONCE = 200  # attributes: an expression has at most 4 kB


class UnprocessedKeysError(Exception):
    """The table did not return all that was asked for, also not after some attempts."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing; `last` is the image id after which the next page begins, if any."""

    records: list[ImageRecord]
    last: str | None


class Repository:
    """Image records in one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        return_items_as_json(client)
        self._client = client
        self._table = table

    def check(self) -> None:
        """Send a cheap read; raises the client's error if the table cannot be read."""
        key = _primary_key(f"{BOOKKEEPING}readyz", f"{BOOKKEEPING}readyz")
        self._client.get_item(TableName=self._table, Key=key)

    def put_pending(self, record: ImageRecord) -> ImageRecord:
        """Put a `pending` record; returns the one in the table, which an earlier try may have put.

        A put can be rejected because of the record that it wrote itself: its response was lost, and
        the client tried again.
        """
        planned = condition(Transition.PLAN, Change())
        try:
            self._client.put_item(
                TableName=self._table,
                Item=record.to_item(),
                ConditionExpression=planned.expression,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            old: Any = exc.response  # the stubs leave `Item` out
            return ImageRecord.from_item(old["Item"])
        return record

    def put_all_pending(self, records: Sequence[ImageRecord]) -> list[ImageRecord]:
        """Put up to 100 `pending` records, all or none; returns those in the table, in order."""
        if len(records) == 1:
            return [self.put_pending(records[0])]
        planned = condition(Transition.PLAN, Change())
        puts: list[Any] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": record.to_item(),
                    "ConditionExpression": planned.expression,
                }
            }
            for record in records
        ]
        try:
            self._client.transact_write_items(TransactItems=puts)
        except self._client.exceptions.TransactionCanceledException as exc:
            reasons = {reason.get("Code") for reason in exc.response.get("CancellationReasons", ())}
            if "ConditionalCheckFailed" not in reasons:
                raise
            return [self.put_pending(record) for record in records]  # an earlier try put some
        return list(records)

    def get(self, user_id: str, image_id: str, *, consistent: bool = False) -> ImageRecord | None:
        response = self._client.get_item(
            TableName=self._table, Key=_primary_key(user_id, image_id), ConsistentRead=consistent
        )
        return ImageRecord.from_item(response["Item"]) if "Item" in response else None

    def get_many(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items of up to 100 different images that exist, by user id and image id.

        Asks again for what a response leaves out: it holds 16 MB at most.
        """
        found: dict[tuple[str, str], Item] = {}
        asked: Any = {self._table: {"Keys": [_primary_key(*name) for name in names]}}
        for pause in _BATCH_PAUSES_SECONDS:
            response: Any = self._client.batch_get_item(RequestItems=asked)
            for item in response["Responses"].get(self._table, []):
                found[item["userId"]["S"], item["imageId"]["S"]] = item
            asked = response.get("UnprocessedKeys")
            if not asked:
                return found
            time.sleep(pause)
        raise UnprocessedKeysError

    def page(
        self, user_id: str, status: Status | None, before: str | None, limit: int, now_s: int
    ) -> Page:
        """Up to `limit` visible records of a user, newest first, older than the image `before`.

        Reads the table at most five times, so a filtered page may be short and still have a
        `last`.
        """
        records: list[ImageRecord] = []
        last = before
        filtered = READ_AHEAD_RECORDS if status is not None else 0
        for _ in range(MAX_READS_PER_PAGE):
            wanted = limit + 1 - len(records)  # one more shows whether there is a next page
            items, last = self._query(user_id, status, last, max(wanted, filtered), now_s)
            records += [ImageRecord.from_item(item) for item in items]
            if len(records) > limit:
                return Page(records[:limit], records[limit - 1].image_id)
            if last is None:
                break
        return Page(records, last)

    def _query(
        self, user_id: str, status: Status | None, after: str | None, limit: int, now_s: int
    ) -> tuple[list[Any], str | None]:
        seen = visible(now_s, status)
        start: Any = {"ExclusiveStartKey": _primary_key(user_id, after)} if after else {}
        response = self._client.query(
            TableName=self._table,
            KeyConditionExpression="userId = :user",
            FilterExpression=seen.expression,
            ExpressionAttributeNames=seen.names,
            ExpressionAttributeValues={":user": {"S": user_id}, **seen.values},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = response.get("LastEvaluatedKey")
        return response["Items"], last["imageId"]["S"] if last else None

    def sizes(self, user_id: str) -> Iterator[ImageRecord]:
        """All records of a user, with only the attributes that a quota counts."""
        return self._counted("userId = :user", {":user": {"S": user_id}})

    def planned(self, user_id: str, since_ms: int, until_ms: int) -> Iterator[ImageRecord]:
        """Those of them that were planned in this time: their ids begin with it."""
        return self._counted(
            "userId = :user AND imageId BETWEEN :since AND :until",
            {
                ":user": {"S": user_id},
                ":since": {"S": str(since_ms)},
                ":until": {"S": str(until_ms)},
            },
        )

    def _counted(self, condition: str, values: Item) -> Iterator[ImageRecord]:
        start: Any = {}
        while True:
            response = self._client.query(
                TableName=self._table,
                KeyConditionExpression=condition,
                ProjectionExpression="userId, imageId, #status, createdAt, #size, uploadUntil",
                ExpressionAttributeNames={"#status": "status", "#size": "size"},
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                **start,
            )
            yield from map(ImageRecord.from_item, response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def delete(
        self, user_id: str, image_id: str, now_s: int, widths: Iterable[int]
    ) -> ImageRecord | None:
        """Leave a tombstone; returns the record as it was before, None if there was none."""
        dropped = {*_DROPPED_BY_TOMBSTONE, *map(thumbnail_key_attribute, widths)}
        if is_planned_id(image_id):
            dropped.add("originalKey")
        item = self._bury(user_id, image_id, now_s, dropped)
        if item is None:
            return None
        # Of widths that left the settings, and what other programs wrote
        more = sorted(item.keys() - dropped - _KEPT_BY_TOMBSTONE)
        for start in range(0, len(more), REMOVED_AT_ONCE):
            self._bury(user_id, image_id, now_s, more[start : start + REMOVED_AT_ONCE])
        return ImageRecord.from_item(item)

    def _bury(
        self, user_id: str, image_id: str, now_s: int, dropped: Iterable[str]
    ) -> Mapping[str, Any] | None:
        """Leave a tombstone without these attributes; returns the item as it was, if any."""
        deletable = condition(Transition.DELETE, Change())
        names = {f"#d{number}": name for number, name in enumerate(dropped)}
        try:
            response = self._client.update_item(
                TableName=self._table,
                Key=_primary_key(user_id, image_id),
                UpdateExpression="SET #status = :to, expiresAt = :end REMOVE " + ", ".join(names),
                ConditionExpression=deletable.expression,
                ExpressionAttributeNames={"#status": "status", **deletable.names, **names},
                ExpressionAttributeValues={
                    ":to": {"S": Status.DELETED},
                    ":end": {"N": str(now_s + TOMBSTONE_SECONDS)},
                    **deletable.values,
                },
                ReturnValues="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return response["Attributes"]


def _primary_key(user_id: str, image_id: str) -> Item:
    return {"userId": {"S": user_id}, "imageId": {"S": image_id}}
