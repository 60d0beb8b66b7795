import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.aws.dynamodb.idempotency import IdempotencyRows
from api.aws.s3.uploads import DeclaredFile
from api.use_cases.idempotency import first_request
from tests.integration.api.conftest import CreateApp
from tests.records import CAT
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def post(
    client: httpx.Client, user_id: str, key: str | None, body: Any = CAT, path: str = "uploads"
) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/users/{user_id}/{path}", json=body, headers=headers)


def count_images(client: httpx.Client, user_id: str) -> int:
    return len(client.get(f"/users/{user_id}/images").json()["items"])


def test_a_retried_request_gets_the_same_response_and_plans_no_second_image(
    client: httpx.Client, user_id: str
) -> None:
    responses = [post(client, user_id, "key-1") for _ in range(3)]
    assert {response.status_code for response in responses} == {201}
    first = responses[0].json()
    for response in responses[1:]:
        again = response.json()
        assert again["image"]["imageId"] == first["image"]["imageId"]
        assert again["upload"] == first["upload"]
    assert count_images(client, user_id) == 1


def test_each_request_without_a_key_or_with_another_key_plans_a_new_image(
    client: httpx.Client, user_id: str
) -> None:
    for key in (None, None, "key-1", "key-2"):
        assert post(client, user_id, key).status_code == 201
    assert count_images(client, user_id) == 4


def test_two_users_may_choose_the_same_key(client: httpx.Client, user_id: str) -> None:
    images = [post(client, user, "key-1").json()["image"] for user in (user_id, f"{user_id}x")]
    assert images[0]["imageId"] != images[1]["imageId"]


def test_a_key_cannot_be_used_for_a_different_request(client: httpx.Client, user_id: str) -> None:
    assert post(client, user_id, "key-1").status_code == 201
    response = post(client, user_id, "key-1", {**CAT, "size": 11})
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert count_images(client, user_id) == 1


def test_a_retried_batch_gets_the_same_images(client: httpx.Client, user_id: str) -> None:
    body = {"files": [CAT, CAT, {**CAT, "size": 9}]}
    responses = [post(client, user_id, "key-1", body, "uploads/batch").json() for _ in range(2)]
    ids = [[item["image"]["imageId"] for item in response["items"]] for response in responses]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3
    assert count_images(client, user_id) == 3


def test_simultaneous_requests_in_two_processes_plan_one_image(
    client: httpx.Client, make_app: CreateApp, user_id: str
) -> None:
    with serve(make_app()) as other, ThreadPoolExecutor(16) as pool:
        clients = [client, other] * 8
        responses = list(pool.map(lambda each: post(each, user_id, "key-1"), clients))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["image"]["imageId"] for response in responses}) == 1
    assert count_images(client, user_id) == 1


def test_a_request_interrupted_before_its_record_is_finished_by_its_retry(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    file = DeclaredFile("cat.jpg", "image/jpeg", 10)
    request = first_request(int(time.time() * 1000) - 5000, "seed", [file])
    IdempotencyRows(dynamodb, table, 3600).put(user_id, "key-1", request)
    assert count_images(client, user_id) == 0
    image = post(client, user_id, "key-1").json()["image"]
    assert image["createdAt"] == request.planned_at_ms
    assert count_images(client, user_id) == 1


def test_a_key_lasts_as_long_as_the_upload_url_that_was_returned(
    make_app: CreateApp, user_id: str
) -> None:
    now = time.time() - 7200
    images = []
    for clock in (now, now + 3599, now + 3601):
        with serve(make_app(clock=lambda at=clock: at)) as client:
            response = post(client, user_id, "key-1").json()
            images.append(response["image"]["imageId"])
            assert response["upload"]["expiresAt"] >= clock * 1000 - 1000
    assert images[0] == images[1] != images[2]


def test_a_key_whose_image_was_deleted_is_reported_as_such(
    client: httpx.Client, user_id: str
) -> None:
    image_id = post(client, user_id, "key-1").json()["image"]["imageId"]
    assert client.delete(f"/users/{user_id}/images/{image_id}").status_code == 204
    response = post(client, user_id, "key-1")
    assert (response.status_code, response.json()["code"]) == (409, "image_deleted")


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 201])
def test_an_invalid_key_is_rejected(client: httpx.Client, user_id: str, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    response = client.post(f"/users/{user_id}/uploads", json=CAT, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


def test_rows_of_idempotency_keys_are_not_images(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    """No user id has a `#`, so no listing contains them, and no path reaches them."""
    post(client, user_id, "key-1")
    response = client.get(f"/users/%23idempotency%23{user_id}/images")
    assert response.json()["code"] == "invalid_user_id"
