"""`python -m api` as a process: start, log, drain, stop."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ROOT
from tests.records import CAT
from tools.ports import free_port


@contextmanager
def running(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "api"],
        env={**environment, "HOST": "127.0.0.1", "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=_heed_interrupts,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until_up(port)
            yield process, client
    finally:
        process.kill()
        process.communicate()


def _heed_interrupts() -> None:
    """A shell starts what runs in the background without them, and so all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_up(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError


@pytest.mark.parametrize(
    ("signal_number", "exit_code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)]
)
def test_a_stopping_process_first_reports_not_ready_then_finishes_its_requests(
    environment: dict[str, str],
    user_id: str,
    signal_number: signal.Signals,
    exit_code: int,
) -> None:
    with running({**environment, "DRAIN_SECONDS": "1"}) as (process, client):
        assert client.get("/readyz").status_code == 200
        process.send_signal(signal_number)
        time.sleep(0.3)
        assert client.get("/readyz").json()["code"] == "stopping"
        assert client.post(f"/users/{user_id}/uploads", json=CAT).status_code == 201
        assert process.wait(timeout=20) == exit_code
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_second_signal_does_not_wait_for_the_rest_of_the_drain(
    environment: dict[str, str],
) -> None:
    with running({**environment, "DRAIN_SECONDS": "300"}) as (process, client):
        assert client.get("/readyz").status_code == 200  # signals are heeded from here on
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def test_logs_are_json_without_urls_tokens_or_file_names(
    environment: dict[str, str],
    user_id: str,
) -> None:
    secret = {"Authorization": "Bearer s3cr3t.t0ken.x", "X-Request-Id": "my-request-1"}
    name = {**CAT, "filename": "holiday in Verona.jpg"}
    with running({**environment, "DRAIN_SECONDS": "0"}) as (process, client):
        planned = client.post(f"/users/{user_id}/uploads", json=name, headers=secret)
        assert planned.headers["x-request-id"] == "my-request-1"
        image_id = planned.json()["image"]["imageId"]
        client.get(f"/users/{user_id}/images/{image_id}?token=s3cr3t", headers=secret)
        client.get(f"/users/{user_id}/images?cursor=s3cr3t")
        client.get("/nowhere/s3cr3t")
        process.terminate()
        logged, _ = process.communicate(timeout=20)
    assert "erona" not in logged
    assert "s3cr3t" not in logged
    assert "X-Amz" not in logged
    lines: list[dict[str, Any]] = [json.loads(line) for line in logged.splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "/users/{userId}/uploads", 201),
        ("GET", "/users/{userId}/images/{imageId}", 200),
        ("GET", "/users/{userId}/images", 422),
        ("GET", None, 404),
    ]
    assert requests[0]["requestId"] == "my-request-1"
    assert {line["level"] for line in lines} <= {"INFO", "WARNING"}


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )


def test_invalid_settings_stop_the_start_with_one_sentence(environment: dict[str, str]) -> None:
    bad = {**environment, "AUTH": "maybe", "BUCKET": ""}
    ended = subprocess.run(
        [sys.executable, "-m", "api"],
        env=bad,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "The API cannot start: BUCKET is not set; AUTH is 'maybe': it must be jwt or off\n"
    )


def test_missing_credentials_stop_the_start_with_one_sentence(
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    bare = {name: value for name, value in environment.items() if "_KEY" not in name}
    bare |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    bare.pop("AWS_SESSION_TOKEN", None)
    ended = subprocess.run(
        [sys.executable, "-m", "api"],
        env=bare,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.stderr == "The API cannot start: Unable to locate credentials\n"
