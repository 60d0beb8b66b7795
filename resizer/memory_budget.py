"""How the memory of the function is shared: one budget for everything that decodes a picture.

    idle      Python, botocore and the thumbnails that are being stored; the fork server and its
              spare worker
    body      the original, in a map that the worker shares
    worker    what the worker may allocate, on top of what it shares with the fork server

The shares were measured (benchmarks/RESULTS.md).
"""

MIB = 1024 * 1024

IDLE_BYTES = 112 * MIB
LARGEST_BODY = 1 / 4  # of what is not idle


def body_bytes(memory_bytes: int, max_upload_bytes: int) -> int:
    """The largest original that fits. A larger one is `too_large`, whatever the setting allows."""
    return min(max_upload_bytes, int(_active_bytes(memory_bytes) * LARGEST_BODY))


def worker_bytes(memory_bytes: int, body: int) -> int:
    """What a worker may allocate while a map of `body` bytes is in use."""
    return _active_bytes(memory_bytes) - body


def _active_bytes(memory_bytes: int) -> int:
    return max(0, memory_bytes - IDLE_BYTES)
