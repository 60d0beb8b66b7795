import dataclasses
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx

from api.aws.clients import THREADS
from api.use_cases.waiting import MAX_WAITERS_PER_USER, Waiting
from contract.record import Status
from tests.integration.api.conftest import CreateApp
from tests.records import finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_a_hundred_waiting_requests_hold_no_thread_and_all_get_a_response(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    records = [finished(f"{user_id}{n}", 1763853422000, status=Status.PROCESSING) for n in range(4)]
    put(dynamodb, table, *records)
    paths = [f"/users/{record.user_id}/images/{record.image_id}" for record in records]
    app = make_app()
    before = count_workers()  # of other apps in this process
    with serve(app) as client, ThreadPoolExecutor(100) as pool, unlimited(client) as many:
        waiters = [pool.submit(many.get, paths[n % 4], params={"wait": 20}) for n in range(100)]
        await_waiters(app.state.services.waiting, 100)
        assert count_workers() - before <= THREADS
        started = time.monotonic()
        assert client.get(paths[0]).json()["status"] == "processing"  # others are still served
        put(dynamodb, table, *(dataclasses.replace(r, status=Status.DONE) for r in records))
        statuses = {waiter.result().json()["status"] for waiter in waiters}
        assert statuses == {"done"}
        assert time.monotonic() - started < 10
    assert app.state.services.waiting.waiters == 0


def unlimited(client: httpx.Client) -> httpx.Client:
    limits = httpx.Limits(max_connections=None)
    return httpx.Client(base_url=client.base_url, timeout=30, limits=limits)


def await_waiters(waiting: Waiting, number: int) -> None:
    end = time.monotonic() + 10
    while waiting.waiters != number and time.monotonic() < end:
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
        ended = waiter.result(timeout=5)
        assert ended.json()["status"] == "processing"
        assert int(ended.headers["Retry-After"]) >= 1
        unready = client.get("/readyz")
        assert (unready.status_code, unready.json()["code"]) == (503, "stopping")
        assert client.get("/healthz").status_code == 200


def test_beyond_the_budget_of_a_user_the_image_is_returned_at_once_with_a_time_to_ask_again(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    record = finished(user_id, 1763853422000, status=Status.PROCESSING)
    put(dynamodb, table, record)
    app = make_app()
    path = f"/users/{user_id}/images/{record.image_id}"
    number = MAX_WAITERS_PER_USER
    with serve(app) as client, ThreadPoolExecutor(number) as pool, unlimited(client) as many:
        waiters = [pool.submit(many.get, path, params={"wait": 20}) for _ in range(number)]
        await_waiters(app.state.services.waiting, number)
        started = time.monotonic()
        refused = client.get(path, params={"wait": 20})
        assert (refused.status_code, refused.json()["status"]) == (200, "processing")
        assert 1 <= int(refused.headers["Retry-After"]) <= 10
        assert "Retry-After" not in client.get(path).headers, "it did not ask to wait"
        assert time.monotonic() - started < 2
        app.state.services.stop()
        assert all(waiter.result().status_code == 200 for waiter in waiters)


def test_a_client_that_disconnects_frees_its_place(
    make_app: CreateApp, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    record = finished(user_id, 1763853422000, status=Status.PROCESSING)
    put(dynamodb, table, record)
    app = make_app()
    with serve(app) as client:
        path = f"/users/{user_id}/images/{record.image_id}?wait=20"
        host, port = client.base_url.host, client.base_url.port
        with socket.create_connection((host, port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await_waiters(app.state.services.waiting, 1)
        await_waiters(app.state.services.waiting, 0)
