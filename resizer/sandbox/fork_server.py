"""This process's side of the fork server: asks for workers and ends them.

A server that was killed is replaced at the next request.
"""

import mmap
import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from resizer.sandbox.server import NOT_FORKED, REQUEST, STATUS, Operation, start

REPLY_SECONDS = (
    60.0  # importing the engine takes 0.1 s of CPU, a fork 2 ms; the machine may be busy
)
KILLED = int(signal.SIGKILL)  # a wait status, see waitpid(2)


@dataclass(frozen=True, slots=True)
class Worker:
    pid: int
    connection: socket.socket


class ForkServer:
    """Safe to use from several threads."""

    def __init__(self, maps: Sequence[mmap.mmap]) -> None:
        self._maps = maps
        self._lock = threading.Lock()
        self._pid, self._requests = self._start()

    def _start(self) -> tuple[int, socket.socket]:
        pid, requests = start(self._maps)
        requests.settimeout(REPLY_SECONDS)
        return pid, requests

    def fork(self) -> Worker | None:
        """A new worker; None if the system had no process to give."""
        with self._lock:
            for _ in range(2):  # the server may have been killed, its successor hardly too
                try:
                    self._send(Operation.FORK)
                    return self._receive_worker()
                except OSError:
                    self._replace()
        return None

    def end(self, worker: Worker) -> int:
        """Kill the worker if it still runs; returns its wait status."""
        worker.connection.close()
        with self._lock:
            try:
                self._send(Operation.END, worker.pid)
                reply = self._requests.recv(STATUS.size, socket.MSG_WAITALL)
                _, status = STATUS.unpack(reply) if reply else (0, KILLED)
            except OSError:
                self._replace()
                return KILLED
        return int(status)

    def drop(self, worker: Worker) -> None:
        """Kill the worker if it still runs."""
        worker.connection.close()
        self._tell(Operation.DROP, worker.pid)

    def import_plugin(self, module: str) -> None:
        """Let later workers have this decoder from the start."""
        self._tell(Operation.IMPORT, module=module)

    def close(self) -> None:
        with self._lock:
            self._requests.close()
            os.waitpid(self._pid, 0)

    def _tell(self, operation: Operation, pid: int = 0, module: str = "") -> None:
        with self._lock:
            try:
                self._send(operation, pid, module)
            except OSError:
                self._replace()  # the worker ends by itself: its socket is closed

    def _send(self, operation: Operation, pid: int = 0, module: str = "") -> None:
        self._requests.sendall(REQUEST.pack(operation, pid, module.encode()))

    def _receive_worker(self) -> Worker | None:
        reply, descriptors, _, _ = socket.recv_fds(self._requests, STATUS.size, 1)
        if not reply:
            raise ConnectionError("the fork server ended")
        pid, _ = STATUS.unpack(reply)
        if pid == NOT_FORKED:
            return None
        return Worker(pid, socket.socket(fileno=descriptors[0]))

    def _replace(self) -> None:
        self._requests.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid, self._requests = self._start()
