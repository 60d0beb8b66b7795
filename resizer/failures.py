"""The three ways in which the work on an original can fail. Each failure is one of them.

permanent     The bytes can never become a thumbnail, and it is their fault: `UnusableImage`. The
              record becomes `failed` with the reason, and nobody retries.
engine error  An exception that nobody foresaw, one of DEFECTS. The record becomes
              `failed` / `engine_error`; only the doctor's `--redrive` retries, after an upgrade.
transient     Everything else is the environment's fault: storage, table, time, memory, a killed
              worker. It is raised, so that Lambda retries; when the retries are used up, the record
              becomes `failed` / `gave_up`, which `--redrive` retries too.

What a decoding worker's end means is decided in `resizer.sandbox.verdict`.
"""

from contract.record import Reason


class UnusableImage(Exception):  # noqa: N818 - a verdict on the image
    """The bytes can never become a thumbnail. `reason` is the record's `error`."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class EngineError(Exception):
    """The engine raised, or died of, what nobody foresaw.

    `cause` is the name of an exception or a signal.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail


# What Python raises for a mistake in a program. Not RuntimeError: it also ends what a stopping
# interpreter or executor is asked to do.
DEFECTS: tuple[type[Exception], ...] = (
    EngineError,
    *(ArithmeticError, AssertionError, AttributeError, BufferError, LookupError),
    *(NameError, SyntaxError, TypeError, ValueError),
)


class ShortRead(OSError):  # noqa: N818 - as `http.client.IncompleteRead`
    """Transient: the body ended before its Content-Length. A retry may read all of it."""


class WorkerLostError(Exception):
    """Transient: the worker was killed from outside, hung, or could not be started."""
