"""The child process that risky decoders run in: what it returns, and how it ends."""

import os
import signal
import time
from typing import NoReturn

import pytest

from contract.record import Reason
from resizer.engine.isolation import in_child
from resizer.thumbnails import UnusableImage

MIB = 1024 * 1024


def children() -> int:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return len(file.read().split())


def test_the_whole_result_is_returned() -> None:
    before = children()
    assert in_child(lambda: {"data": bytes(5 * MIB), "pid": 7}, 10, 400 * MIB) == {
        "data": bytes(5 * MIB),
        "pid": 7,
    }
    assert children() == before


def test_the_work_runs_in_another_process() -> None:
    assert in_child(os.getpid, 10, 400 * MIB) != os.getpid()


@pytest.mark.parametrize("error", [UnusableImage(Reason.TOO_LARGE, "why"), KeyError("a defect")])
def test_an_error_is_raised_unchanged(error: Exception) -> None:
    def fail() -> NoReturn:
        raise error

    with pytest.raises(type(error)) as caught:
        in_child(fail, 10, 400 * MIB)
    assert caught.value.args == error.args
    assert getattr(caught.value, "reason", None) == getattr(error, "reason", None)


def test_a_decode_that_hangs_is_killed() -> None:
    before = children()
    start = time.monotonic()
    with pytest.raises(UnusableImage, match="longer than"):
        in_child(lambda: time.sleep(60), 0.3, 400 * MIB)
    assert time.monotonic() - start < 5
    assert children() == before


def test_a_decode_that_crashes_is_corrupt() -> None:
    before = children()
    with pytest.raises(UnusableImage, match="corrupt_image"):
        in_child(lambda: os.kill(os.getpid(), signal.SIGKILL), 10, 400 * MIB)
    assert children() == before


def test_memory_over_the_limit_is_rejected() -> None:
    assert len(in_child(lambda: bytes(100 * MIB)[:9], 10, 200 * MIB)) == 9
    with pytest.raises(MemoryError):
        in_child(lambda: bytes(300 * MIB)[:9], 10, 200 * MIB)
