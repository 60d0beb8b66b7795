"""Operations that stop before each of their AWS calls until they may continue, or die there."""

import threading
from collections.abc import Callable

import boto3


class Crashed(BaseException):
    """Ends a worker like a killed process: none of its handlers may catch it."""


class Worker:
    """One operation in a thread of its own that runs only within `step`."""

    _current = threading.local()

    def __init__(self, name: str, operation: Callable[[], object]) -> None:
        self.name = name
        self.error: Exception | None = None
        self.finished = False
        self.next_call = ""
        self._operation = operation
        self._crash = False
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._go.release()
        self._stopped.acquire()  # it waits before its first call, or has ended

    def step(self) -> None:
        """Let one AWS call through and continue up to the next one."""
        self._go.release()
        self._stopped.acquire()

    def crash(self) -> None:
        self._crash = True
        self.step()
        self._thread.join()

    def _run(self) -> None:
        Worker._current.worker = self
        self._go.acquire()
        try:
            self._operation()
        except Crashed:
            pass
        except Exception as exc:
            self.error = exc
        self.finished = True
        self._stopped.release()

    def _pause(self, call: str) -> None:
        self.next_call = call
        self._stopped.release()
        self._go.acquire()
        if self._crash:
            raise Crashed


def stop_before_send(session: boto3.Session) -> None:
    """Make workers stop before each call of the session's clients; other threads pass."""

    def pause(event_name: str, **_: object) -> None:
        worker = getattr(Worker._current, "worker", None)
        if worker is not None:
            worker._pause(event_name.removeprefix("before-send."))

    session.events.register("before-send", pause)
