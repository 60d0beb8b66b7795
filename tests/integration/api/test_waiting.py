import dataclasses
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from api.aws.clients import THREADS
from api.use_cases.waiting import Waiting
from contract.record import Status
from tests.integration.api.conftest import CreateApp
from tests.records import finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_a_hundred_waiting_requests_hold_no_thread_and_all_get_a_response(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    record = finished(user_id, 1763853422000, status=Status.PROCESSING)
    put(dynamodb, table, record)
    path = f"/users/{user_id}/images/{record.image_id}"
    app = make_app()
    before = count_workers()  # of other apps in this process
    with serve(app) as client, ThreadPoolExecutor(100) as pool, unlimited(client) as many:
        waiters = [pool.submit(many.get, path, params={"wait": 20}) for _ in range(100)]
        await_waiters(app.state.services.waiting, 100)
        assert count_workers() - before <= THREADS
        started = time.monotonic()
        assert client.get(path).json()["status"] == "processing"  # others are still served
        put(dynamodb, table, dataclasses.replace(record, status=Status.DONE))
        statuses = {waiter.result().json()["status"] for waiter in waiters}
        assert statuses == {"done"}
        assert time.monotonic() - started < 10
    assert app.state.services.waiting.waiters == 0


def unlimited(client: httpx.Client) -> httpx.Client:
    limits = httpx.Limits(max_connections=None)
    return httpx.Client(base_url=client.base_url, timeout=30, limits=limits)


def await_waiters(waiting: Waiting, number: int) -> None:
    end = time.monotonic() + 15
    while waiting.waiters < number and time.monotonic() < end:
        time.sleep(0.05)
    assert waiting.waiters == number


def count_workers() -> int:
    return sum("AnyIO worker" in thread.name for thread in threading.enumerate())


def test_an_unknown_image_is_not_waited_for(client: httpx.Client, user_id: str) -> None:
    started = time.monotonic()
    response = client.get(f"/users/{user_id}/images/1763853422000-x", params={"wait": 20})
    assert response.status_code == 404
    assert time.monotonic() - started < 5


def test_stopping_ends_all_waiting_requests(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    record = finished(user_id, 1763853422000, status=Status.PROCESSING)
    put(dynamodb, table, record)
    app = make_app()
    with serve(app) as client, ThreadPoolExecutor(1) as pool:
        path = f"/users/{user_id}/images/{record.image_id}?wait=20"
        waiter = pool.submit(client.get, path)
        await_waiters(app.state.services.waiting, 1)
        app.state.services.stop()
        assert waiter.result(timeout=5).json()["status"] == "processing"
        unready = client.get("/readyz")
        assert (unready.status_code, unready.json()["code"]) == (503, "stopping")
        assert client.get("/healthz").status_code == 200
