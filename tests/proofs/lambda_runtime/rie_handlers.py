"""Handlers that end in every way that a function can. Run by the runtime client."""

import os
import time
from typing import Any


def succeed(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return {"event": event, "requestId": context.aws_request_id}


def fail(event: dict[str, Any], context: Any) -> None:
    raise RuntimeError("try again")


def take_too_long(event: dict[str, Any], context: Any) -> None:
    time.sleep(30)


def leave(event: dict[str, Any], context: Any) -> None:
    os._exit(3)
