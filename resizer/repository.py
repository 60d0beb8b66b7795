"""Image records in DynamoDB: the resizer's only table calls.

Each write is conditional; its condition comes from the transition table (`contract.conditions`).
A rejected write raises RefusedError with the current record, so that the caller need not read it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from contract.conditions import condition
from contract.record import (
    ImageRecord,
    Item,
    Reason,
    Status,
    ThumbnailFacts,
    thumbnail_key_attribute,
    thumbnails_to_item,
)
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.update_expression import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Standard retries: four attempts, so a call takes at most about 20 s of the function's 300.
DYNAMODB_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
)
_CLAIM = ("claimedBy", "claimedUntil")


class RefusedError(Exception):
    """The condition failed. `record` is the current one, None if there is none."""

    def __init__(self, record: ImageRecord | None) -> None:
        super().__init__(record.status if record else "no record")
        self.record = record


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
            .remove("expiresAt", "uploadUntil", "error", "gaveUpEvent")
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
        update = (
            Update()
            .set(status={"S": Status.DONE}, eTag={"S": ref.e_tag}, **facts)
            .set(**thumbnails_to_item(finished.thumbnails))
            .remove(*_CLAIM, *map(thumbnail_key_attribute, dropped_widths))
        )
        return self._write(transition, ref, change, update)

    def fail(
        self, ref: ObjectReference, change: Change, reason: Reason, widths: frozenset[int]
    ) -> ImageRecord:
        """Mark the image `failed` for good; `widths` are those of the thumbnails that it had."""
        update = (
            Update()
            .set(status={"S": Status.FAILED}, error={"S": reason}, size={"N": str(ref.size)})
            .remove(*_CLAIM, "thumbnails", "placeholder", "color", "width", "height")
            .remove(*map(thumbnail_key_attribute, widths))
        )
        return self._write(Transition.FAIL, ref, change, update)

    def give_up(self, ref: ObjectReference, change: Change, event: str) -> ImageRecord:
        """Mark the image `failed` / `gave_up` and keep the `event` whose retries failed."""
        update = (
            Update()
            .set(**_from_event(ref), status={"S": Status.FAILED})
            .set(error={"S": Reason.GAVE_UP}, gaveUpEvent={"S": event})
            .set_if_missing(**_from_key(ref))
            .remove(*_CLAIM, "expiresAt", "uploadUntil")
        )
        return self._write(Transition.GIVE_UP, ref, change, update)

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
                Key=_primary_key(ref.key.user_id, ref.key.image_id),
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
                Key=_primary_key(ref.key.user_id, ref.key.image_id),
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
    return {
        "originalKey": {"S": str(ref.key)},
        "createdAt": {"N": str(ref.key.created_at_ms)},
        "filename": {"S": ref.key.filename},
    }


def _refused(exc: ClientError) -> Exception:
    """RefusedError for a failed condition, the error itself for anything else."""
    if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
        return exc
    item: Any = exc.response.get("Item")  # ReturnValuesOnConditionCheckFailure
    return RefusedError(ImageRecord.from_item(item) if item else None)
