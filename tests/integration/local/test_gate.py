"""The gate between S3's events and containers; `tests/proofs/lambda_runtime` tries real ones."""

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from local.gate import Containers
from local.pool import InvocationError


class OneAtATime(http.server.BaseHTTPRequestHandler):
    """Records how many requests run at once; an event can ask it to drop the connection."""

    running = 0
    most = 0
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"cut" in body:
            self.connection.close()
            return
        with OneAtATime.lock:
            OneAtATime.running += 1
            OneAtATime.most = max(OneAtATime.most, OneAtATime.running)
        time.sleep(0.05)
        with OneAtATime.lock:
            OneAtATime.running -= 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"done": 1}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def containers() -> Iterator[Containers]:
    OneAtATime.running = OneAtATime.most = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneAtATime) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield Containers("localhost", server.server_port, 10)
        server.shutdown()


def test_the_gate_sends_one_event_at_a_time_to_a_container(containers: Containers) -> None:
    threads = [
        threading.Thread(target=containers.invoke, args=({}, str(number))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert OneAtATime.most == 1


def test_a_container_that_stops_during_an_event_is_a_failure(containers: Containers) -> None:
    with pytest.raises(InvocationError, match="stopped"):
        containers.invoke({"cut": True}, "1")
    assert containers.invoke({}, "2") == {"done": 1}  # and is free for the next one
