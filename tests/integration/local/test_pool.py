import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.pool import Function, InvocationError, Pool

Invoke = Callable[..., httpx.Response]


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool() as running:
        yield running


@pytest.fixture
def invoke(pool: Pool) -> Invoke:
    """Run `handler` of `tests.integration.local.functions` on an event, over HTTP."""
    added = set()

    def run(
        handler: str, event: Any, workers: int = 1, timeout_seconds: float = 30
    ) -> httpx.Response:
        if handler not in added:
            path = f"tests.integration.local.functions.{handler}"
            function = Function(handler, f"arn:{handler}", path, timeout_seconds, {})
            pool.add(function, workers)
            added.add(handler)
        return httpx.post(pool.url(handler), json=event, timeout=30)

    return run


def test_the_response_is_the_handlers_result_without_what_it_prints(invoke: Invoke) -> None:
    response = invoke("echo", {"name": "Zoë"})
    assert response.status_code == 200
    assert response.json()["event"] == {"name": "Zoë"}


def test_an_error_gives_a_500_so_that_the_event_is_redelivered(invoke: Invoke) -> None:
    response = invoke("fail", "cat")
    assert response.status_code == 500
    assert "LookupError: no cat" in response.json()["errorMessage"]


def test_a_worker_keeps_running_after_an_error(invoke: Invoke) -> None:
    first = invoke("echo", 1).json()["pid"]
    invoke("fail", "cat")
    assert invoke("echo", 2).json()["pid"] == first


def test_a_redelivered_event_has_the_same_request_id(invoke: Invoke) -> None:
    first, again, other = (invoke("echo", event).json()["requestId"] for event in (1, 1, 2))
    assert first == again
    assert first != other


def test_an_event_whose_worker_was_killed_fails_and_succeeds_when_redelivered(
    invoke: Invoke, tmp_path: Path
) -> None:
    marker = str(tmp_path / "died")
    assert invoke("die_once", marker).status_code == 500
    assert invoke("die_once", marker).json() == "second"


def test_a_worker_killed_between_events_is_replaced_transparently(invoke: Invoke) -> None:
    killed = invoke("echo", 1).json()["pid"]
    os.kill(killed, signal.SIGKILL)
    time.sleep(0.2)
    response = invoke("echo", 2)
    assert response.status_code == 200
    assert response.json()["pid"] != killed


def test_an_event_that_exceeds_the_timeout_fails_and_frees_its_worker(
    invoke: Invoke,
) -> None:
    started = time.monotonic()
    assert invoke("nap", 20, timeout_seconds=1).status_code == 500
    assert time.monotonic() - started < 10
    assert invoke("nap", 0).status_code == 200


def test_the_handler_can_read_how_much_time_is_left(invoke: Invoke) -> None:
    left_ms = invoke("nap", 0.2, timeout_seconds=10).json()[2]
    assert 9_000 < left_ms <= 9_800


def test_events_run_in_parallel_up_to_the_number_of_workers(invoke: Invoke) -> None:
    invoke("nap", 0, workers=2)
    with ThreadPoolExecutor(4) as threads:
        naps = list(threads.map(lambda _: invoke("nap", 0.3).json(), range(4)))
    overlaps = [
        sum(start <= other_start < end for other_start, _, _ in naps) for start, end, _ in naps
    ]
    assert max(overlaps) == 2


def test_a_missing_function_is_a_failure(pool: Pool) -> None:
    assert httpx.post(pool.url("missing"), json={}).status_code == 500


def test_a_handler_that_cannot_be_imported_is_reported_at_once(pool: Pool) -> None:
    function = Function("broken", "arn:broken", "tests.integration.local.functions.missing", 30, {})
    with pytest.raises(InvocationError):
        pool.add(function, 1)


def test_a_function_that_is_not_kept_warm_starts_when_it_is_needed(pool: Pool) -> None:
    path = "tests.integration.local.functions.echo"
    pool.add(Function("echo", "arn:echo", path, 30, {}), 1, warm=False)
    assert httpx.post(pool.url("echo"), json=1).json()["event"] == 1


def test_workers_end_with_the_pool() -> None:
    with Pool() as pool:
        pool.add(Function("echo", "arn:echo", "tests.integration.local.functions.echo", 30, {}), 1)
        pid = httpx.post(pool.url("echo"), json=1).json()["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
