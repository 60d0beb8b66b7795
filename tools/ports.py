"""Ports for servers that tests and benchmarks start."""

import itertools
import os
import random
import socket

# Below the ports that kernels use for outgoing connections (32768 or 49152 and up): otherwise, one
# could get the port before its server does. Each worker of pytest-xdist has its own range.
FIRST, EACH = 20_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_offsets = itertools.count(random.randrange(EACH))


def free_port() -> int:
    """A port that nothing listens on and that was not returned to this process before."""
    for offset in itertools.islice(_offsets, EACH):
        port = FIRST + _worker * EACH + offset % EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port")
