import dataclasses
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.aws.dynamodb.usage import Usage
from api.settings import Settings
from api.use_cases.errors import QuotaExceededError
from api.use_cases.quota import (
    EVENT_DELAY_SECONDS,
    IN_FLIGHT_SECONDS,
    RECOUNT_SECONDS,
    STALE_SECONDS,
    Quota,
)
from contract.record import Status
from tests.integration.api.conftest import CreateApp
from tests.records import CAT, finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

URL_SECONDS = 3600


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class User:
    """A user with a quota of five images and a hundred bytes."""

    def __init__(self, client: httpx.Client, clock: Clock, user_id: str) -> None:
        self.client, self.clock, self.user_id = client, clock, user_id

    def plan(self, size: int = 10, key: str | None = None) -> str | None:
        """The image id, or None if the quota is used up."""
        headers = {"Idempotency-Key": key} if key else {}
        response = self.client.post(
            f"/users/{self.user_id}/uploads", json={**CAT, "size": size}, headers=headers
        )
        if response.status_code == 409:
            assert response.json()["code"] == "quota_exceeded"
            return None
        assert response.status_code == 201, response.text
        image_id: str = response.json()["image"]["imageId"]
        return image_id

    def delete(self, image_id: str) -> None:
        response = self.client.delete(f"/users/{self.user_id}/images/{image_id}")
        assert response.status_code == 204


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def limited(make_app: CreateApp, api_settings: Settings, clock: Clock) -> Iterator[httpx.Client]:
    settings = dataclasses.replace(api_settings, quota_images=5, quota_bytes=100)
    with serve(make_app(settings, clock=clock)) as client:
        yield client


@pytest.fixture
def user(limited: httpx.Client, clock: Clock, user_id: str) -> User:
    return User(limited, clock, user_id)


def store(dynamodb: "DynamoDBClient", table: str, user: User, image_id: str) -> None:
    """As the resizer leaves the record after the upload arrived."""
    stamp = int(image_id[:13])
    record = finished(user.user_id, stamp, image_id=image_id, widths=(), size=10)
    put(dynamodb, table, record)


def test_no_more_images_are_planned_than_the_quota_allows(user: User) -> None:
    assert all(user.plan() for _ in range(5))
    assert user.plan() is None


def test_no_more_bytes_are_planned_than_the_quota_allows(user: User) -> None:
    assert user.plan(60)
    assert user.plan(41) is None
    assert user.plan(40)


def test_a_batch_fits_as_a_whole_or_not_at_all(user: User) -> None:
    body: dict[str, Any] = {"files": [CAT] * 6}
    path = f"/users/{user.user_id}/uploads/batch"
    assert user.client.post(path, json=body).json()["code"] == "quota_exceeded"
    assert user.client.post(path, json={"files": [CAT] * 5}).status_code == 201


def test_simultaneous_requests_do_not_exceed_the_quota(user: User) -> None:
    assert user.plan()  # the counter exists
    with ThreadPoolExecutor(16) as pool:
        planned = list(pool.map(lambda _: user.plan(), range(30)))
    assert sum(image_id is not None for image_id in planned) == 4


def test_unused_upload_urls_do_not_lock_a_user_out_forever(user: User) -> None:
    assert all(user.plan() for _ in range(5))
    user.clock.now += URL_SECONDS + EVENT_DELAY_SECONDS - 10
    assert user.plan() is None  # the last of them may have arrived just now
    user.clock.now += 10 + RECOUNT_SECONDS
    assert all(user.plan() for _ in range(5))
    assert user.plan() is None


def test_collected_upload_urls_do_not_exceed_the_quota(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    """All are used: after they expire they still count, now as stored images."""
    hoarded = [user.plan() for _ in range(5)]
    for image_id in hoarded:
        assert image_id is not None
        store(dynamodb, table, user, image_id)
    user.clock.now += URL_SECONDS + EVENT_DELAY_SECONDS + RECOUNT_SECONDS
    assert user.plan() is None


def test_deleting_frees_quota_immediately_and_only_once(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    planned = [user.plan() for _ in range(5)]
    first, second = planned[0], planned[1]
    assert first is not None
    assert second is not None
    store(dynamodb, table, user, first)
    for _ in range(3):
        user.delete(first)
    assert user.plan() is not None
    assert user.plan() is None
    user.delete(second)  # never uploaded, and now never will be
    assert user.plan() is not None
    assert user.plan() is None


def test_an_image_of_unknown_size_is_deleted_like_any_other(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    """The resizer learns the size first with the event; another app's record may have none."""
    assert user.plan()
    record = finished(user.user_id, 1763853422000, status=Status.PROCESSING, size=None)
    put(dynamodb, table, record)
    user.delete(record.image_id)


def test_a_retried_request_counts_once(user: User) -> None:
    assert len({user.plan(key="key-1") for _ in range(4)}) == 1
    assert all(user.plan() for _ in range(4))
    assert user.plan() is None
    assert user.plan(key="key-1") is not None  # also when the quota is used up


def test_images_older_than_the_quota_count(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    put(dynamodb, table, *(finished(user.user_id, 1763853422000 + n, size=1) for n in range(4)))
    assert user.plan() is not None
    assert user.plan() is None


def reserves(quota: Quota, user_id: str, images: int, now_seconds: int) -> bool:
    """Whether the images fit; each is one byte."""
    try:
        quota.reserve(user_id, Usage(images, images), now_seconds)
    except QuotaExceededError:
        return False
    return True


def test_a_count_does_not_lose_a_reservation_whose_records_are_not_stored_yet(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    """Two processes: one has reserved and not put its records yet when the other counts."""
    settings = dataclasses.replace(api_settings, quota_images=5)
    slow, other = (make_app(settings).state.services.upload_planner.quota for _ in range(2))
    now = 2_000_000_000
    assert reserves(other, user_id, 1, now)  # the first count
    now += RECOUNT_SECONDS
    assert reserves(slow, user_id, 4, now)
    assert not reserves(other, user_id, 1, now)
    assert not reserves(other, user_id, 1, now + IN_FLIGHT_SECONDS - 1)
    assert reserves(other, user_id, 5, now + IN_FLIGHT_SECONDS), "nothing was ever put"


def test_records_are_counted_again_after_a_day(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    assert user.plan()
    put(dynamodb, table, *(finished(user.user_id, 1763853422000 + n, size=1) for n in range(5)))
    assert user.plan()  # what something else put is not noticed at once
    user.clock.now += STALE_SECONDS + 1
    assert user.plan() is None


def test_rejected_requests_do_not_count_all_records_each_time(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    assert all(user.plan() for _ in range(5))
    user.clock.now += URL_SECONDS + EVENT_DELAY_SECONDS
    put(dynamodb, table, *(finished(user.user_id, 1763853422000 + n, size=1) for n in range(5)))
    assert user.plan() is None  # counted now: five others
    for n in range(5):
        put(
            dynamodb,
            table,
            finished(user.user_id, 1763853422000 + n, status=Status.DELETED, widths=()),
        )
    assert user.plan() is None  # not counted again within a minute
    user.clock.now += RECOUNT_SECONDS
    assert user.plan() is not None
