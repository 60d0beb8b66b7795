"""The compose project under test, with names, ports and volumes of its own."""

import json
import os
import secrets
import subprocess
from typing import Any, Self

import httpx

from local.emulator import ROOT
from tools.ports import free_port
from tools.uploader import Uploader

UP_SECONDS = 900  # a first build


class Compose(Uploader):
    """`docker compose up --build --wait`, and down with its volumes at the end."""

    def __init__(self) -> None:
        self.project = f"thumbline-test-{secrets.token_hex(4)}"
        self.api_port = free_port()
        self.emulator_port = free_port()
        self.api_url = f"http://127.0.0.1:{self.api_port}"
        self.client = httpx.Client(base_url=self.api_url, timeout=40)

    def __enter__(self) -> Self:
        try:
            self.run("up", "--build", "--wait", "--detach")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.run("down", "--volumes", "--timeout", "10")

    def run(self, *arguments: str) -> str:
        """`docker compose ARGUMENTS`; its standard output."""
        environment = {
            **os.environ,
            "API_PORT": str(self.api_port),
            "EMULATOR_PORT": str(self.emulator_port),
        }
        command = ["docker", "compose", "--project-name", self.project, *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
        return done.stdout

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine reports about the service's first container."""
        container = self.run("ps", "--quiet", service).split()[0]
        found: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return found[0]

    def python(self, service: str, code: str) -> str:
        """Run code with the Python of a running container; returns its output."""
        return self.run("exec", "-T", service, "python3", "-c", code).strip()


def docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], cwd=ROOT, check=False, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"docker {arguments}: {done.stderr[-3000:]}"
    return done.stdout
