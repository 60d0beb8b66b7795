"""Containers under Lambda's runtime interface emulator (RIE), each with one event at a time.

The RIE stands in for Lambda inside the image, but it is not a full service: a second event during
the first one ends it, and its status is 200 even if the handler raised or timed out. So events wait
here for a free container, and the body of the response decides whether an event succeeded.
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
WAIT_SECONDS = 120.0  # for a free container, out of the 300 that the caller waits


class Containers:
    """All containers that the name `host` currently resolves to."""

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self._host = host
        self._port = port
        self._timeout = timeout_seconds
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def invoke(self, event: Any, request_id: str) -> Any:
        """Run one event in a free container; raises InvocationError."""
        address, connection = self._acquire()
        try:
            connection.timeout = self._timeout
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout)
            connection.request("POST", PATH, json.dumps(event))
            response = connection.getresponse()
            return result(response.status, response.read())
        except (OSError, http.client.HTTPException) as exc:
            raise InvocationError(f"the container at {address} stopped: {exc!r}") from exc
        finally:
            connection.close()
            with self._lock:
                self._busy.discard(address)

    def _acquire(self) -> tuple[str, http.client.HTTPConnection]:
        """Wait for a free container that accepts connections, and connect to it."""
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
                except OSError:  # it is starting, or was stopped
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
        """Nothing to do: the containers are not ours to stop."""


def result(status: int, body: bytes) -> Any:
    """A handler's result; raises InvocationError for every other response of the RIE.

    If the handler raised: 200 and its error as JSON. If it timed out: 200 and plain text. If it
    exited its process or cannot be imported: 502 or the error as JSON.
    """
    try:
        returned = json.loads(body)
    except ValueError as exc:
        raise InvocationError(body.decode(errors="replace")) from exc
    failed = isinstance(returned, dict) and "errorMessage" in returned
    if status != http.client.OK or failed:
        raise InvocationError(body.decode(errors="replace"))
    return returned
