"""Containers under Lambda's runtime interface emulator (RIE), each with one event at a time.

The RIE stands where Lambda does inside the image, but it is no service: a second event while one
runs ends it, and it answers 200 to a handler that raised or ran out of time. So events wait here
for a container that is free, and success is judged by the answer's body.
"""

import http.client
import json
import socket
import threading
import time
from typing import Any

from local.pool import InvocationError

PATH = "/2015-03-31/functions/function/invocations"  # the same for every image
CONNECT_SECONDS = 1.0
LOOK_SECONDS = 0.2
WAIT_SECONDS = 120.0  # for a container to be there and free, of the 300 that the caller waits


class Containers:
    """All containers that the name `host` leads to, as many as there are at the moment."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self._host = host
        self._port = port
        self._timeout = timeout_seconds
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def invoke(self, event: Any, request_id: str) -> Any:
        """Run one event in a free container; raises InvocationError."""
        address, connection = self._take()
        try:
            connection.timeout = self._timeout
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout)
            connection.request("POST", PATH, json.dumps(event))
            answer = connection.getresponse()
            return result(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as exc:
            raise InvocationError(f"the container at {address} ended: {exc!r}") from exc
        finally:
            connection.close()
            with self._lock:
                self._busy.discard(address)

    def _take(self) -> tuple[str, http.client.HTTPConnection]:
        """Wait for a container that is free and answers, and connect to it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            for address in self._addresses():
                with self._lock:
                    if address in self._busy:
                        continue
                    self._busy.add(address)
                connection = http.client.HTTPConnection(address, self._port, CONNECT_SECONDS)
                try:
                    connection.connect()
                except OSError:  # it is being started, or was stopped
                    with self._lock:
                        self._busy.discard(address)
                else:
                    return address, connection
            time.sleep(LOOK_SECONDS)
        raise InvocationError(f"no container of {self._host} was free for {WAIT_SECONDS:.0f} s")

    def _addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._host, self._port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            return []
        return [str(entry[4][0]) for entry in found]

    def stop(self) -> None:
        """The containers are not ours to stop."""


def result(status: int, body: bytes) -> Any:
    """A handler's result; raises InvocationError for every other answer of the RIE.

    A handler that raised: 200 and its error as JSON. One that ran out of time: 200 and plain
    text. One that ended its process or cannot be imported: 502 or the error as JSON.
    """
    try:
        answer = json.loads(body)
    except ValueError as exc:
        raise InvocationError(body.decode(errors="replace")) from exc
    failed = isinstance(answer, dict) and "errorMessage" in answer
    if status != http.client.OK or failed:
        raise InvocationError(body.decode(errors="replace"))
    return answer
