"""The template's functions, run as Lambda would run them, behind the emulator's Lambda proxy.

There is a warm worker process for each core, and each handles one event at a time. The response to
a failed invocation is 500: the emulator then retries, and finally sends the event to the on-failure
queue. (The emulator's own executor needs a container engine, or starts a process for each waiting
event.)
"""

import hashlib
import json
import logging
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self

from local.emulator import ROOT

STOP_SECONDS = 5.0
POLL_SECONDS = 0.05  # how soon the server notices that it should stop
INVOCATIONS = "/2015-03-31/functions/{name}/invocations"  # Lambda API, "Invoke"

log = logging.getLogger(__name__)


class InvocationError(Exception):
    """The function failed or timed out, or its process ended."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the template defines it."""

    name: str
    arn: str
    handler: str  # package.module.function
    timeout_seconds: float
    environment: Mapping[str, str]


class Worker:
    """A process that runs one function's handler."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._process = subprocess.Popen(
            # Not tethered: that would tie it to this thread. It exits when its input ends.
            [sys.executable, "-m", "local.worker", function.handler],
            cwd=ROOT,
            env=dict(function.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            self._read()  # it sends a line once it has imported the handler
        except InvocationError:
            self.stop()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, event: Any, request_id: str) -> Any:
        """Run the handler on `event`; raises InvocationError."""
        timeout = self._function.timeout_seconds
        request = {
            "event": event,
            "functionArn": self._function.arn,
            "functionName": self._function.name,
            "requestId": request_id,
            "timeoutSeconds": timeout,
        }
        timer = threading.Timer(timeout, self._process.kill)
        timer.start()
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            reply = self._read()
        except OSError as exc:
            raise InvocationError("the worker process ended") from exc
        finally:
            timer.cancel()
        if "result" not in reply:
            trace = "\n".join(reply["stackTrace"])
            raise InvocationError(f"{reply['errorType']}: {reply['errorMessage']}\n{trace}")
        return reply["result"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise InvocationError(f"the worker process exited with code {code} or timed out")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def stop(self) -> None:
        """Let it finish its current event, but not for long."""
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                log.debug("worker %d had already exited", self.pid)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Runner(Protocol):
    """Runs one function somewhere."""

    def invoke(self, event: Any, request_id: str) -> Any:
        """Returns the function's result; raises InvocationError."""

    def stop(self) -> None: ...


class Workers:
    """The workers of one function. One that is missing or has exited is started when needed."""

    def __init__(self, function: Function, count: int, warm: bool) -> None:
        """`warm` ones start at once; raises InvocationError if the handler cannot be imported."""
        self.function = function
        self.count = count
        self._idle: queue.Queue[Worker | None] = queue.Queue()
        with ThreadPoolExecutor(count) as starts:
            started = starts.map(Worker, [function] * count) if warm else [None] * count
            for worker in started:
                self._idle.put(worker)

    def invoke(self, event: Any, request_id: str) -> Any:
        worker = self._idle.get()
        try:
            if worker is None or not worker.alive:
                if worker is not None:
                    worker.stop()
                worker = Worker(self.function)
            return worker.invoke(event, request_id)
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        with ThreadPoolExecutor(self.count) as stops:
            for _ in range(self.count):
                stops.submit(self._stop_one)

    def _stop_one(self) -> None:
        try:
            worker = self._idle.get(timeout=STOP_SECONDS)
        except queue.Empty:
            return  # still busy: it exits when this process does, which closes its input
        if worker is not None:
            worker.stop()


class Pool:
    """Serves invocations over HTTP from the start; functions are added once they are deployed."""

    def __init__(self) -> None:
        self._functions: dict[str, Runner] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _invocation_handler(self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True
        ).start()

    def url(self, name: str) -> str:
        """The URL that invokes the function `name`."""
        path = INVOCATIONS.format(name=name)
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def add(self, function: Function, workers: int, *, warm: bool = True) -> None:
        """From now on, run `function`. Its workers start now or, if not `warm`, when needed."""
        self.route(function.name, Workers(function, workers, warm))

    def route(self, name: str, runner: Runner) -> None:
        """From now on, send the events of the function `name` to `runner`."""
        self._functions[INVOCATIONS.format(name=name)] = runner

    def invoke(self, path: str, body: bytes) -> Any:
        """Run one event; raises InvocationError.

        A redelivered event has the same request id as before, so that the worker that takes over
        from a killed one owns its claim.
        """
        runner = self._functions.get(path)
        if runner is None:
            raise InvocationError(f"no function at {path}")
        request_id = str(uuid.UUID(bytes=hashlib.sha256(body).digest()[:16]))
        return runner.invoke(json.loads(body), request_id)

    def stop(self) -> None:
        """Accept no more events and let the running ones finish."""
        self._server.shutdown()
        self._server.server_close()
        for runner in self._functions.values():
            runner.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _invocation_handler(pool: Pool) -> type[BaseHTTPRequestHandler]:
    class Invocation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, response = 200, pool.invoke(self.path, body)
            except InvocationError as exc:
                log.warning("invocation failed, and the emulator will retry it: %s", exc)
                status, response = 500, {"errorMessage": str(exc)}
            payload = json.dumps(response).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Nothing: the handlers log what matters."""

    return Invocation
