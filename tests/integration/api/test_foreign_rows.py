"""Rows of other programs in the API, over real HTTP: one never hides the others."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from botocore.exceptions import ClientError

from api.settings import Settings
from contract.keys import OriginalKey
from contract.metadata import USER_ID
from contract.record import Status
from tests.integration.api.conftest import CreateApp
from tests.integration.api.test_listing import page
from tests.records import CAT, finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

START = 1763853422000
UUID = "0c9d4b5e-8f0a-4b6e-9d43-6b1f0a0b5b5e"
DONE = {"status": {"S": "done"}}

# By image id; each is served, whatever else it says
ADDRESSABLE: Mapping[str, dict[str, Any]] = {
    UUID: {},
    "cat.jpg": {"status": {"S": "processing"}, "createdAt": {"N": "1763853422123"}},
    "a b+c%2Fd?e#f&g=h;i": {"status": {"S": "done"}},
    "é🐈\u2028": {"status": {"S": "done"}},
    "...": {"status": {"S": "done"}},
    "x" * 800: {"status": {"S": "done"}},
    "2026-11-25T07:12:00.000Z-cat.jpg": {"status": {"S": "done"}},
    "status-unknown": {"status": {"S": "uploaded"}},
    "status-empty": {"status": {"S": ""}},
    "status-number": {"status": {"N": "1"}},
    "status-null": {"status": {"NULL": True}},
    "status-list": {"status": {"L": [{"S": "done"}]}},
    "pending": {"status": {"S": "pending"}},
    "pending-until-text": {"status": {"S": "pending"}, "expiresAt": {"S": "tomorrow"}},
    "pending-for-ever": {"status": {"S": "pending"}, "expiresAt": {"N": "1E+40"}},
    "failed-oddly": {"status": {"S": "failed"}, "error": {"S": "disk full"}},
    "numbers": {
        "status": {"S": "done"},
        "size": {"N": "-1"},
        "width": {"N": "1.5"},
        "height": {"N": "1E+100"},
        "createdAt": {"N": "-1E-100"},
    },
    "texts": {
        "status": {"S": "done"},
        "size": {"S": "1024"},
        "width": {"BOOL": True},
        "createdAt": {"S": "2025-11-22T23:17:02.123Z"},
        "filename": {"N": "1"},
        "contentType": {"NULL": True},
        "color": {"M": {}},
        "placeholder": {"B": b"x"},
        "eTag": {"SS": ["x"]},
    },
    "bookkeeping": {
        "status": {"S": "done"},
        "sequencer": {"N": "7"},
        "claimedBy": {"NULL": True},
        "claimedUntil": {"S": "soon"},
        "gaveUpEvent": {"L": []},
    },
    "thumbnails-list": {"status": {"S": "done"}, "thumbnails": {"L": []}},
    "thumbnails-odd": {
        "status": {"S": "done"},
        "thumbnails": {"M": {"x": {"S": "y"}, "200": {"M": {}}, "0": {"M": {}}, "": {"M": {}}}},
        "thumb200Key": {"N": "200"},
    },
    "thumbnails-keys-only": {
        "status": {"S": "done"},
        "thumb200Key": {"S": "thumbnails/200/somebody-elses.jpg"},
        "thumb400Key": {"NULL": True},
    },
    "original-elsewhere": {"status": {"S": "done"}, "originalKey": {"S": "backup/secret"}},
    "original-of-another": {"status": {"S": "done"}, "originalKey": {"S": "uploads/ann/a.jpg"}},
    "original-number": {"status": {"S": "done"}, "originalKey": {"N": "1"}},
}
# Listed, but no URL of the API names them
UNADDRESSABLE = ["a/b.jpg", "tab\tnewline\n.jpg", "\x7f", "..", "y" * 801, "z" * 1024]


def store(
    dynamodb: "DynamoDBClient", table: str, user_id: str, image_id: str, row: dict[str, Any]
) -> None:
    keys: dict[str, Any] = {"userId": {"S": user_id}, "imageId": {"S": image_id}}
    dynamodb.put_item(TableName=table, Item={**row, **keys})


@pytest.fixture
def mixed(dynamodb: "DynamoDBClient", table: str, user_id: str) -> list[str]:
    """A user with every kind of broken row beside good ones; returns all image ids."""
    good = [finished(user_id, START + number) for number in range(3)]
    put(dynamodb, table, *good)
    for image_id, row in ADDRESSABLE.items():
        store(dynamodb, table, user_id, image_id, row)
    for image_id in UNADDRESSABLE:
        store(dynamodb, table, user_id, image_id, DONE)
    ids = [*(record.image_id for record in good), *ADDRESSABLE, *UNADDRESSABLE]
    return sorted(ids, key=str.encode, reverse=True)


def walk(client: httpx.Client, user_id: str, **query: Any) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = page(client, user_id, **query, **({"cursor": cursor} if cursor else {}))
        images += body["items"]
        cursor = body["nextCursor"]
    return images


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_a_listing_shows_every_row_whatever_it_holds(
    client: httpx.Client, user_id: str, mixed: list[str], limit: int
) -> None:
    images = walk(client, user_id, limit=limit)
    assert [image["imageId"] for image in images] == mixed
    good = [image for image in images if image["imageId"].startswith("1763853422")]
    assert len(good) == 3
    assert all(len(image["thumbnails"]) == 2 and image["originalUrl"] for image in good)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DELETED])
def test_a_status_filter_agrees_with_the_statuses_shown(
    client: httpx.Client, user_id: str, mixed: list[str], status: Status
) -> None:
    expected = [image["imageId"] for image in walk(client, user_id) if image["status"] == status]
    filtered = walk(client, user_id, status=str(status), limit=3)
    assert [image["imageId"] for image in filtered] == expected
    assert expected


def test_no_row_makes_the_api_sign_an_object_that_is_not_its_own(
    client: httpx.Client, user_id: str, mixed: list[str]
) -> None:
    for image in walk(client, user_id):
        if image["imageId"] in UNADDRESSABLE:
            assert (image["originalKey"], image["originalUrl"]) == (None, None)
            continue
        key = OriginalKey(user_id, image["imageId"])
        assert image["originalKey"] == str(key)
        if image["originalUrl"]:
            assert httpx.URL(image["originalUrl"]).path.endswith(f"/{key}")
        for thumbnail in image["thumbnails"]:
            assert thumbnail["key"].endswith(f"/{image['imageId']}")


@pytest.mark.parametrize("image_id", ADDRESSABLE, ids=lambda text: text[:24])
def test_each_row_can_be_read_waited_for_and_deleted_by_its_id(
    client: httpx.Client,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
    image_id: str,
) -> None:
    store(dynamodb, table, user_id, image_id, ADDRESSABLE[image_id])
    path = f"/users/{user_id}/images/{quote(image_id, safe='')}"
    shown = client.get(path)
    assert shown.status_code == 200, shown.text
    assert shown.json()["imageId"] == image_id
    if shown.json()["status"] in {"done", "failed"}:
        waited = client.get(path, params={"wait": 20}).json()
        assert waited["status"] == shown.json()["status"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert page(client, user_id)["items"] == []
    left = dynamodb.query(
        TableName=table,
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": user_id}},
    )["Items"]
    kept = {"userId", "imageId", "status", "expiresAt", "createdAt", "sequencer", "originalKey"}
    kept |= {"size", "uploadUntil"}  # count against the quota
    assert all(set(item) <= kept for item in left)


def test_an_unfinished_foreign_row_is_returned_after_the_wait(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    store(dynamodb, table, user_id, UUID, {"status": {"S": "uploaded"}})
    start = time.monotonic()
    image = client.get(f"/users/{user_id}/images/{UUID}", params={"wait": 1}).json()
    assert time.monotonic() - start >= 1
    assert (image["status"], image["createdAt"]) == ("processing", None)


@pytest.mark.parametrize("image_id", UNADDRESSABLE, ids=lambda text: repr(text[:24]))
def test_an_id_that_names_no_object_is_not_found(
    client: httpx.Client, user_id: str, mixed: list[str], image_id: str
) -> None:
    path = f"/users/{user_id}/images/{quote(image_id, safe='')}"
    for method in ("GET", "DELETE"):
        assert client.request(method, path).status_code in {404, 405}
    assert len(walk(client, user_id)) == len(mixed)


def test_the_row_of_a_uuid_shows_and_deletes_the_object_that_it_names(
    client: httpx.Client,
    dynamodb: "DynamoDBClient",
    s3: "S3Client",
    table: str,
    bucket: str,
    user_id: str,
) -> None:
    key = OriginalKey(user_id, f"my cat+%41 é {user_id}.jpg")
    bystander = OriginalKey(user_id, UUID)
    own = finished(user_id, START, image_id=UUID, object_name=key.image_id)
    facts = {
        width: replace(fact, key=str(key.thumbnail(width)))
        for width, fact in own.thumbnails.items()
    }
    put(dynamodb, table, replace(own, thumbnails=facts))
    names = [str(key), str(key.thumbnail(200)), str(key.thumbnail(400))]
    others = [str(bystander), str(bystander.thumbnail(200))]
    for name in (*names, *others):
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode(), Metadata={USER_ID: user_id})

    path = f"/users/{user_id}/images/{UUID}"
    image = client.get(path).json()
    [listed] = page(client, user_id)["items"]
    assert (listed["imageId"], listed["originalKey"]) == (UUID, str(key))
    assert (image["imageId"], image["originalKey"]) == (UUID, str(key))
    urls = [image["originalUrl"], *(thumbnail["url"] for thumbnail in image["thumbnails"])]
    assert [httpx.get(url).text for url in urls] == names

    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 204, "an interrupted deletion can be repeated"
    for name in names:
        with pytest.raises(ClientError):
            s3.head_object(Bucket=bucket, Key=name)
    for name in others:
        s3.head_object(Bucket=bucket, Key=name)
        s3.delete_object(Bucket=bucket, Key=name)


def test_an_interrupted_deletion_still_finds_the_objects_of_a_uuid(
    client: httpx.Client,
    dynamodb: "DynamoDBClient",
    s3: "S3Client",
    table: str,
    bucket: str,
    user_id: str,
) -> None:
    key = OriginalKey(user_id, "cat.jpg")
    put(dynamodb, table, finished(user_id, START, image_id=UUID, object_name="cat.jpg", widths=()))
    path = f"/users/{user_id}/images/{UUID}"
    assert client.delete(path).status_code == 204
    s3.put_object(Bucket=bucket, Key=str(key), Body=b"left by a crash")
    assert client.delete(path).status_code == 204
    with pytest.raises(ClientError):
        s3.head_object(Bucket=bucket, Key=str(key))


def test_a_quota_counts_such_rows_without_failing(
    make_app: CreateApp, api_settings: Settings, user_id: str, mixed: list[str]
) -> None:
    with serve(make_app(replace(api_settings, quota_images=len(mixed) + 1))) as client:
        first = client.post(f"/users/{user_id}/uploads", json=CAT)
        assert first.status_code == 201, first.text


def test_nothing_of_a_deleted_row_remains_however_much_another_program_wrote(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    many = {f"attribute{number}": {"S": "private"} for number in range(450)}
    store(dynamodb, table, user_id, UUID, {**many, "status": {"S": "done"}})
    assert client.delete(f"/users/{user_id}/images/{UUID}").status_code == 204
    key: Any = {"userId": {"S": user_id}, "imageId": {"S": UUID}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
    assert set(item) == {"userId", "imageId", "status", "expiresAt"}
