"""Run a command that ends when the process that started it ends, even by SIGKILL.

`python -m local.tether PARENT COMMAND …` asks the kernel for that and becomes the command. Linux
only: elsewhere, an orphan keeps running, and the next start reports the port that it still uses.
Start it from the main thread: to the kernel, the parent is the thread.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2); kept across execve


def command(*argv: str) -> list[str]:
    """`argv` as a tethered command line."""
    return [sys.executable, "-m", "local.tether", str(os.getpid()), *argv]


def main() -> None:
    parent, argv = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # the parent ended before prctl was called
        sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    main()
