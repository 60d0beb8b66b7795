"""The table `Images`: put, get, query and tombstone records. The only place with DynamoDB calls.

Queries by user only, never a Scan. Conditions on status come from the contract's table.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contract.conditions import condition
from contract.keys import BOOKKEEPING
from contract.record import ImageRecord, Item, Status, thumbnail_key_attribute
from contract.settings import TOMBSTONE_SECONDS
from contract.transitions import Change, Transition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_READS_PER_PAGE = 5
READ_AHEAD_RECORDS = 200  # per Query where a filter drops records
_DROPPED_BY_TOMBSTONE = (
    *("originalKey", "filename", "contentType", "size", "width", "height", "eTag", "error"),
    *("thumbnails", "placeholder", "color", "claimedBy", "claimedUntil", "gaveUpEvent"),
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some records of a listing; `last` is where the next one goes on, if there may be one."""

    records: list[ImageRecord]
    last: str | None


def take_items_as_they_are(client: "DynamoDBClient") -> None:
    """Let the client give out items as the JSON that came.

    botocore walks each attribute of each item along its model, to find none but binary ones that
    it must decode; we have no binary ones. For a page of 50 that walk costs more than all else
    together (decision 0034).
    """
    for operation in ("GetItem", "Query"):
        client.meta.events.register(
            f"before-parse.dynamodb.{operation}", _take, unique_id=f"items-as-they-are-{operation}"
        )


def _take(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"


class Repository:
    """Image records in one table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        take_items_as_they_are(client)
        self._client = client
        self._table = table

    def check(self) -> None:
        """Read something cheap; raises what the client raises if the table cannot be read."""
        key = {"userId": {"S": f"{BOOKKEEPING}readyz"}, "imageId": {"S": f"{BOOKKEEPING}readyz"}}
        self._client.get_item(TableName=self._table, Key=key)

    def plan(self, record: ImageRecord) -> ImageRecord:
        """Put a `pending` record; returns the one that stands, which an earlier try may have put.

        A put may be refused by the record that it wrote itself, when its answer was lost and the
        client tried again.
        """
        allowed = condition(Transition.PLAN, Change())
        try:
            self._client.put_item(
                TableName=self._table,
                Item=record.to_item(),
                ConditionExpression=allowed.expression,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            old: Any = exc.response  # the stubs leave `Item` out
            return ImageRecord.from_item(old["Item"])
        return record

    def plan_all(self, records: Sequence[ImageRecord]) -> list[ImageRecord]:
        """Put up to 100 `pending` records, all or none; returns those that stand, in order."""
        if len(records) == 1:
            return [self.plan(records[0])]
        allowed = condition(Transition.PLAN, Change())
        puts: list[Any] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": record.to_item(),
                    "ConditionExpression": allowed.expression,
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
            return [self.plan(record) for record in records]  # an earlier try has put some
        return list(records)

    def get(self, user_id: str, image_id: str, *, consistent: bool = False) -> ImageRecord | None:
        answer = self._client.get_item(
            TableName=self._table, Key=_key(user_id, image_id), ConsistentRead=consistent
        )
        return ImageRecord.from_item(answer["Item"]) if "Item" in answer else None

    def page(
        self, user_id: str, status: Status | None, before: str | None, limit: int, now_seconds: int
    ) -> Slice:
        """Up to `limit` visible records of a user, newest first, older than the image `before`.

        Reads the table at most five times, so a filtered slice may be short and still have a
        `last`.
        """
        records: list[ImageRecord] = []
        last = before
        filtered = READ_AHEAD_RECORDS if status is not None else 0
        for _ in range(MAX_READS_PER_PAGE):
            wanted = limit + 1 - len(records)  # one more tells whether there is a next page
            items, last = self._query(user_id, status, last, max(wanted, filtered), now_seconds)
            records += [ImageRecord.from_item(item) for item in items]
            if len(records) > limit:
                return Slice(records[:limit], records[limit - 1].image_id)
            if last is None:
                break
        return Slice(records, last)

    def _query(
        self, user_id: str, status: Status | None, after: str | None, limit: int, now_seconds: int
    ) -> tuple[list[Any], str | None]:
        values: dict[str, Any] = {":user": {"S": user_id}, ":now": {"N": str(now_seconds)}}
        values |= {":pending": {"S": Status.PENDING}}
        visible = "(#status <> :pending OR expiresAt > :now)"  # TTL deletes days late
        if status is None:
            values[":deleted"] = {"S": Status.DELETED}
            wanted = "#status <> :deleted"
        else:
            values[":status"] = {"S": status}
            wanted = "#status = :status"
        start: Any = {"ExclusiveStartKey": _key(user_id, after)} if after is not None else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="userId = :user",
            FilterExpression=f"{wanted} AND {visible}",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return answer["Items"], last["imageId"]["S"] if last else None

    def sizes(self, user_id: str) -> Iterator[ImageRecord]:
        """All records of a user, with what `api.quota` counts and no more."""
        start: Any = {}
        while True:
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="userId = :user",
                ProjectionExpression="userId, imageId, #status, createdAt, #size, expiresAt",
                ExpressionAttributeNames={"#status": "status", "#size": "size"},
                ExpressionAttributeValues={":user": {"S": user_id}},
                ConsistentRead=True,
                **start,
            )
            yield from map(ImageRecord.from_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def delete(
        self, user_id: str, image_id: str, now_seconds: int, widths: Iterable[int]
    ) -> ImageRecord | None:
        """Leave a tombstone; returns the record as it was before, None if there was none."""
        allowed = condition(Transition.DELETE, Change())
        dropped = [*_DROPPED_BY_TOMBSTONE, *map(thumbnail_key_attribute, widths)]
        names = {f"#d{number}": name for number, name in enumerate(dropped)}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(user_id, image_id),
                UpdateExpression="SET #status = :to, expiresAt = :end REMOVE " + ", ".join(names),
                ConditionExpression=allowed.expression,
                ExpressionAttributeNames=allowed.names | names,
                ExpressionAttributeValues=allowed.values
                | {
                    ":to": {"S": Status.DELETED},
                    ":end": {"N": str(now_seconds + TOMBSTONE_SECONDS)},
                },
                ReturnValues="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        before = ImageRecord.from_item(answer["Attributes"])
        if more := set(before.thumbnails) - set(widths):  # widths that are no longer in settings
            self.delete(user_id, image_id, now_seconds, more)
        return before


def _key(user_id: str, image_id: str) -> Item:
    return {"userId": {"S": user_id}, "imageId": {"S": image_id}}


def is_unavailable(exc: ClientError) -> bool:
    """Whether AWS said: not now."""
    return exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500 or exc.response[
        "Error"
    ].get("Code") in {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottlingException",
        "TransactionConflictException",
    }
