"""`python -m local` as a child process, with a client that uploads to it."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from local.emulator import ROOT
from tools.ports import free_port
from tools.uploader import Uploader

START_SECONDS = 120


@dataclass
class LocalRun(Uploader):
    """One local run; on exit, it is stopped as by Ctrl-C."""

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
        hung = threading.Timer(START_SECONDS, self.process.kill)
        hung.start()
        self.ready = self.process.stdout.readline()
        hung.cancel()
        if not self.ready.startswith("ready "):
            self.stop()
            raise AssertionError(f"not ready: {self.log.read_text()}")
        self.client = httpx.Client(base_url=self.ready.split()[1], timeout=40)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send the supervisor a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def kill_all(self) -> None:
        """Kill every process of the run at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def processes(self) -> set[int]:
        """The live processes of the run's session."""
        return {
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _session(entry) == self.process.pid
        }


def _session(process: Path) -> int | None:
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else int(after_name[3])  # proc(5), "/proc/pid/stat"
