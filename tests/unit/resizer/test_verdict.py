"""What the end of a worker means for the picture that it had."""

import signal

import pytest

from contract.record import Reason
from resizer.failures import EngineError, UnusableImage, WorkerLostError
from resizer.rendition import Rendition
from resizer.sandbox.messages import Failed, Made, OutOfMemory, Unusable
from resizer.sandbox.verdict import Died, End, Hung, NotStarted, judge

RENDITION = Rendition("image/png", 1, 1, {}, "", "#000000")
CORRUPT = Unusable(Reason.CORRUPT_IMAGE, "broken data stream")
EVERY_FAILURE: list[End] = [
    CORRUPT,
    Failed("KeyError", "…"),
    OutOfMemory(),
    Died(signal.SIGPROF),
    Died(signal.SIGKILL),
    Died(signal.SIGSEGV),
    Died(1 << 8),  # exit 1
    Hung(),
    NotStarted(),
]


@pytest.mark.parametrize("fresh", [True, False])
def test_thumbnails_are_done_whichever_worker_made_them(fresh: bool) -> None:
    assert judge(Made(RENDITION), fresh=fresh, tries=1) is RENDITION


@pytest.mark.parametrize("end", EVERY_FAILURE, ids=repr)
def test_a_worker_that_has_served_before_is_blamed_first(end: End) -> None:
    assert judge(end, fresh=False, tries=0) is None


def test_bytes_that_a_fresh_worker_rejects_are_unusable_for_its_reason() -> None:
    with pytest.raises(UnusableImage, match="corrupt_image: broken data stream") as caught:
        judge(CORRUPT, fresh=True, tries=1)
    assert caught.value.reason is Reason.CORRUPT_IMAGE


@pytest.mark.parametrize("end", [OutOfMemory(), Died(signal.SIGPROF), Died(signal.SIGXCPU)])
def test_a_picture_that_uses_up_memory_or_cpu_seconds_is_too_complex(end: End) -> None:
    with pytest.raises(UnusableImage) as caught:
        judge(end, fresh=True, tries=1)
    assert caught.value.reason is Reason.TOO_COMPLEX


def test_an_exception_that_nobody_foresaw_is_an_engine_error() -> None:
    with pytest.raises(EngineError) as caught:
        judge(Failed("KeyError", "in line 7"), fresh=True, tries=1)
    assert (caught.value.cause, caught.value.detail) == ("KeyError", "in line 7")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_worker_killed_from_outside_says_nothing_about_the_picture(
    number: signal.Signals,
) -> None:
    assert judge(Died(number), fresh=True, tries=1) is None
    with pytest.raises(WorkerLostError, match=number.name):
        judge(Died(number), fresh=True, tries=2)


@pytest.mark.parametrize("end", [Hung(), NotStarted()])
def test_a_worker_that_hangs_or_cannot_start_is_lost_after_a_second_try(end: End) -> None:
    assert judge(end, fresh=True, tries=1) is None
    with pytest.raises(WorkerLostError):
        judge(end, fresh=True, tries=2)


@pytest.mark.parametrize(
    ("status", "cause"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGABRT, "SIGABRT"), (256, "exit 1")]
)
def test_dying_of_another_signal_twice_is_an_engine_error(status: int, cause: str) -> None:
    assert judge(Died(status), fresh=True, tries=1) is None
    with pytest.raises(EngineError, match=cause):
        judge(Died(status), fresh=True, tries=2)
