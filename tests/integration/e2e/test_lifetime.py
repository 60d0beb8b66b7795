"""How a run starts, ends and comes back."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from local.emulator import ROOT
from tools.local_run import LocalRun
from tools.pictures import jpeg
from tools.ports import free_port


def failed_start(**settings: str) -> str:
    """The message of a run that cannot start."""
    ended = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    return ended.stderr


@pytest.mark.parametrize("setting", ["API_PORT", "EMULATOR_PORT"])
def test_a_port_in_use_is_reported_in_one_sentence(setting: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ports = {"API_PORT": str(free_port()), "EMULATOR_PORT": str(free_port()), setting: port}
        said = failed_start(LOCAL_DATA=str(tmp_path), **ports)
    assert said == f"Port {port} is in use: set {setting} to a free one.\n"


def test_a_second_run_on_the_same_data_is_reported_in_one_sentence(system: LocalRun) -> None:
    said = failed_start(
        LOCAL_DATA=str(system.data), API_PORT=str(free_port()), EMULATOR_PORT=str(free_port())
    )
    assert said == (
        f"Process {system.process.pid} is already running on {system.data}: "
        "stop it, or set LOCAL_DATA to another folder.\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_process_of_the_run(number: signal.Signals, tmp_path: Path) -> None:
    with LocalRun(tmp_path / "data") as running:
        assert len(running.processes()) >= 4
        assert running.stop(number) == 0
        assert running.processes() == set()


def test_no_process_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with LocalRun(tmp_path / "data") as running:
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + 10
        while running.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running.processes() == set()


def test_images_survive_a_stop(tmp_path: Path, user_id: str) -> None:
    with LocalRun(tmp_path / "data") as running:
        image_id = running.upload(user_id, jpeg(500, 400))
        before = running.finished(user_id, image_id)
    with LocalRun(tmp_path / "data") as running:
        running.finished(user_id, image_id)  # once it is in the rebuilt index
        (after,) = running.listing(user_id)
        assert _lasting(after) == _lasting(before)
        assert httpx.get(after["thumbnails"][0]["url"]).status_code == 200


def test_a_deleted_image_stays_deleted_after_a_stop(tmp_path: Path, user_id: str) -> None:
    with LocalRun(tmp_path / "data") as running:
        image_id = running.upload(user_id, jpeg(500, 400))
        running.finished(user_id, image_id)
        running.client.delete(f"/users/{user_id}/images/{image_id}")
    with LocalRun(tmp_path / "data") as running:
        assert running.listing(user_id) == []


def test_nothing_uploaded_is_lost_when_everything_is_killed_in_the_middle(
    tmp_path: Path, user_id: str
) -> None:
    pictures = [jpeg(2000 + number, 1500) for number in range(30)]
    uploaded: list[str] = []
    enough = threading.Event()

    def upload(running: LocalRun, data: bytes) -> None:
        try:
            uploaded.append(running.upload(user_id, data))
        except httpx.TransportError:
            return  # no response, so nothing was promised
        if len(uploaded) >= 15:
            enough.set()

    with LocalRun(tmp_path / "data") as running, ThreadPoolExecutor(4) as browsers:
        for data in pictures:
            browsers.submit(upload, running, data)
        assert enough.wait(60)
        running.kill_all()
    assert len(uploaded) < len(pictures)

    with LocalRun(tmp_path / "data") as running:
        images = [running.finished(user_id, image_id) for image_id in uploaded]
        assert {image["status"] for image in images} == {"done"}
        listed = running.listing(user_id)
        assert set(uploaded) <= {image["imageId"] for image in listed}
        assert {image["status"] for image in listed} == {"done"}


def _lasting(image: dict[str, object]) -> dict[str, object]:
    """An image without its signed URLs."""
    fleeting = {"originalUrl", "srcSet", "thumbnails", "urlExpiresAt"}
    return {name: value for name, value in image.items() if name not in fleeting}
