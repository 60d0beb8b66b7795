"""`python -m local.aws`: stands in for AWS for the containers of docker-compose.yml.

The emulator, the template deployed into it, an identity for each container, and the gate between
S3's events and the resizer's containers. `ready` is written once all of it is up.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from contract.settings import SettingsError
from local import disk, infrastructure, logs
from local.disk import DiskFullError
from local.emulator import (
    ROOT,
    Credentials,
    Emulator,
    EmulatorError,
    endpoint_environment,
)
from local.gate import Containers
from local.infrastructure import GIVE_UP, RESIZE_IMAGE, DeployError, Stack
from local.pool import Pool
from local.settings import Settings, checked_settings, forget_account
from resizer.settings import Settings as ResizerSettings

RIE_PORT = 8080
FUNCTION_SECONDS = 300.0  # as in the template
NOT_ALL_REPAIRED = 3  # exit code of the doctor
# Lambda waits a minute before the first retry. A claim is held for CLAIM_SECONDS, which is less.
OPTIONS = {
    "BIND_HOST": "0.0.0.0",  # noqa: S104 -- inside the network of the compose project
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "15",
    "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "15",
}

log = logging.getLogger(__name__)


def run(settings: Settings, identities: Path, ready: Path) -> None:
    """Run until a signal arrives; raises DiskFullError, EmulatorError or DeployError."""
    disk.check(settings.data)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with Pool() as pool:
        functions = {name: pool.url(name) for name in (RESIZE_IMAGE, GIVE_UP)}
        pool.route(RESIZE_IMAGE, Containers("resizer", RIE_PORT, FUNCTION_SECONDS))
        pool.route(GIVE_UP, Containers("give-up", RIE_PORT, FUNCTION_SECONDS))
        with Emulator(settings.emulator_port, settings.data, functions, OPTIONS) as emulator:
            stack = infrastructure.deploy(emulator.root, emulator.url, settings.parameters)
            _rebuild(emulator, stack)
            _write_identity(identities / "api", stack.api)
            _write_identity(identities / "resizer", stack.resizer)
            _write_identity(identities / "give-up", stack.give_up)
            ready.write_text("ready\n")
            log.info("ready: the stack is deployed and the index rebuilt")
            space = disk.Watch(settings.data, log.warning)
            while not stopped.wait(0.5):
                space.look()
                if not emulator.alive:
                    raise EmulatorError("The emulator stopped unexpectedly.")


def _rebuild(emulator: Emulator, stack: Stack) -> None:
    """Rebuild the index from the bucket: the table does not survive the emulator's restart."""
    environment = {
        **os.environ,
        **emulator.root.environment(),
        **endpoint_environment(emulator.url),
        "BUCKET": stack.bucket,
        "DYNAMODB_TABLE": stack.table,
    }
    doctor = ["-m", "resizer", "doctor", "--repair", "--grace", "0"]
    done = subprocess.run([sys.executable, *doctor], cwd=ROOT, env=environment, check=False)
    if done.returncode not in {0, NOT_ALL_REPAIRED}:
        code = done.returncode
        log.error("the index was not rebuilt to the end: the doctor exited with code %d", code)


def _write_identity(folder: Path, keys: Credentials) -> None:
    """Write an identity where only its own container can read it (AWS_CONFIG_FILE)."""
    complete = folder / "config.new"
    complete.write_text(
        "[default]\n"
        f"aws_access_key_id = {keys.access_key_id}\n"
        f"aws_secret_access_key = {keys.secret_access_key}\n"
        f"aws_session_token = {keys.session_token}\n"
        "s3 =\n"
        "    addressing_style = path\n"  # buckets have no host names here
    )
    complete.rename(folder / "config")


if __name__ == "__main__":
    logs.configure("aws")
    try:
        settings = checked_settings(os.environ, ResizerSettings.from_environment)
        forget_account(os.environ)
        run(settings, Path("/identities"), Path("/tmp/ready"))  # noqa: S108
    except (SettingsError, DiskFullError, EmulatorError, DeployError) as exc:
        sys.exit(str(exc))
