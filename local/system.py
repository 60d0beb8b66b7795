"""The whole system on this machine: emulator, template, resizer pool, API.

At each start the index is rebuilt from the bucket, because the table does not survive a run
(decision 0006), and uploads that a killed run left unfinished are processed.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Self

from local import disk, infrastructure, tether
from local.claims import check_port, claim_folder
from local.emulator import ROOT, Emulator, endpoint_environment
from local.infrastructure import GIVE_UP, RESIZE_IMAGE, Stack
from local.pool import InvocationError, Pool
from local.settings import Settings, inherited

START_SECONDS = 30.0
# After that it continues in the background: a run over many images is ready as soon as over none.
REPAIR_SECONDS = 1.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05
NOT_ALL_REPAIRED = 3  # exit code of the doctor

log = logging.getLogger(__name__)


class PartError(Exception):
    """A part did not start or stopped unexpectedly; the message says which."""


class System:
    """Starts on entry and stops on exit; the parts stop in reverse order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = ExitStack()
        self.emulator: Emulator
        self.stack: Stack

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self._start(parts)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    def _start(self, parts: ExitStack) -> None:
        settings = self._settings
        disk.check(settings.data)
        parts.enter_context(claim_folder(settings.data))
        check_port(settings.api_port, "API_PORT")
        check_port(settings.emulator_port, "EMULATOR_PORT")
        # The pool starts before the emulator, which needs its URLs, and stops before it.
        pool = Pool()
        functions = {name: pool.url(name) for name in (RESIZE_IMAGE, GIVE_UP)}
        self.emulator = parts.enter_context(
            Emulator(settings.emulator_port, settings.data, functions)
        )
        parts.callback(pool.stop)
        skipped = self.emulator.skipped_files()
        if skipped:
            log.warning(
                "%d files in LOCAL_DATA are not objects and were skipped: see emulator.log", skipped
            )
        self.stack = infrastructure.deploy(
            self.emulator.root, self.emulator.url, settings.parameters
        )
        self._api = parts.enter_context(_Child(["local.service"], self._api_environment()))
        repair = ["resizer", "doctor", "--repair", "--grace", "0"]  # no event is in flight yet
        log.info("rebuilding the index from the bucket: at first, every image lacks its record")
        doctor = parts.enter_context(_Child(repair, self._doctor_environment()))
        self._start_workers(pool)
        self._wait_for_doctor(doctor)
        self._wait_for_api()

    def _api_environment(self) -> dict[str, str]:
        return {
            **inherited(os.environ),
            **self.stack.api.environment(),
            "HOST": "127.0.0.1",
            "PORT": str(self._settings.api_port),
            "LOCAL_DATA": str(self._settings.data),
            "CORS_ORIGINS": ",".join(self._settings.cors_origins),
            **self._resources(),
        }

    def _resources(self) -> dict[str, str]:
        return {
            **endpoint_environment(self.emulator.url),
            "BUCKET": self.stack.bucket,
            "DYNAMODB_TABLE": self.stack.table,
        }

    def _doctor_environment(self) -> dict[str, str]:
        """The environment of an operator, who may do more than any part of the system."""
        return {**inherited(os.environ), **self.emulator.root.environment(), **self._resources()}

    def _start_workers(self, pool: Pool) -> None:
        try:
            pool.add(self.stack.resize_image_function, workers=os.cpu_count() or 1)
            pool.add(self.stack.give_up_function, workers=1, warm=False)
        except InvocationError as exc:
            raise PartError("The resizer did not start: see its messages above.") from exc

    def _wait_for_doctor(self, doctor: "_Child") -> None:
        """Wait for the index to be rebuilt, but not forever."""
        code = doctor.wait(REPAIR_SECONDS)
        if code is None:
            log.info("the index is still being rebuilt from the bucket, in the background")
        elif code == NOT_ALL_REPAIRED:
            log.warning("some images could not be repaired: the next start will try again")
        elif code != 0:
            log.error(  # the rest of the system works, for every image that is in the index
                "the index was not rebuilt to the end (exit code %d, see above): listings may lack "
                "images of earlier runs until a start succeeds",
                code,
            )

    def _wait_for_api(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._api.alive:
            try:
                with urllib.request.urlopen(f"{self._settings.url}/readyz", timeout=5):  # noqa: S310 -- loopback
                    return
            except OSError:
                time.sleep(POLL_SECONDS)
        raise PartError("The API did not start: see its messages above.")

    def watch(self, stopped: threading.Event) -> None:
        """Return when `stopped` is set; raise PartError if a part stops unexpectedly."""
        space = disk.Watch(self._settings.data, log.warning)
        while not stopped.wait(0.5):
            space.look()
            if not self.emulator.alive:
                raise PartError("The emulator stopped unexpectedly.")
            if not self._api.alive:
                raise PartError("The API stopped unexpectedly.")


class _Child:
    """A Python module in its own process."""

    def __init__(self, module: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            tether.command(sys.executable, "-m", *module),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # our own standard output is only for the line `ready`
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None if it is still running after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        if self.wait(STOP_SECONDS) is None:
            self._process.kill()
            self._process.wait()


def run(settings: Settings) -> None:
    """Run the system until a signal arrives; raises an exception if anything else stops it."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with System(settings) as system:
        print(f"ready {settings.url} (API documentation at /docs)", flush=True)
        system.watch(stopped)
        log.info("stopping")
