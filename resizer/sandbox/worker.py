"""A worker: makes thumbnails of one original after another, within limits.

It holds nothing but the engine, the shared maps and its socket. It ends when the other side of the
socket does. It retires after a picture that failed, that needed a risky decoder, or that left it
large: see docs/decisions/0021.
"""

import mmap
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import NamedTuple

from resizer.engine.body import Body
from resizer.engine.formats import FORMATS
from resizer.engine.limits import Limits
from resizer.failures import UnusableImage
from resizer.memory_budget import MIB, worker_bytes
from resizer.rendition import Rendition
from resizer.sandbox.messages import (
    Failed,
    Job,
    Made,
    OutOfMemory,
    Reply,
    Unusable,
    receive_arrived,
    receive_job,
)
from resizer.thumbnails import make_thumbnails

CPU_SECONDS = 20.0  # user and system, of all threads; 36 megapixels of AVIF take about 5
RETIRE_BYTES = 48 * MIB  # of growth: many pictures leave a heap in pieces
RETIRE_PICTURES = 500
DETAIL_CHARS = 2000
BY_CONTENT_TYPE = {image_format.content_type: image_format for image_format in FORMATS}

# Made in time: when it is needed, there is no memory to make it.
OUT_OF_MEMORY = Reply(OutOfMemory(), retiring=True).to_bytes()


class Memory(NamedTuple):
    """What this process has, in bytes."""

    data: int  # writable and private, whether touched or not: what RLIMIT_DATA counts
    private: int  # in memory, and not of a file or a shared map


def serve(connection: socket.socket, maps: Sequence[mmap.mmap]) -> None:
    """Serve until the other side is gone or it is time to retire."""
    start = _memory()
    loaded = frozenset(sys.modules)
    for _ in range(RETIRE_PICTURES):
        job = receive_job(connection)
        if job is None:
            return
        try:
            _limit_memory(start, job, len(maps[job.place]))
            reply = _reply(connection, maps[job.place], job, start, loaded)
            message = reply.to_bytes()
        except MemoryError:
            connection.sendall(OUT_OF_MEMORY)
            return
        connection.sendall(message)
        if reply.retiring:
            return


def _reply(
    connection: socket.socket, body_map: mmap.mmap, job: Job, start: Memory, loaded: frozenset[str]
) -> Reply:
    """Raises MemoryError."""
    # When it is used up, SIGPROF ends the process, in whichever library it is.
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        rendition = _render(connection, body_map, job)
    except UnusableImage as exc:
        return Reply(Unusable(exc.reason, exc.detail[:DETAIL_CHARS]), retiring=True)
    except MemoryError:
        raise
    except Exception as exc:  # whatever it is: `resizer.failures` says what becomes of it
        detail = "".join(traceback.format_exception(exc))[-DETAIL_CHARS:]
        return Reply(Failed(type(exc).__name__, detail), retiring=True)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    image_format = BY_CONTENT_TYPE[rendition.content_type]
    grown = _memory().private - start.private > RETIRE_BYTES
    plugin = image_format.plugin_module
    return Reply(Made(rendition), image_format.risky or grown, "" if plugin in loaded else plugin)


def _render(connection: socket.socket, body_map: mmap.mmap, job: Job) -> Rendition:
    arrived = 0

    def wait_for(end: int) -> None:
        nonlocal arrived
        while arrived < end:
            count = receive_arrived(connection)
            if count is None:
                os._exit(0)  # nobody wants the thumbnails any more; no decoder may swallow that
            arrived = count

    limits = Limits(max_pixels=job.max_pixels, min_decoded_share=job.min_decoded_share)
    limits = limits.for_memory(job.memory_bytes)
    body = Body(memoryview(body_map)[: job.size], wait_for)
    return make_thumbnails(body, job.widths, limits)


def _limit_memory(start: Memory, job: Job, body_bytes: int) -> None:
    """RLIMIT_AS would count what malloc only reserves per thread, and every library."""
    if start.data:
        limit = start.data + worker_bytes(job.memory_bytes, body_bytes)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))


def _memory() -> Memory:
    """By proc_pid_statm(5); zeros on systems without it, where no limit is set."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            _, resident, shared, _, _, data, _ = map(int, statm.read().split())
    except FileNotFoundError:
        return Memory(0, 0)
    page = resource.getpagesize()
    return Memory(data * page, (resident - shared) * page)
