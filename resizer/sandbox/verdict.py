"""What it means how a worker ended: the one place that decides. Pure.

A worker is blamed for a picture's failure before the picture is, as long as it has served another
one: its heap may be in pieces. So the picture is tried again in a fresh worker, and only what
happens there counts:

    thumbnails                      done
    the engine rejected the bytes   permanent, with its reason
    out of CPU seconds or memory    permanent, `too_complex`: its pixels do not explain it, since
                                    the limits on pixels come first
    an exception                    engine error
    killed from outside, or hung    transient, after a second try: the kernel's OOM killer and an
                                    operator's signal say nothing about the picture
    died of another signal, twice   engine error
"""

import os
import signal
from dataclasses import dataclass

from contract.record import Reason
from resizer.failures import EngineError, UnusableImage, WorkerLostError
from resizer.rendition import Rendition
from resizer.sandbox.messages import Failed, Made, OutOfMemory, Result, Unusable

MOST_TRIES = 2  # of what may pass: a worker killed from outside, or dead by another signal
FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT}
OUT_OF_CPU = {signal.SIGPROF, signal.SIGXCPU}


@dataclass(frozen=True, slots=True)
class Died:
    """The worker ended without a reply; `status` as of waitpid(2)."""

    status: int

    @property
    def cause(self) -> str:
        code = os.waitstatus_to_exitcode(self.status)
        return signal.Signals(-code).name if code < 0 else f"exit {code}"

    def is_by(self, signals: set[signal.Signals]) -> bool:
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) in signals


@dataclass(frozen=True, slots=True)
class Hung:
    """The worker sent nothing for a long time, although it had all that it needed."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The system gave us no process."""


End = Result | Died | Hung | NotStarted


def judge(end: End, *, fresh: bool, tries: int) -> Rendition | None:
    """The rendition, or None to try again in a fresh worker.

    `fresh`: it was the worker's first picture. `tries`: how many fresh workers were tried, with
    this one. Raises UnusableImage, EngineError or WorkerLostError.
    """
    if isinstance(end, Made):
        return end.rendition
    if not fresh:
        return None
    match end:
        case Unusable(reason, detail):
            raise UnusableImage(reason, detail)
        case Failed(cause, detail):
            raise EngineError(cause, detail)
        case OutOfMemory():
            raise UnusableImage(Reason.TOO_COMPLEX, "out of memory")
        case Died() if end.is_by(OUT_OF_CPU):
            raise UnusableImage(Reason.TOO_COMPLEX, "out of CPU seconds")
        case _ if tries < MOST_TRIES:
            return None
        case Died() if not end.is_by(FROM_OUTSIDE):
            raise EngineError(end.cause)
        case _:
            raise WorkerLostError(end.cause if isinstance(end, Died) else type(end).__name__)
