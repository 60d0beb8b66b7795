"""One worker of the pool: runs a Lambda handler on one event after another.

It reads requests as lines of JSON from standard input and writes replies as lines to what was
standard output; whatever the handler prints goes to standard error. It exits at the end of its
input, so that it never outlives the pool.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local import logs


@dataclass(frozen=True, slots=True)
class Context:
    """The part of Lambda's context object that handlers use ("Python context object")."""

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    deadline: float  # time.monotonic()

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def load(path: str) -> Callable[[Any, Context], Any]:
    """The handler `package.module.function`, as written in the template's ImageConfig.Command."""
    module, _, name = path.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), name)
    return handler


def respond(handler: Callable[[Any, Context], Any], request: dict[str, Any]) -> dict[str, Any]:
    """Invoke the handler; the reply has either `result` or an error in Lambda's format."""
    context = Context(
        aws_request_id=request["requestId"],
        function_name=request["functionName"],
        invoked_function_arn=request["functionArn"],
        deadline=time.monotonic() + request["timeoutSeconds"],
    )
    try:
        return {"result": handler(request["event"], context)}
    except Exception as exc:
        return {
            "errorMessage": str(exc),
            "errorType": type(exc).__name__,
            "stackTrace": traceback.format_exc().splitlines(),
        }


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor handles Ctrl-C
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    handler = load(sys.argv[1])
    logs.configure("resizer")  # instead of the handler's JSON, which is for CloudWatch
    print(json.dumps({"ready": True}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(respond(handler, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
