"""A Lambda function as plain processes under AWS's own runtime client, without containers.

The runtime interface emulator (RIE) is the binary that ships with aws-sam-cli; the runtime client
(awslambdaric) is the one in Lambda's images. The RIE starts the function at the first event.
"""

import contextlib
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from local.emulator import ROOT
from tools.ports import free_port

MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
CHECKS = ROOT / ".venv-checks"
START_SECONDS = 10
INVOKE_SECONDS = 60
INIT_REPORT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")


def binary() -> Path:
    """Path of the RIE, which is part of the checks' environment."""
    name = f"aws-lambda-rie-{MACHINES[platform.machine()]}"
    (found,) = CHECKS.glob(f"lib/python3*/site-packages/samcli/local/rapid/{name}")
    return found


class LambdaEmulator:
    """One function. `folders` are its PYTHONPATH; it runs in the first of them."""

    def __init__(
        self,
        handler: str,
        folders: list[Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: int = 10,
        python: str = sys.executable,
    ) -> None:
        port, runtime_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._log = log
        self._port = port
        addresses = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        ]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [str(binary()), *addresses, python, "-m", "awslambdaric", handler],
                cwd=folders[0],
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(map(str, folders)),
                    "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self._port}/")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return self
        self.__exit__()
        raise AssertionError(f"the runtime interface emulator did not start: {self.log}")

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def invoke(self, event: Any) -> httpx.Response:
        return httpx.post(self.url, json=event, timeout=INVOKE_SECONDS)

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def cpu_ms(self) -> float:
        """CPU time of the function's process so far (proc(5), "/proc/pid/stat")."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        (function,) = " ".join(thread.read_text() for thread in threads).split()
        fields = Path(f"/proc/{function}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return 1000 * ticks / os.sysconf("SC_CLK_TCK")

    @property
    def init_ms(self) -> float:
        """Time from the start of the runtime client to its request for the first event."""
        found = INIT_REPORT.search(self.log)
        assert found, self.log
        return float(found[1])
