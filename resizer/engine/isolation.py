"""A decode in a child process that can be killed: see docs/decisions/0021."""

import os
import pickle
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

from contract.record import Reason
from resizer.engine.errors import UnusableImage

Result = TypeVar("Result")
PAGE_BYTES = resource.getpagesize()
DATA_FIELD = 5  # of /proc/self/statm, proc_pid_statm(5)


def in_child(work: Callable[[], Result], seconds: float, memory_bytes: int) -> Result:
    """What `work` returns or raises, computed in a fork of this process.

    A child that takes longer than `seconds`, needs more than `memory_bytes` on top of what the
    parent has, or is killed by a signal, is reported as `UnusableImage`.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # From Python 3.12 on, a fork beside other threads warns of locks that they may hold. The
        # child takes none of them: it decodes, writes to its pipe and leaves by `_exit`.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:  # pragma: no cover - coverage does not see the child
        os.close(reader)
        _work_and_exit(work, writer, memory_bytes)
    os.close(writer)
    try:
        sent = _read_until(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if sent is None:
        raise UnusableImage(Reason.CORRUPT_IMAGE, f"the decoder took longer than {seconds} s")
    if not sent:
        raise UnusableImage(Reason.CORRUPT_IMAGE, "the decoder died")
    result, error = pickle.loads(sent)  # noqa: S301 - from our own child
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def _work_and_exit(work: Callable[[], object], writer: int, memory_bytes: int) -> None:
    """Never returns: the parent's frames, locks and buffers are not the child's to unwind."""
    try:
        _limit_memory(memory_bytes)
        try:
            result = pickle.dumps((work(), None))
        except Exception as exc:
            result = pickle.dumps((None, exc))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(result)
    finally:
        os._exit(0)


def _limit_memory(extra_bytes: int) -> None:
    """Limit writable private memory. RLIMIT_AS would count what malloc only reserves per thread."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        data = int(statm.read().split()[DATA_FIELD]) * PAGE_BYTES
    limit = data + extra_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _read_until(reader: int, deadline: float) -> bytes | None:
    """Everything up to the end of the pipe; None if the deadline comes first."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(reader, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
