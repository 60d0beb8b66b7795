"""The AWS emulator: one process on loopback, in its own virtual environment.

Objects are written through to the data folder and survive `kill -9`; what cannot be written is
refused (`local.durable_s3`). Everything else is in the emulator's memory: at each start the stack
is deployed again and the table is rebuilt from the bucket (decision 0006).
"""

import json
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import boto3

from local import tether
from local.stored_files import SKIPPED

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
REGION = "us-east-1"
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class EmulatorError(Exception):
    """The emulator did not start; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of an identity; those of a role include a session token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def session(self) -> boto3.Session:
        return boto3.Session(
            self.access_key_id, self.secret_access_key, self.session_token, region_name=REGION
        )

    def environment(self) -> dict[str, str]:
        """The variables from which boto3 reads an identity."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }
        if self.session_token:
            variables["AWS_SESSION_TOKEN"] = self.session_token
        return variables


def endpoint_environment(url: str) -> dict[str, str]:
    """The variables that point boto3 at the emulator; Lambda sets both region variables, too."""
    return {"AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION}


class Emulator:
    """A running emulator. `functions` maps the names of functions to the URLs that invoke them.

    `options` are further settings of the emulator.
    """

    def __init__(
        self,
        port: int,
        data: Path,
        functions: Mapping[str, str],
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.root = Credentials(f"ROOT{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        self._log = data / "emulator.log"
        if not PYTHON.exists():
            raise EmulatorError(f"{PYTHON.parent.parent.name} is missing: run `make setup`.")
        environment = {
            **self.root.environment(),
            **{f"MINISTACK_LAMBDA_PROXY_{name}": url for name, url in functions.items()},
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "HOME": str(data),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "PATH": "/usr/bin:/bin",
            "S3_DATA_DIR": str(data / "s3"),
            "SFTP_ENABLED": "0",
            "TMPDIR": str(data),
            **(options or {}),
        }
        try:
            data.mkdir(parents=True, exist_ok=True)
            opened = self._log.open("w")
        except OSError as exc:
            raise EmulatorError(f"LOCAL_DATA is {str(data)!r}: {exc}.") from exc
        with opened as log:
            self._process = subprocess.Popen(
                tether.command(str(PYTHON), "-m", "local.durable_s3"),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/ready", timeout=1) as response:  # noqa: S310 -- loopback
                    if json.load(response)["status"] == "completed":
                        return
            except OSError:
                time.sleep(0.02)
        raise EmulatorError(f"The emulator did not start: see {self._log}.")

    def skipped_files(self) -> int:
        """How many files in the data folder could not be served as objects."""
        with self._log.open(errors="replace") as log:
            return sum(line.startswith(SKIPPED) for line in log)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it without a clean stop, like a crash."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
