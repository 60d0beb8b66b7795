"""Stands between the AWS clients and the emulator and breaks one call of an operation.

A call is what the AWS SDK calls one: all its attempts share `amz-sdk-invocation-id`. The request
goes on with the host that it was signed for.
"""

import http.client
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Fault(StrEnum):
    BEFORE = "the call never arrives"
    AFTER = "the call takes effect, its response is lost"
    AFTER_ONCE = "the same, and the client's own next attempt gets through"
    KILL_BEFORE = "the process dies before the call"
    KILL_AFTER = "the process dies after the call took effect"


KILLS = {Fault.KILL_BEFORE, Fault.KILL_AFTER}
TAKES_EFFECT = {Fault.AFTER, Fault.AFTER_ONCE, Fault.KILL_AFTER}


@dataclass
class Plan:
    """Break call `number` (from 0; None: no call). `victim` is the process that dies of it."""

    fault: Fault = Fault.BEFORE
    number: int | None = None
    victim: Callable[[], int] = os.getpid
    calls: list[str] = field(default_factory=list)  # what was called, in order
    seen: dict[str, int] = field(default_factory=dict)  # attempts by call
    struck: bool = False


class FaultProxy:
    """An HTTP proxy whose `plan` is set for each operation."""

    def __init__(self, emulator_url: str) -> None:
        self._target = urlsplit(emulator_url).netloc
        self._lock = threading.Lock()
        self.plan = Plan()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.pass_on(self, body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that died in the middle of its request is what this is for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        fault = self._fault_of(request)
        if fault is None or fault in TAKES_EFFECT:
            status, headers, response = self._ask(request, body)
        if fault is None:
            request.send_response(status)
            for name, value in headers:
                request.send_header(name, value)
            if request.command != "HEAD":
                request.send_header("Content-Length", str(len(response)))
            request.end_headers()
            request.wfile.write(response)
            return
        if fault in KILLS:
            os.kill(self.plan.victim(), signal.SIGKILL)
        request.close_connection = True

    def _fault_of(self, request: BaseHTTPRequestHandler) -> Fault | None:
        with self._lock:
            plan = self.plan
            call = request.headers.get("amz-sdk-invocation-id", "")
            if call not in plan.seen:
                target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
                plan.calls.append(target or f"{request.command} {request.path.split('?')[0]}")
                plan.seen[call] = 0
            plan.seen[call] += 1
            if list(plan.seen).index(call) != plan.number:
                return None
            plan.struck = True
            return None if plan.fault is Fault.AFTER_ONCE and plan.seen[call] > 1 else plan.fault

    def _ask(
        self, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._target, timeout=30)
        try:
            connection.putrequest(
                request.command, request.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            kept = [
                (name, value)
                for name, value in response.getheaders()
                if name.lower() not in HOP_BY_HOP
                or (request.command, name.lower()) == ("HEAD", "content-length")
            ]
            return response.status, kept, response.read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
