"""Stands in for the functions and records the emulator's invocations."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote_plus

Event = dict[str, Any]
POLL_SECONDS = 0.05  # how soon the server notices that it should stop


class RecordedInvocations:
    """Responds to every invocation with success and keeps its event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._arrived = threading.Condition()
        recorded = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with recorded._arrived:
                    recorded.events.append(json.loads(body))
                    recorded._arrived.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"null")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True
        ).start()

    def about(self, key: str) -> list[Event]:
        """The S3 events about the object `key`, in order of arrival."""
        return [event for event in self.events if _key(event) == key]

    def wait_for(self, key: str, count: int = 1, seconds: float = 10) -> list[Event]:
        """The first `count` S3 events about the object `key`."""
        deadline = time.monotonic() + seconds
        with self._arrived:
            while len(self.about(key)) < count:
                if not self._arrived.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {count} events about {key} in {seconds} s")
        return self.about(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _key(event: Event) -> str | None:
    records = event.get("Records") or [{}]
    key = records[0].get("s3", {}).get("object", {}).get("key")
    return None if key is None else unquote_plus(key)
