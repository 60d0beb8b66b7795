"""Image records in DynamoDB: the resizer's only table calls.

Each write is conditional; its condition comes from the transition table (`contract.conditions`).
A rejected write raises RefusedError with the current record, so that the caller need not read it.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from contract.conditions import condition
from contract.keys import OriginalKey, is_planned_id
from contract.photo_facts import Camera
from contract.record import (
    PHOTO_ATTRIBUTES,
    REDRIVEN,
    ImageRecord,
    Item,
    Reason,
    Status,
    ThumbnailFacts,
    photo_to_item,
    thumbnail_key_attribute,
    thumbnails_to_item,
)
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.update_expression import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

log = logging.getLogger(__name__)

# Standard retries: four attempts, so a call takes at most about 20 s of the function's 300.
DYNAMODB_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
)
_CLAIM = ("claimedBy", "claimedUntil")
MAX_PAGES_SEARCHED = 10  # of up to 1 MB each: some 10,000 records


class RefusedError(Exception):
    """The condition failed. `record` is the current one, None if there is none."""

    def __init__(self, record: ImageRecord | None) -> None:
        super().__init__(record.status if record else "no record")
        self.record = record


class NameTakenError(Exception):
    """The record whose image id is the object's name says that it is another object's."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known about an image once its thumbnails are stored."""

    content_type: str
    size: int
    width: int
    height: int
    placeholder: str
    color: str
    thumbnails: Mapping[int, ThumbnailFacts]
    filename: str | None
    taken_at: str | None = None
    camera: Camera | None = None
    partial: bool = False


def dynamodb_client(region: str | None, endpoint_url: str | None) -> "DynamoDBClient":
    """None: botocore looks in its own variables and files."""
    client = botocore.session.get_session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint_url, config=DYNAMODB_CONFIG
    )
    return cast("DynamoDBClient", client)


@dataclass(frozen=True, slots=True)
class Repository:
    client: "DynamoDBClient"
    table: str

    def claim(
        self, transition: Transition, ref: ObjectReference, change: Change, until_ms: int
    ) -> ImageRecord:
        """Mark the image `processing` for `change.owner` until `until_ms`; returns the record.

        `transition` is CLAIM or REDO. Raises RefusedError.
        """
        update = (
            Update()
            .set(**_from_event(ref), status={"S": Status.PROCESSING})
            .set(claimedBy={"S": change.owner}, claimedUntil={"N": str(until_ms)})
            .set_if_missing(**_from_key(ref))
            .remove("expiresAt", "uploadUntil", "error", "gaveUpEvent", "archived")
        )
        return self._write(transition, ref, change, update)

    def finish(
        self,
        transition: Transition,
        ref: ObjectReference,
        change: Change,
        finished: Finished,
        dropped_widths: frozenset[int],
    ) -> ImageRecord:
        """Mark the image `done`. `transition` is COMPLETE or REFRESH. Raises RefusedError."""
        facts: Item = {
            "contentType": {"S": finished.content_type},
            "size": {"N": str(finished.size)},
            "width": {"N": str(finished.width)},
            "height": {"N": str(finished.height)},
            "placeholder": {"S": finished.placeholder},
            "color": {"S": finished.color},
        }
        if finished.filename:
            facts["filename"] = {"S": finished.filename}
        photo = photo_to_item(finished.taken_at, finished.camera)
        if finished.partial:
            facts["partial"] = {"BOOL": True}
        update = (
            Update()
            .set(status={"S": Status.DONE}, eTag={"S": ref.e_tag}, **facts, **photo)
            .set(**thumbnails_to_item(finished.thumbnails))
            .remove(*_CLAIM, *map(thumbnail_key_attribute, dropped_widths))
            .remove(*(name for name in PHOTO_ATTRIBUTES if name not in photo))
            .remove(*() if finished.partial else ("partial",))
        )
        return self._write(transition, ref, change, update)

    def fail(
        self, ref: ObjectReference, change: Change, reason: Reason, widths: frozenset[int]
    ) -> ImageRecord:
        """Mark the image `failed`; `widths` are those of the thumbnails that it had.

        It keeps them if it may be retried.
        """
        update = (
            Update()
            .set(status={"S": Status.FAILED}, error={"S": reason}, size={"N": str(ref.size)})
            .remove(*_CLAIM)
        )
        if reason not in REDRIVEN:
            update = update.remove("thumbnails", "placeholder", "color", "width", "height")
            update = update.remove(*map(thumbnail_key_attribute, widths), *PHOTO_ATTRIBUTES)
            update = update.remove("partial")
        return self._write(Transition.FAIL, ref, change, update)

    def give_up(self, ref: ObjectReference, change: Change, event: str) -> ImageRecord:
        """Mark the image `failed` / `gave_up` and keep the `event` whose retries failed."""
        update = (
            Update()
            .set(**_from_event(ref), status={"S": Status.FAILED})
            .set(error={"S": Reason.GAVE_UP}, gaveUpEvent={"S": event})
            .set_if_missing(**_from_key(ref))
            .remove(*_CLAIM, "expiresAt", "uploadUntil", "archived")
        )
        return self._write(Transition.GIVE_UP, ref, change, update)

    def archive(self, ref: ObjectReference, change: Change) -> ImageRecord:
        """Say that the original is gone or frozen, but its thumbnails stay. Raises RefusedError."""
        update = (
            Update()
            .set(status={"S": Status.DONE}, archived={"BOOL": True})
            .remove(*_CLAIM, "error", "gaveUpEvent")
        )
        return self._write(Transition.ARCHIVE, ref, change, update)

    def unarchive(self, ref: ObjectReference, change: Change) -> ImageRecord:
        """Say that the original is back. Raises RefusedError."""
        update = Update().set(status={"S": Status.DONE}).remove("archived")
        return self._write(Transition.REFRESH, ref, change, update)

    def rebuild(
        self, transition: Transition, ref: ObjectReference, change: Change, finished: Finished
    ) -> None:
        """Claim and finish at once, for an image that has all its thumbnails."""
        self.claim(transition, ref, change, until_ms=0)
        self.finish(Transition.COMPLETE, ref, change, finished, frozenset())

    def forget(self, ref: ObjectReference, change: Change) -> None:
        """Remove the record of an original that is gone. Raises RefusedError."""
        try:
            self.client.delete_item(
                TableName=self.table,
                Key=_primary_key(ref.key.user_id, ref.record_id or ref.key.image_id),
                **condition(Transition.FORGET, change).arguments(),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as exc:
            raise _refused(exc) from exc

    def get(self, user_id: str, image_id: str) -> ImageRecord | None:
        response = self.client.get_item(
            TableName=self.table, Key=_primary_key(user_id, image_id), ConsistentRead=True
        )
        return ImageRecord.from_item(response["Item"]) if "Item" in response else None

    def of_original(self, key: OriginalKey) -> ImageRecord | None:
        """The record of this original, under whichever image id."""
        if is_planned_id(key.image_id):
            return self.get(key.user_id, key.image_id)
        named = self._named(key)
        if named and named.key == key and named.status is not Status.DELETED:
            return named
        found = self.find_by_original_key(key.user_id, key)
        return found or (named if named and named.key == key else None)

    def locate(self, ref: ObjectReference) -> ObjectReference:
        """`ref` with the id of its record, which another program may have chosen.

        Without a record, that is the object's name. Raises NameTakenError if it is taken. An object
        that the API planned costs no read.
        """
        if ref.record_id or is_planned_id(ref.key.image_id):
            return ref
        named = self._named(ref.key)
        is_its_own = named is not None and named.key == ref.key
        if named and is_its_own and named.status is not Status.DELETED:
            return ref
        found = self.find_by_original_key(ref.key.user_id, ref.key)
        if found:
            return replace(ref, record_id=found.image_id)
        if named and not is_its_own:
            raise NameTakenError(ref.key.log_name)
        return ref

    def _named(self, key: OriginalKey) -> ImageRecord | None:
        """By a query, since no function may get items."""
        response = self.client.query(
            TableName=self.table,
            KeyConditionExpression="userId = :user AND imageId = :image",
            ExpressionAttributeValues={":user": {"S": key.user_id}, ":image": {"S": key.image_id}},
            ConsistentRead=True,
        )
        return next(map(ImageRecord.from_item, response["Items"]), None)

    def find_by_original_key(self, user_id: str, key: OriginalKey) -> ImageRecord | None:
        """The record whose `originalKey` is `key`, under whichever image id.

        Reads at most MAX_PAGES_SEARCHED pages of the user's records, newest id first. If several
        name the key, the one with the greatest image id is returned, a tombstone only if all are.
        """
        start: Any = {}
        tombstone = None
        for _ in range(MAX_PAGES_SEARCHED):
            page = self.client.query(
                TableName=self.table,
                KeyConditionExpression="userId = :user",
                FilterExpression="originalKey = :key",
                ExpressionAttributeValues={":user": {"S": user_id}, ":key": {"S": str(key)}},
                ScanIndexForward=False,
                ConsistentRead=True,
                **start,
            )
            for record in map(ImageRecord.from_item, page["Items"]):
                if record.key == key and record.status is not Status.DELETED:
                    return record
                tombstone = tombstone or (record if record.key == key else None)
            if "LastEvaluatedKey" not in page:
                return tombstone
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        log.warning("records not searched to the end", extra=key.log_fields)
        return tombstone

    def of_user(self, user_id: str) -> Iterator[ImageRecord]:
        """All records of a user, in the order of their image ids, which is also the keys' order."""
        pages = self.client.get_paginator("query")
        for page in pages.paginate(
            TableName=self.table,
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
            ConsistentRead=True,
        ):
            yield from map(ImageRecord.from_item, page["Items"])

    def users(self) -> Iterator[str]:
        """The user ids in the table, once for each run of adjacent records."""
        pages = self.client.get_paginator("scan")
        last = None
        for page in pages.paginate(TableName=self.table, ProjectionExpression="userId"):
            for item in page["Items"]:
                if item["userId"]["S"] != last:
                    last = item["userId"]["S"]
                    yield last

    def _write(
        self, transition: Transition, ref: ObjectReference, change: Change, update: Update
    ) -> ImageRecord:
        try:
            response = self.client.update_item(
                TableName=self.table,
                Key=_primary_key(ref.key.user_id, ref.record_id or ref.key.image_id),
                **update.arguments(condition(transition, change)),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as exc:
            raise _refused(exc) from exc
        return ImageRecord.from_item(response["Attributes"])


def _primary_key(user_id: str, image_id: str) -> Item:
    return {"userId": {"S": user_id}, "imageId": {"S": image_id}}


def _from_event(ref: ObjectReference) -> Item:
    return {
        "sequencer": {"S": ref.sequencer},
        "eTag": {"S": ref.e_tag},
        "size": {"N": str(ref.size)},
    }


def _from_key(ref: ObjectReference) -> Item:
    item: Item = {"originalKey": {"S": str(ref.key)}, "filename": {"S": ref.key.filename}}
    created_at_ms = ref.key.created_at_ms or ref.stored_at_ms
    if created_at_ms is not None:
        item["createdAt"] = {"N": str(created_at_ms)}
    return item


def _refused(exc: ClientError) -> Exception:
    """RefusedError for a failed condition, the error itself for anything else."""
    if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
        return exc
    item: Any = exc.response.get("Item")  # ReturnValuesOnConditionCheckFailure
    return RefusedError(ImageRecord.from_item(item) if item else None)
