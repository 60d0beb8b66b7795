"""`python tools/environment.py FOLDER LOCK`: a virtual environment with exactly what LOCK pins.

uv creates it in about a second; uv is found on PATH, or pip installs it into `.venv-uv`. If uv is
not available or fails, one line says why and pip creates the environment. Standard library only:
this runs before anything is installed.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_LOCK = ROOT / "requirements" / "uv.txt"
UV_FOLDER = ROOT / ".venv-uv"
UV = UV_FOLDER / "bin" / "uv"
# Use the machine's certificates, which pip can be told to trust too.
UV_SYNC = ("pip", "sync", "--quiet", "--require-hashes", "--system-certs")
PIP_INSTALL = (
    *("-m", "pip", "install", "-qq", "--disable-pip-version-check"),
    *("--no-deps", "--require-hashes"),
)


class UvError(Exception):
    """uv is not available, or failed; the message is one line."""


def main(folder: Path, lock: Path) -> None:
    print(f"creating {folder} from {lock}", flush=True)
    if folder.resolve() == UV_FOLDER:
        install_uv()
        return
    try:
        make_by_uv(find_uv(), folder, lock)
    except UvError as exc:
        print(f"creating {folder} with pip, which takes longer: {exc}", file=sys.stderr)
        make_by_pip(folder, lock)


def make_by_uv(uv: str, folder: Path, lock: Path) -> None:
    """Raises UvError."""
    venv.create(folder, clear=True, symlinks=True)
    python = str(folder.resolve() / "bin" / "python")
    done = run(uv, *UV_SYNC, "--python", python, str(lock))
    if done.returncode:
        raise UvError(f"uv failed: {reason(done.stderr)}")


def make_by_pip(folder: Path, lock: Path) -> None:
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    done = subprocess.run([folder / "bin" / "python", *PIP_INSTALL, "-r", lock], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def find_uv() -> str:
    """A uv at least as new as the locked one, since older ones lack options; raises UvError."""
    locked = version_in(UV_LOCK.read_text())
    for found in (shutil.which("uv"), str(UV)):
        if found and version_of(found) >= locked:
            return found
    with UV_LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make -j` makes several environments at once
        if version_of(str(UV)) < locked:
            install_uv()
    return str(UV)


def install_uv() -> None:
    """Raises UvError. If we have pip, no virtual environment: creating one takes 4 s."""
    shutil.rmtree(UV_FOLDER, ignore_errors=True)
    if importlib.util.find_spec("pip"):
        install = [sys.executable, *PIP_INSTALL, "--target", str(UV_FOLDER)]
    else:
        venv.create(UV_FOLDER, symlinks=True, with_pip=True)
        install = [str(UV_FOLDER / "bin" / "python"), *PIP_INSTALL]
    done = run(*install, "-r", str(UV_LOCK))
    if done.returncode:
        raise UvError(f"uv cannot be installed: {reason(done.stderr)}")


def version_of(uv: str) -> tuple[int, ...]:
    """The version that an executable reports; () if it cannot run."""
    try:
        return version_in(run(uv, "--version").stdout)
    except OSError:
        return ()


def version_in(text: str) -> tuple[int, ...]:
    found = re.search(r"^uv[ =]+(\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)
    return tuple(map(int, found.groups())) if found else ()


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PIP_USER": "0"}  # it excludes --target
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def reason(errors: str) -> str:
    """The line of a program's messages that says best what went wrong."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()] or ["no error message"]
    named = [line for line in lines if line.lower().startswith("error")]
    return (named or lines)[-1][:300]


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except UvError as exc:
        sys.exit(str(exc))
