import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from api.aws.dynamodb.repository import Repository
from contract.metadata import USER_ID
from contract.record import ImageRecord, Status
from contract.settings import TOMBSTONE_SECONDS
from tests.records import CAT, finished, key_of, pending, put

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

START = 1763853422000


class World:
    """One finished image in the bucket and the table, and what is left of it."""

    def __init__(
        self, s3: "S3Client", dynamodb: "DynamoDBClient", bucket: str, table: str, user_id: str
    ) -> None:
        self.s3, self.dynamodb, self.bucket, self.table = s3, dynamodb, bucket, table
        self.record = finished(user_id, START + int(time.time() * 1e6) % 10**9)
        self.path = f"/users/{user_id}/images/{self.record.image_id}"

    @property
    def created_at_ms(self) -> int:
        assert self.record.created_at_ms is not None
        return self.record.created_at_ms

    def store(self, record: ImageRecord, owner: str | None = None) -> None:
        put(self.dynamodb, self.table, record)
        self.s3.put_object(Bucket=self.bucket, Key=str(record.key), Body=b"original")
        for width in record.thumbnails:
            self.thumbnail(record, width, owner or record.user_id)

    def thumbnail(self, record: ImageRecord, width: int, owner: str) -> None:
        self.s3.put_object(
            Bucket=self.bucket,
            Key=str(key_of(record).thumbnail(width)),
            Body=b"thumbnail",
            Metadata={USER_ID: owner},
        )

    def left(self, record: ImageRecord, *widths: int) -> list[str]:
        keys = [str(record.key), *(str(key_of(record).thumbnail(width)) for width in widths)]
        return [key for key in keys if self.exists(key)]

    def exists(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError:
            return False
        return True

    def item(self) -> Any:
        key: Any = {
            "userId": {"S": self.record.user_id},
            "imageId": {"S": self.record.image_id},
        }
        return self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get(
            "Item"
        )


@pytest.fixture
def world(
    s3: "S3Client", dynamodb: "DynamoDBClient", bucket: str, table: str, user_id: str
) -> World:
    return World(s3, dynamodb, bucket, table, user_id)


def test_original_and_thumbnails_are_deleted_and_a_bare_tombstone_remains(
    client: httpx.Client, world: World
) -> None:
    world.store(world.record)
    before = int(time.time())
    response = client.delete(world.path)
    assert (response.status_code, response.content) == (204, b"")
    assert world.left(world.record, 200, 400) == []
    item = world.item()
    expires = int(item.pop("expiresAt")["N"])
    assert 0 <= expires - TOMBSTONE_SECONDS - before <= 5
    assert item == {
        "userId": {"S": world.record.user_id},
        "imageId": {"S": world.record.image_id},
        "status": {"S": "deleted"},
        "createdAt": {"N": str(world.created_at_ms)},
        "sequencer": {"S": world.record.sequencer},
        "size": {"N": str(world.record.size)},
    }


def test_a_deleted_image_is_not_found_and_deleting_it_again_succeeds(
    client: httpx.Client, world: World
) -> None:
    world.store(world.record)
    assert [client.delete(world.path).status_code for _ in range(3)] == [204] * 3
    assert client.get(world.path).json()["code"] == "image_not_found"


def test_an_image_without_record_is_not_found(client: httpx.Client, world: World) -> None:
    response = client.delete(world.path)
    assert (response.status_code, response.json()["code"]) == (404, "image_not_found")
    assert world.item() is None
    assert client.delete(f"/users/{world.record.user_id}/images/cat.jpg").status_code == 404


def test_another_users_thumbnail_with_the_same_key_is_kept(
    client: httpx.Client, world: World
) -> None:
    world.store(world.record)
    world.thumbnail(world.record, 400, "somebody_else")
    assert client.delete(world.path).status_code == 204
    assert world.left(world.record, 200, 400) == [str(key_of(world.record).thumbnail(400))]


def test_thumbnails_of_widths_that_are_no_longer_made_are_deleted_too(
    client: httpx.Client, world: World
) -> None:
    record = finished(world.record.user_id, world.created_at_ms, widths=(200, 400, 640))
    world.store(record)
    assert client.delete(world.path).status_code == 204
    assert world.left(record, 200, 400, 640) == []
    assert "thumb640Key" not in world.item()


@pytest.mark.parametrize("removed", [0, 1, 2, 3], ids="after {} removals".format)
def test_an_interrupted_delete_is_finished_by_the_next_one(
    client: httpx.Client, world: World, api_session: boto3.Session, table: str, removed: int
) -> None:
    record = finished(world.record.user_id, world.created_at_ms, widths=(200, 400, 640))
    world.store(record)
    repository = Repository(api_session.client("dynamodb"), table)
    assert repository.delete(record.user_id, record.image_id, int(time.time()), (200, 400))
    for width in (200, 400, 640)[:removed]:
        world.s3.delete_object(Bucket=world.bucket, Key=str(key_of(record).thumbnail(width)))
    assert client.delete(world.path).status_code == 204
    assert world.left(record, 200, 400, 640) == []


def test_a_planned_upload_can_be_deleted_before_it_arrives(
    client: httpx.Client, world: World
) -> None:
    user_id = world.record.user_id
    put(world.dynamodb, world.table, pending(user_id, world.created_at_ms, 9_999_999_999))
    assert client.delete(world.path).status_code == 204
    assert world.item()["status"]["S"] == Status.DELETED


def test_a_record_of_an_object_that_something_else_put_is_deleted_like_any_other(
    client: httpx.Client, world: World
) -> None:
    """Its name may contain anything but slashes and control characters."""
    record = finished(
        world.record.user_id,
        world.created_at_ms,
        image_id="1763853422000-ein Bild+é%41#?.jpg",
    )
    world.store(record)
    path = httpx.URL(f"/users/{record.user_id}/images/").copy_with(
        raw_path=f"/users/{record.user_id}/images/{quoted(record.image_id)}".encode()
    )
    assert client.get(path).json()["imageId"] == record.image_id
    assert client.delete(path).status_code == 204
    assert world.left(record, 200, 400) == []


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_planning_again_after_a_delete_creates_another_image(
    client: httpx.Client, world: World
) -> None:
    user_id = world.record.user_id
    first = client.post(f"/users/{user_id}/uploads", json=CAT).json()["image"]["imageId"]
    assert client.delete(f"/users/{user_id}/images/{first}").status_code == 204
    second = client.post(f"/users/{user_id}/uploads", json=CAT).json()["image"]["imageId"]
    assert second != first
