"""The sandbox: real worker processes, and every way in which they end."""

import contextlib
import io
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from random import Random
from typing import Any

import pytest

from contract.record import Reason
from resizer.engine import formats
from resizer.engine.body import Body
from resizer.failures import EngineError, ShortRead, UnusableImage, WorkerLostError
from resizer.memory_budget import MIB
from resizer.rendition import Rendition
from resizer.sandbox import Sandbox, places, worker
from resizer.sandbox.places import Place
from resizer.settings import Settings
from resizer.thumbnails import make_thumbnails
from tools import pictures

FORMATS = [image_format.name for image_format in formats.FORMATS]
SETTINGS = Settings.from_environment({"BUCKET": "no-bucket"})
StartSandbox = Callable[..., Sandbox]


@pytest.fixture
def start() -> Iterator[StartSandbox]:
    """Starts a sandbox, after the test has changed what its workers will run."""
    started: list[Sandbox] = []

    def begin(count: int = 1, **settings: Any) -> Sandbox:
        started.append(Sandbox(replace(SETTINGS, **settings), count))
        return started[-1]

    yield begin
    for sandbox in started:
        sandbox.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    shared = Sandbox(SETTINGS, 2)
    yield shared
    shared.close()


def render(sandbox: Sandbox, data: bytes) -> Rendition:
    with sandbox.place() as place:
        return place.render(io.BytesIO(data), len(data))


def test_a_cut_picture_is_partial_if_enough_of_it_is_there(start: StartSandbox) -> None:
    data = pictures.jpeg()
    cut = data[: len(data) * 2 // 3]
    assert render(start(), cut).partial
    with pytest.raises(UnusableImage, match="corrupt_image"):
        render(start(min_decoded_share=0.9), cut)


def worker_of(place: Place) -> int:
    assert place._slot._worker is not None
    return place._slot._worker.pid


def worker_after(sandbox: Sandbox, data: bytes) -> int | None:
    """The process that waits for the next picture; None if the last one retired."""
    render(sandbox, data)
    with sandbox.place() as place:
        return place._slot._worker.pid if place._slot._worker else None


def kill_workers(sandbox: Sandbox, stopped: threading.Event) -> int:
    """Kill a worker at random, about seven times a second; returns how often."""
    random, killed = Random(1), 0
    while not stopped.wait(0.15):
        pids = processes_below(sandbox._server._pid)
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(random.choice(pids), signal.SIGKILL)
            killed += 1
    return killed


def processes_below(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


@cache
def picture(image_format: str = "JPEG") -> bytes:
    return pictures.saved(pictures.photo(900, 700), image_format)


class Source(io.RawIOBase):
    """A body that arrives in small parts, and fails or ends early on request."""

    def __init__(self, data: bytes, most: int = 4096, fail_after: int | None = None) -> None:
        super().__init__()
        self._file = io.BytesIO(data)
        self._most = most
        self._fail_after = fail_after
        self.pause_seconds = 0.0
        self.read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size > 0, "an S3 body read without a limit would be read whole"
        if self._fail_after is not None and self.read_bytes >= self._fail_after:
            raise ConnectionResetError("the peer went away")
        time.sleep(self.pause_seconds)
        part = self._file.read(min(size, self._most))
        self.read_bytes += len(part)
        return part


@pytest.mark.parametrize("image_format", FORMATS)
def test_thumbnails_are_the_same_as_without_a_sandbox(sandbox: Sandbox, image_format: str) -> None:
    data = picture(image_format)
    rendition = render(sandbox, data)
    assert rendition == make_thumbnails(Body(data), SETTINGS.widths)
    with sandbox.place() as place:
        assert place.render(Source(data, most=777), len(data)) == rendition  # type: ignore[arg-type]


def test_the_decode_begins_before_the_download_ends(sandbox: Sandbox) -> None:
    """A picture that is rejected from its header is not downloaded."""
    source = Source(b"not a picture" + bytes(4_000_000))
    source.pause_seconds = 0.002
    with sandbox.place() as place, pytest.raises(UnusableImage, match="unsupported_format"):
        place.render(source, 4_000_000)  # type: ignore[arg-type]
    assert source.read_bytes < 2_000_000


def test_a_worker_that_does_not_listen_holds_up_no_download(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is full long before the body is complete."""
    in_workers(monkeypatch, partial(time.sleep, 1))
    data = picture("BMP")
    with start().place() as place:
        assert place.render(Source(data, most=128), len(data)).width == 900  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "AVIF"])
def test_an_error_of_the_source_is_raised_unchanged(
    sandbox: Sandbox, image_format: str, share: float
) -> None:
    data = picture(image_format)
    source = Source(data, most=512, fail_after=int(len(data) * share))
    with sandbox.place() as place, pytest.raises(ConnectionResetError, match="the peer went away"):
        place.render(source, len(data))  # type: ignore[arg-type]
    assert render(sandbox, data).width == 900


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_body_that_ends_early_is_transient(sandbox: Sandbox, share: float) -> None:
    data = picture()
    source = Source(data[: int(len(data) * share)])
    with sandbox.place() as place, pytest.raises(ShortRead):
        place.render(source, len(data))  # type: ignore[arg-type]


def test_zero_bytes_are_reported_as_empty(sandbox: Sandbox) -> None:
    with pytest.raises(UnusableImage, match="empty"):
        render(sandbox, b"")


def test_an_original_over_the_limit_is_too_large_and_not_read(start: StartSandbox) -> None:
    source = Source(picture())
    with start(max_upload_bytes=50).place() as place, pytest.raises(UnusableImage) as caught:
        place.render(source, 51)  # type: ignore[arg-type]
    assert caught.value.reason == "too_large"
    assert source.read_bytes == 0


def test_an_original_that_does_not_fit_into_the_memory_is_too_large(start: StartSandbox) -> None:
    """The upload limit may be set higher than what the function can hold."""
    sandbox = start(max_upload_bytes=10**9, memory_mb=512)
    with sandbox.place() as place, pytest.raises(UnusableImage, match="too_large"):
        place.render(Source(b""), 101 * MIB)  # type: ignore[arg-type]


def test_a_worker_serves_one_picture_after_another(sandbox: Sandbox) -> None:
    assert worker_after(sandbox, picture()) is not None


@pytest.mark.parametrize("image_format", ["AVIF", "HEIF", "TIFF"])
def test_a_worker_retires_after_a_risky_format(start: StartSandbox, image_format: str) -> None:
    assert worker_after(start(), picture(image_format)) is None


def test_a_worker_retires_when_it_has_grown(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETIRE_BYTES", -100 * MIB)
    assert worker_after(start(), picture()) is None


def test_a_worker_retires_after_a_failure(sandbox: Sandbox) -> None:
    with pytest.raises(UnusableImage):
        render(sandbox, picture()[:3000])
    render(sandbox, picture())


def test_a_decoder_is_imported_once_and_not_by_each_worker(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "resizer.engine.tiff", raising=False)
    sandbox = start()
    learned: list[str] = []
    tell = sandbox._server.import_plugin

    def record(module: str) -> None:
        learned.append(module)
        tell(module)

    sandbox._server.import_plugin = record  # type: ignore[method-assign]
    for _ in range(3):
        render(sandbox, picture("TIFF"))
    assert learned == ["resizer.engine.tiff"]


def test_a_decoder_that_a_worker_imported_itself_costs_no_new_spare_each_time(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "resizer.engine.gif", raising=False)
    sandbox = start()
    for _ in range(2):
        render(sandbox, picture("GIF"))
    spare = settled_processes_below(sandbox)
    render(sandbox, picture("GIF"))
    assert settled_processes_below(sandbox) == spare


def settled_processes_below(sandbox: Sandbox) -> list[int]:
    """Once the fork server has done what it was asked to do."""
    seen: list[list[int]] = []
    while len(seen) < 5 or any(pids != seen[-1] for pids in seen[-5:]):
        time.sleep(0.05)
        seen.append(sorted(filter(is_running, processes_below(sandbox._server._pid))))
    return seen[-1]


def in_workers(patch: pytest.MonkeyPatch, does: Callable[[], object], times: int = 10**9) -> None:
    """Make each worker run `does` before its picture, for the first `times` pictures of each."""
    make, count = make_thumbnails, [0]

    def first(*args: Any) -> Rendition:
        count[0] += 1
        if count[0] <= times:
            does()
        return make(*args)

    patch.setattr(worker, "make_thumbnails", first)


def once(does: Callable[[], object], flag: str) -> None:
    """Over all processes: the first one to create the file `flag` does it."""
    with contextlib.suppress(FileExistsError), open(flag, "x"):
        does()


def burn() -> None:
    while True:
        pass


def fill() -> None:
    kept = []
    while True:
        kept.append(bytes(16 * MIB))


def exit_by(number: int) -> None:
    os.kill(os.getpid(), number)


def raise_error(error: Exception) -> None:
    raise error


def test_a_picture_that_uses_up_its_cpu_seconds_is_too_complex(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CPU_SECONDS", 0.2)
    in_workers(monkeypatch, burn)
    with pytest.raises(UnusableImage, match="CPU") as caught:
        render(start(), picture())
    assert caught.value.reason == "too_complex"


def test_waiting_uses_up_no_cpu_seconds(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CPU_SECONDS", 0.2)
    in_workers(monkeypatch, partial(time.sleep, 0.5))
    assert render(start(), picture()).width == 900


def test_a_picture_that_uses_up_the_memory_is_too_complex(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_workers(monkeypatch, fill)
    with pytest.raises(UnusableImage, match="memory") as caught:
        render(start(memory_mb=512), picture())
    assert caught.value.reason == "too_complex"


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), AttributeError("y"), OSError("z")])
def test_an_exception_that_nobody_foresaw_is_an_engine_error(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    in_workers(monkeypatch, partial(raise_error, error))
    with pytest.raises(EngineError) as caught:
        render(start(), picture())
    assert caught.value.cause == type(error).__name__
    assert "raise error" in caught.value.detail  # with its traceback


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_always_killed_is_transient(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    in_workers(monkeypatch, partial(exit_by, number))
    with pytest.raises(WorkerLostError):
        render(start(), picture())


def test_a_worker_that_crashes_twice_is_an_engine_error(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_workers(monkeypatch, partial(exit_by, signal.SIGSEGV))
    with pytest.raises(EngineError, match="SIGSEGV"):
        render(start(), picture())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_once_costs_nothing_but_time(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, number: int
) -> None:
    in_workers(monkeypatch, partial(once, partial(exit_by, number), str(tmp_path / "flag")))
    source = Source(picture())
    with start().place() as place:
        assert place.render(source, len(picture())).width == 900  # type: ignore[arg-type]
    assert source.read_bytes == len(picture())  # downloaded once


@pytest.mark.parametrize(
    "does", [partial(raise_error, UnusableImage(Reason.CORRUPT_IMAGE)), fill, burn]
)
def test_a_worker_that_has_served_before_is_blamed_first(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, does: Callable[[], object]
) -> None:
    """Only its second picture goes wrong: the picture's third worker is as good as new."""
    monkeypatch.setattr(worker, "CPU_SECONDS", 0.2)
    make, count = make_thumbnails, [0]

    def second_fails(*args: Any) -> Rendition:
        count[0] += 1
        if count[0] == 2:
            does()
        return make(*args)

    monkeypatch.setattr(worker, "make_thumbnails", second_fails)
    sandbox = start(memory_mb=512)
    for _ in range(3):
        assert render(sandbox, picture()).width == 900


def test_a_worker_that_hangs_is_lost(start: StartSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "HUNG_SECONDS", 0.2)
    in_workers(monkeypatch, partial(time.sleep, 60))
    began = time.monotonic()
    with pytest.raises(WorkerLostError, match="Hung"):
        render(start(), picture())
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "reply",
    [
        b"\0\0\0\1\0\0\0\0{",
        b"\xff" * 40,
        b"\0\0\0\2\0\0\0\0{}",
        b'\0\0\0\x1f\0\0\0\0{"retiring":1,"plugin":"","x":1}',
    ],
)
def test_a_reply_that_is_none_counts_as_a_crash(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    """A worker that a picture has taken over may send anything."""
    monkeypatch.setattr("resizer.sandbox.messages.Reply.to_bytes", lambda _: reply)
    with pytest.raises((EngineError, WorkerLostError)):
        render(start(), picture())


def test_a_plugin_that_a_worker_invents_is_not_imported(start: StartSandbox) -> None:
    sandbox = start()
    sandbox._server.import_plugin("antigravity")
    assert render(sandbox, picture()).width == 900


def test_a_fork_server_that_was_killed_is_replaced(start: StartSandbox) -> None:
    sandbox = start()
    render(sandbox, picture("TIFF"))
    first = sandbox._server._pid
    os.kill(first, signal.SIGKILL)
    assert render(sandbox, picture("TIFF")).width == 900
    assert sandbox._server._pid != first


def test_workers_end_with_the_process_that_they_work_for() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        sandbox = Sandbox(SETTINGS, 1)
        render(sandbox, picture())
        signal.alarm(20)
        below: list[int] = []
        while len(below) < 3:  # the server, the worker that served, the spare one
            below = [sandbox._server._pid, *processes_below(sandbox._server._pid)]
        os.write(writer, " ".join(map(str, below)).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    pids = [int(pid) for pid in os.read(reader, 1000).split()]
    os.close(reader)
    os.close(writer)
    assert len(pids) >= 3
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_holds_no_descriptor_of_its_parent_or_of_another_worker(
    start: StartSandbox,
) -> None:
    """Otherwise a finished picture would wait for the end of another's worker."""
    kept_open = os.open(os.devnull, os.O_RDONLY)
    sandbox = start(2)
    with sandbox.place() as one, sandbox.place() as other:
        one.render(io.BytesIO(picture()), len(picture()))
        other.render(io.BytesIO(picture()), len(picture()))
        for pid in (worker_of(one), worker_of(other)):
            targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            assert sum(target.startswith("socket:") for target in targets) == 1
            assert os.path.join("/dev", "null") in targets
            assert len(targets) == 4
    os.close(kept_open)


def test_a_worker_has_none_of_the_environments_secrets(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    def check() -> None:
        assert "AWS_SECRET_ACCESS_KEY" not in os.environ

    in_workers(monkeypatch, check)
    assert render(start(), picture()).width == 900


def test_a_worker_that_crashes_leaves_no_core_file(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> None:
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)

    in_workers(monkeypatch, check)
    assert render(start(), picture()).width == 900


@pytest.mark.parametrize("kept_bytes", [16 * MIB, 8192])
def test_the_map_is_empty_after_a_picture(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    monkeypatch.setattr(places, "KEPT_BYTES", kept_bytes)
    sandbox = start()
    assert len(picture()) > 8192
    render(sandbox, picture())
    with sandbox.place() as place:
        assert place._slot._map[: len(picture())] == bytes(len(picture()))


def test_a_place_that_was_left_is_not_given_to_two(start: StartSandbox) -> None:
    """Two originals in one map would show each other's pixels."""
    sandbox = start(1)
    with sandbox.place() as first:
        first.render(io.BytesIO(picture()), len(picture()))
        second = sandbox.place()
    assert sandbox._free.empty()
    second.render(io.BytesIO(picture()), len(picture()))
    assert sandbox._free.qsize() == 1


def test_many_threads_get_the_thumbnails_of_their_own_picture(start: StartSandbox) -> None:
    sandbox = start(2)
    files = [pictures.jpeg(100 + number, 60) for number in range(60)]
    with ThreadPoolExecutor(8) as threads:
        widths = [made.width for made in threads.map(partial(render, sandbox), files)]
    assert widths == [100 + number for number in range(60)]


def test_no_more_pictures_are_decoded_than_there_are_places(
    start: StartSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_workers(monkeypatch, partial(time.sleep, 0.2))
    sandbox = start(2)
    began = time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(partial(render, sandbox), [picture()] * 6))
    assert time.monotonic() - began >= 0.6


def test_good_pictures_end_well_while_workers_are_killed(start: StartSandbox) -> None:
    """Whatever dies is tried again in the process, and then by Lambda."""
    sandbox, stopped = start(2), threading.Event()
    files = [picture(image_format) for image_format in FORMATS] * 4

    def until_done(data: bytes) -> Rendition:
        while True:
            with contextlib.suppress(WorkerLostError):
                return render(sandbox, data)

    with ThreadPoolExecutor(3) as threads:
        killer = threads.submit(kill_workers, sandbox, stopped)
        widths = {rendition.width for rendition in threads.map(until_done, files)}
        stopped.set()
    assert widths == {900}
    assert killer.result() > 0
