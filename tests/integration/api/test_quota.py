import dataclasses
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.aws.dynamodb.usage import Usage
from api.settings import Settings
from api.use_cases.errors import QuotaExceededError, TooManyUploadsError
from api.use_cases.quota import (
    EVENT_DELAY_SECONDS,
    IN_FLIGHT_SECONDS,
    RECOUNT_SECONDS,
    STALE_SECONDS,
    URL_RECOUNT_SECONDS,
    Quota,
)
from contract.record import ImageRecord, Status
from tests.integration.api.conftest import CreateApp
from tests.records import CAT, finished, pending, put
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
    store(dynamodb, table, user, second)
    for _ in range(3):
        user.delete(first)
    assert user.plan() is not None
    assert user.plan() is None
    user.delete(second)
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


def test_a_deleted_plan_counts_until_its_upload_url_has_expired(user: User) -> None:
    """Otherwise, planning and deleting collects upload URLs without end."""
    planned = [user.plan(20) for _ in range(5)]
    for image_id in planned:
        assert image_id is not None
        user.delete(image_id)
        user.delete(image_id)
    assert user.plan() is None
    user.clock.now += URL_SECONDS + EVENT_DELAY_SECONDS - 10
    assert user.plan() is None, "also after the records were counted"
    user.clock.now += 10 + RECOUNT_SECONDS
    assert all(user.plan(20) for _ in range(5))
    assert user.plan() is None


def test_the_bytes_of_a_deleted_plan_count_too(user: User) -> None:
    image_id = user.plan(60)
    assert image_id is not None
    user.delete(image_id)
    user.clock.now += RECOUNT_SECONDS
    assert user.plan(41) is None, "also after the records were counted"
    assert user.plan(40)


def test_the_deleted_plans_of_a_batch_count(user: User) -> None:
    path = f"/users/{user.user_id}/uploads/batch"
    planned = user.client.post(path, json={"files": [CAT] * 5}).json()["items"]
    for item in planned:
        user.delete(item["image"]["imageId"])
    user.clock.now += RECOUNT_SECONDS
    assert user.plan() is None


def test_repeating_the_request_for_a_deleted_plan_changes_nothing(user: User) -> None:
    image_id = user.plan(key="key-1")
    assert image_id is not None
    user.delete(image_id)
    path = f"/users/{user.user_id}/uploads"
    for _ in range(3):
        again = user.client.post(path, json=CAT, headers={"Idempotency-Key": "key-1"})
        assert again.json()["code"] == "image_deleted"
    assert all(user.plan() for _ in range(4))
    assert user.plan() is None


def test_an_image_deleted_after_its_upload_does_not_count_although_its_form_is_valid(
    user: User, dynamodb: "DynamoDBClient", table: str
) -> None:
    """What a second use of the form stores is removed by its event: see decision 0037."""
    planned = [user.plan() for _ in range(5)]
    for image_id in planned:
        assert image_id is not None
        store(dynamodb, table, user, image_id)
        user.delete(image_id)
    assert all(user.plan() for _ in range(5))
    user.clock.now += RECOUNT_SECONDS
    assert user.plan() is None


def test_simultaneous_plans_and_deletions_do_not_exceed_the_quota(user: User) -> None:
    assert user.plan()

    def plan_and_delete(_: int) -> bool:
        image_id = user.plan()
        if image_id is not None:
            user.delete(image_id)
        return image_id is not None

    with ThreadPoolExecutor(16) as pool:
        planned = list(pool.map(plan_and_delete, range(30)))
    assert sum(planned) == 4
    user.clock.now += RECOUNT_SECONDS
    assert user.plan() is None


def test_a_release_that_the_client_repeats_counts_once(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    """botocore repeats a request whose response it did not get."""
    settings = dataclasses.replace(api_settings, quota_images=5)
    quota = make_app(settings).state.services.upload_planner.quota
    now = 2_000_000_000
    assert reserves(quota, user_id, 5, now)
    for _ in range(3):
        quota.release(user_id, Usage(1, 1), "an image")
    assert reserves(quota, user_id, 1, now + 1)
    assert not reserves(quota, user_id, 1, now + 2)


def test_a_lower_quota_applies_to_what_is_there(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    high, low = (
        make_app(dataclasses.replace(api_settings, quota_images=images)) for images in (5, 2)
    )
    with serve(high) as client:
        user = User(client, Clock(), user_id)
        planned = [user.plan() for _ in range(4)]
    with serve(low) as client:
        user = User(client, Clock(), user_id)
        for image_id in planned:
            assert image_id is not None
            user.delete(image_id)
        assert user.plan() is None


class History:
    """A random history of one user, and what the bucket and the outside world hold."""

    def __init__(self, user: User, dynamodb: "DynamoDBClient", table: str, seed: int) -> None:
        self.user, self.dynamodb, self.table = user, dynamodb, table
        self.random = random.Random(seed)
        self.valid_until: dict[str, float] = {}  # of unused upload URLs
        self.arriving: dict[str, float] = {}  # when those without their event were uploaded
        self.stored: set[str] = set()
        self.deleted: set[str] = set()

    def plan(self) -> None:
        image_id = self.user.plan(self.random.choice([1, 10, 20]))
        if image_id is not None:
            self.valid_until[image_id] = int(self.user.clock.now) + URL_SECONDS

    def upload(self) -> None:
        for image_id in self._one_of(self.valid_until):
            if self.valid_until.pop(image_id) >= self.user.clock.now:
                self.arriving[image_id] = self.user.clock.now

    def deliver_event(self) -> None:
        for image_id in self._one_of(self.arriving):
            self._process(image_id)

    def _process(self, image_id: str) -> None:
        del self.arriving[image_id]
        if image_id not in self.deleted:
            store(self.dynamodb, self.table, self.user, image_id)
            self.stored.add(image_id)

    def delete(self) -> None:
        for image_id in self._one_of(self.valid_until.keys() | self.arriving.keys() | self.stored):
            self.user.delete(image_id)
            self.deleted.add(image_id)
            self.stored.discard(image_id)
            self.arriving.pop(image_id, None)

    def let_time_pass(self) -> None:
        seconds = self.random.choice([1, RECOUNT_SECONDS, URL_SECONDS // 3])
        for image_id, uploaded in list(self.arriving.items()):
            if self.user.clock.now + seconds > uploaded + EVENT_DELAY_SECONDS - 1:
                self._process(image_id)  # no event is later than that
        self.user.clock.now += seconds

    def expire(self) -> None:
        now = self.user.clock.now
        self.valid_until = {k: end for k, end in self.valid_until.items() if end >= now}

    def step(self) -> None:
        steps = (self.plan, self.plan, self.upload, self.deliver_event, self.delete)
        self.random.choice((*steps, self.let_time_pass))()
        self.expire()

    def possible(self) -> int:
        return len(self.valid_until) + len(self.arriving) + len(self.stored)

    def _one_of(self, images: Iterable[str]) -> list[str]:
        known = sorted(images)
        return [self.random.choice(known)] if known else []


@pytest.mark.parametrize("seed", range(4))
def test_no_history_ends_with_more_images_and_live_urls_than_the_quota(
    user: User, dynamodb: "DynamoDBClient", table: str, seed: int
) -> None:
    history = History(user, dynamodb, table, seed)
    for _ in range(120):
        history.step()
        assert history.possible() <= 5
    while history.arriving:
        history.deliver_event()
    user.clock.now += URL_SECONDS + EVENT_DELAY_SECONDS + RECOUNT_SECONDS
    for _ in range(5 - len(history.stored)):
        if (
            user.plan(1) is None
        ):  # the counter was too high, and the last plan less than a minute ago
            user.clock.now += IN_FLIGHT_SECONDS
            assert user.plan(1) is not None
    assert user.plan(1) is None


def url_budget(make_app: CreateApp, api_settings: Settings, urls: int) -> Quota:
    settings = dataclasses.replace(api_settings, max_pending_uploads=urls)
    quota: Quota = make_app(settings).state.services.upload_planner.quota
    return quota


def plans(quota: Quota, user_id: str, urls: int, now_seconds: int) -> bool:
    try:
        quota.reserve(user_id, Usage(urls, urls, urls), now_seconds)
    except TooManyUploadsError:
        return False
    return True


def planned_record(user_id: str, number: int, now_s: int, **changes: Any) -> ImageRecord:
    """As the API leaves it after planning the upload."""
    record = pending(user_id, now_s * 1000 + number, now_s + URL_SECONDS + 24 * 3600)
    return dataclasses.replace(record, upload_until_s=now_s + URL_SECONDS, **changes)


def test_without_a_quota_a_user_can_have_so_many_unused_urls(
    make_app: CreateApp,
    api_settings: Settings,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
) -> None:
    quota = url_budget(make_app, api_settings, 10)
    now = 2_000_000_000
    assert plans(quota, user_id, 10, now)
    deleted = {"status": Status.DELETED, "filename": None, "content_type": None}
    put(dynamodb, table, *(planned_record(user_id, n, now) for n in range(5)))
    put(dynamodb, table, *(planned_record(user_id, n, now, **deleted) for n in range(5, 10)))
    assert not plans(quota, user_id, 1, now + 1)
    put(dynamodb, table, *(finished(user_id, now * 1000 + n) for n in range(3)))  # used
    assert not plans(quota, user_id, 1, now + 2), "counted a second ago"
    assert plans(quota, user_id, 3, now + 1 + URL_RECOUNT_SECONDS)
    put(dynamodb, table, *(planned_record(user_id, n, now + 2) for n in range(3)))
    assert not plans(quota, user_id, 1, now + 1 + 2 * URL_RECOUNT_SECONDS)


def test_a_user_who_uses_every_url_is_never_refused(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    """The counter only grows; at the limit, the records show that nothing is unused."""
    quota = url_budget(make_app, api_settings, 10)
    for second in range(0, 300, URL_RECOUNT_SECONDS):
        assert plans(quota, user_id, 10, 2_000_000_000 + second)


def test_counting_unused_urls_reads_only_what_was_planned_while_they_live(
    make_app: CreateApp,
    api_settings: Settings,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
) -> None:
    now = 2_000_000_000
    put(dynamodb, table, *(finished(user_id, (now - n * 3600) * 1000) for n in range(-2, 9)))
    repository = make_app(api_settings).state.services.repository
    found = repository.planned(user_id, (now - 3601) * 1000, (now + 1) * 1000)
    assert [now - record.created_at_ms // 1000 for record in found] == [3600, 0]


def test_too_many_unused_urls_are_a_problem_with_a_time_to_try_again(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    settings = dataclasses.replace(api_settings, max_pending_uploads=2)
    with serve(make_app(settings)) as client:
        path = f"/users/{user_id}/uploads"
        assert [client.post(path, json=CAT).status_code for _ in range(3)] == [201, 201, 429]
        refused = client.post(path, json=CAT)
        assert refused.json()["code"] == "too_many_uploads"
        assert refused.headers["Retry-After"] == str(URL_RECOUNT_SECONDS)
        assert client.post(f"{path}/batch", json={"files": [CAT] * 3}).status_code == 429
