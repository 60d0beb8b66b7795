"""`python -m local` as a process, and a client that uploads to it as a browser would."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from local.emulator import ROOT
from tests.conftest import free_port

START_SECONDS = 60
Image = dict[str, Any]


@dataclass
class Running:
    """One local run. Ended by leaving, as by Ctrl-C."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    api_port: int = field(default_factory=free_port)
    emulator_port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self.log = self.data.with_suffix(".log")
        environment = {
            "PATH": os.environ["PATH"],
            "API_PORT": str(self.api_port),
            "EMULATOR_PORT": str(self.emulator_port),
            "LOCAL_DATA": str(self.data),
            **self.settings,
        }
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "local"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        if not self.ready.startswith("ready "):
            self.stop()
            raise AssertionError(f"not ready: {self.log.read_text()}")
        self.client = httpx.Client(base_url=self.ready.split()[1], timeout=40)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send the supervisor a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def kill_all(self) -> None:
        """End every process of the run at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def processes(self) -> set[int]:
        """All living processes of the run's session."""
        return {
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _session(entry) == self.process.pid
        }

    def plan(self, user_id: str, data: bytes, **declared: Any) -> dict[str, Any]:
        body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(data), **declared}
        answer = self.client.post(f"/users/{user_id}/uploads", json=body)
        assert answer.status_code == 201, answer.text
        planned: dict[str, Any] = answer.json()
        return planned

    def upload(self, user_id: str, data: bytes, **declared: Any) -> str:
        """Plan and send one file; its image id."""
        planned = self.plan(user_id, data, **declared)
        answer = send(planned["upload"], data)
        assert answer.status_code in {200, 201, 204}, answer.text
        return str(planned["image"]["imageId"])

    def finished(self, user_id: str, image_id: str, seconds: float = 60) -> Image:
        """The image once it is done or failed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.client.get(f"/users/{user_id}/images/{image_id}", params={"wait": 5})
            image: Image = answer.json()
            if answer.status_code == 200 and image["status"] in {"done", "failed"}:
                return image
        raise AssertionError(f"{image_id} is not finished: {answer.text}")

    def listing(self, user_id: str) -> list[Image]:
        answer = self.client.get(f"/users/{user_id}/images", params={"limit": 100})
        assert answer.status_code == 200, answer.text
        items: list[Image] = answer.json()["items"]
        return items


def send(upload: dict[str, Any], data: bytes) -> httpx.Response:
    """The multipart POST that a browser makes of the fields and the file."""
    file = {"file": ("blob", data, "application/octet-stream")}
    return httpx.post(upload["url"], data=upload["fields"], files=file, timeout=40)


def _session(process: Path) -> int | None:
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else int(after_name[3])  # proc(5), "/proc/pid/stat"
