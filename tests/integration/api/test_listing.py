import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from api.aws.dynamodb.raw_items import return_items_as_json
from contract.record import Status
from tests.integration.api.conftest import CreateApp
from tests.records import finished, pending, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = 1763853422000


def page(client: httpx.Client, user_id: str, **query: Any) -> dict[str, Any]:
    response = client.get(f"/users/{user_id}/images", params=query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def created(body: dict[str, Any]) -> list[int]:
    return [image["createdAt"] - START for image in body["items"]]


def test_pages_go_from_newest_to_oldest_without_gaps_or_duplicates(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, *(finished(user_id, START + number) for number in range(25)))
    seen: list[int] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        body = page(client, user_id, limit=10, **({"cursor": cursor} if cursor else {}))
        seen += created(body)
        cursor = body["nextCursor"]
        pages += 1
    assert seen == list(range(24, -1, -1))
    assert pages == 3


def test_a_page_that_ends_with_the_last_image_has_no_next_page(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, *(finished(user_id, START + number) for number in range(10)))
    assert page(client, user_id, limit=10)["nextCursor"] is None
    assert page(client, user_id, limit=9)["nextCursor"] is not None


def test_the_next_page_continues_correctly_after_newer_images_arrive(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, *(finished(user_id, START + number) for number in range(4)))
    first = page(client, user_id, limit=2)
    put(dynamodb, table, finished(user_id, START + 100))
    assert created(page(client, user_id, limit=2, cursor=first["nextCursor"])) == [1, 0]


def test_tombstones_and_uploads_that_never_arrived_are_hidden(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    now = int(time.time())
    put(
        dynamodb,
        table,
        finished(user_id, START + 1, status=Status.DELETED, widths=(), expires_at_s=now + 999),
        pending(user_id, START + 2, now - 1),
        pending(user_id, START + 3, now + 999),
        finished(user_id, START + 4),
        replace(pending(user_id, START + 5, 1), expires_at_s=None),
    )
    assert created(page(client, user_id)) == [5, 4, 3]
    assert created(page(client, user_id, status="pending")) == [5, 3]
    for hidden in (1, 2):
        response = client.get(f"/users/{user_id}/images/{START + hidden}-0123abcd-cat.jpg")
        assert (response.status_code, response.json()["code"]) == (404, "image_not_found")


def test_internal_rows_are_not_listed(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, finished(user_id, START))
    (image,) = page(client, user_id)["items"]
    one = client.get(f"/users/{user_id}/images/{image['imageId']}").json()
    assert one == image
    assert not {"claimedBy", "claimedUntil", "gaveUpEvent", "sequencer", "expiresAt"} & set(image)


def test_users_see_their_own_images_only(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, finished(user_id, START), finished(f"{user_id}x", START + 1))
    assert created(page(client, user_id)) == [0]


def test_a_status_filter_reads_a_bounded_number_of_records_per_page(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    """Five reads of 200 at most: an old failed image among newer done ones is on a later page."""
    put(dynamodb, table, finished(user_id, START, status=Status.FAILED, error="empty"))
    put(dynamodb, table, *(finished(user_id, START + 1 + number) for number in range(1100)))
    first = page(client, user_id, status="failed")
    assert first["items"] == []
    assert first["nextCursor"] is not None
    second = page(client, user_id, status="failed", cursor=first["nextCursor"])
    assert created(second) == [0]
    assert second["nextCursor"] is None


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%F0%9F%92%A9", "a" * 3000])
def test_a_forged_cursor_is_rejected(client: httpx.Client, user_id: str, cursor: str) -> None:
    response = client.get(f"/users/{user_id}/images?cursor={cursor}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


def test_another_users_cursor_is_rejected(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, finished(user_id, START), finished(user_id, START + 1))
    cursor = page(client, user_id, limit=1)["nextCursor"]
    assert created(page(client, user_id, cursor=cursor)) == [0]
    response = client.get("/users/somebody/images", params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


def test_a_cursor_from_one_process_works_in_another(
    client: httpx.Client,
    make_app: CreateApp,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
) -> None:
    put(dynamodb, table, finished(user_id, START), finished(user_id, START + 1))
    cursor = page(client, user_id, limit=1)["nextCursor"]
    with serve(make_app()) as other:
        assert created(page(other, user_id, cursor=cursor)) == [0]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=deleted", "wait=21"])
def test_parameters_out_of_range_are_rejected(
    client: httpx.Client, user_id: str, query: str
) -> None:
    path = "images/1763853422000-x" if query.startswith("wait") else "images"
    response = client.get(f"/users/{user_id}/{path}?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert response.json()["errors"][0]["pointer"] == query.split("=")[0]


def test_an_image_has_the_same_urls_a_minute_later(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, finished(user_id, START))
    now = time.time()
    start = now - now % (3 * 3600)  # the start of a window, so that the minute ends within it
    seen = []
    for clock in (start + 60, start + 120):
        with serve(make_app(clock=lambda at=clock: at)) as client:
            (image,) = page(client, user_id)["items"]
            seen.append([image["srcSet"], image["originalUrl"], image["thumbnails"]])
    assert seen[0] == seen[1]
    assert len(seen[0][2]) == 2


def test_items_returned_as_json_are_what_botocore_would_return(
    root_session: boto3.Session, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    put(dynamodb, table, finished(user_id, START), pending(user_id, START + 1, 9_999_999_999))
    plain = root_session.client("dynamodb")
    taken = root_session.client("dynamodb")
    return_items_as_json(taken)
    query: Any = {
        "TableName": table,
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "Limit": 1,
    }
    expected, found = plain.query(**query), taken.query(**query)
    assert {**expected, "ResponseMetadata": None} == {**found, "ResponseMetadata": None}
    assert set(expected["ResponseMetadata"]) == set(found["ResponseMetadata"])
    key = expected["LastEvaluatedKey"]
    item = plain.get_item(TableName=table, Key=key)["Item"]
    assert taken.get_item(TableName=table, Key=key)["Item"] == item
    with pytest.raises(taken.exceptions.ResourceNotFoundException):
        taken.get_item(TableName="NoSuchTable", Key=key)
