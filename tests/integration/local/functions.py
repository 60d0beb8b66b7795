"""Handlers for the pool's tests."""

import os
import signal
import threading
import time
from typing import Any

from local.worker import Context


def echo(event: Any, context: Context) -> Any:
    print("this is no reply")
    return {"event": event, "requestId": context.aws_request_id, "pid": os.getpid()}


def fail(event: Any, context: Context) -> Any:
    raise LookupError(f"no {event}")


def die(event: Any, context: Context) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


def die_once(marker: str, context: Context) -> Any:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "second"
    return die(marker, context)


def nap(seconds: float, context: Context) -> Any:
    started = time.monotonic()
    time.sleep(seconds)
    return [started, time.monotonic(), context.get_remaining_time_in_millis()]
