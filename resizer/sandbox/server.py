"""The fork server: a process with one thread that holds the engine and forks workers.

It is forked itself before the function has threads, clients or connections, so that a worker
inherits none of them, and no locks that nobody will release. It always has one spare worker ready.
A request is an operation and a process id; see `Operation`.
"""

import gc
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import warnings
from collections.abc import Callable, Sequence
from enum import IntEnum
from importlib import import_module
from typing import NoReturn

REQUEST = struct.Struct("!Bi64s")  # operation, process id, module name
STATUS = struct.Struct("!ii")  # of a fork: process id and 0; of an end: process id and wait status
NOT_FORKED = 0  # instead of a process id: the system refused


class Operation(IntEnum):
    FORK = 1  # replies with a process id and, if it is one, the socket of the new worker
    END = 2  # kill the worker if it still runs; replies with its wait status
    DROP = 3  # kill it, no reply
    IMPORT = 4  # import a decoder's module, so that later workers have it; no reply


def start(maps: Sequence[mmap.mmap]) -> tuple[int, socket.socket]:
    """Fork the server; returns its process id and the socket for requests."""
    ours, theirs = socket.socketpair()
    with warnings.catch_warnings():
        # From Python 3.12 on, forking beside threads warns. In Lambda and the doctor there are none
        # yet; a server that was killed is replaced beside threads, whose locks it does not take.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:  # pragma: no cover - coverage does not see the child
        _run(lambda: Server(theirs, maps).serve(), theirs)
    theirs.close()
    return pid, ours


def _run(work: Callable[[], None], connection: socket.socket) -> NoReturn:
    """Do the child's work and never return into what the parent was doing."""
    try:
        _forget_the_parent(connection.fileno())
        work()
    finally:
        os._exit(0)


def _forget_the_parent(kept: int) -> None:
    """Close what was inherited but standard output and error, and restore the signals."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent: its end is ours
    os.environ.clear()  # the engine needs none of it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no private photo on a disk


class Server:
    def __init__(self, requests: socket.socket, maps: Sequence[mmap.mmap]) -> None:
        self._requests = requests
        self._maps = maps
        self._spare: tuple[int, socket.socket] | None = None
        self._workers: set[int] = set()  # those that have not been waited for
        self._dropped: set[int] = set()  # those of them that nobody asks for

    def serve(self) -> None:
        """Until the parent is gone; then end all workers."""
        import_module("resizer.sandbox.worker")  # the engine: here, so that the parent goes on
        gc.collect()
        gc.freeze()  # a collection in a worker would copy every page that holds an object
        gc.enable()
        self._spare = self._fork()
        while request := self._requests.recv(REQUEST.size, socket.MSG_WAITALL):
            operation, pid, module = REQUEST.unpack(request)
            self._do(Operation(operation), pid, module.rstrip(b"\0").decode())
            self._reap()
            self._spare = self._spare or self._fork()
        for pid in self._workers:
            os.kill(pid, signal.SIGKILL)
        for pid in self._workers:
            os.waitpid(pid, 0)

    def _do(self, operation: Operation, pid: int, module: str) -> None:
        match operation:
            case Operation.FORK:
                self._hand_over()
            case Operation.END:
                os.kill(pid, signal.SIGKILL)  # changes nothing if it has ended already
                self._workers.discard(pid)
                self._requests.sendall(STATUS.pack(*os.waitpid(pid, 0)))
            case Operation.DROP:
                os.kill(pid, signal.SIGKILL)
                self._dropped.add(pid)
            case Operation.IMPORT:
                self._import(module)

    def _hand_over(self) -> None:
        if self._spare is None:
            self._requests.sendall(STATUS.pack(NOT_FORKED, 0))
            return
        pid, connection = self._spare
        self._spare = None
        with connection:
            socket.send_fds(self._requests, [STATUS.pack(pid, 0)], [connection.fileno()])

    def _fork(self) -> tuple[int, socket.socket] | None:
        from resizer.sandbox.worker import serve

        theirs, ours = socket.socketpair()
        try:
            pid = os.fork()
        except OSError:  # no process or no memory to be had: the next request may find some
            theirs.close()
            ours.close()
            return None
        if pid == 0:  # pragma: no cover - coverage does not see the child
            _run(lambda: serve(ours, self._maps), ours)
        ours.close()
        self._workers.add(pid)
        return pid, theirs

    def _import(self, module: str) -> None:
        from resizer.engine.formats import FORMATS

        if module in sys.modules:  # a worker that is older than its import says so each time
            return
        formats = [each for each in FORMATS if each.plugin_module == module]
        for image_format in formats:  # never another module, whatever a worker says
            image_format.load_plugin()
            gc.freeze()
        if formats and self._spare:
            pid, connection = self._spare
            self._spare = None
            connection.close()  # it ends by that
            self._dropped.add(pid)

    def _reap(self) -> None:
        for pid in list(self._dropped):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._dropped.discard(pid)
                self._workers.discard(pid)
