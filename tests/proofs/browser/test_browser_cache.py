"""Why URLs are signed as of the start of a window: a browser's second view is from its cache."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from api.settings import Settings
from contract.metadata import USER_ID
from resizer.storage import CACHE_CONTROL
from tests.integration.api.conftest import CreateApp
from tests.records import finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    "--dump-dom",
)
WINDOW_SECONDS = 3 * 3600


class Web(ThreadingHTTPServer):
    """Storage as a browser sees it, and pages: counts the requests to storage."""

    def __init__(self, storage: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.storage = storage.removeprefix("http://")
        self.pages: dict[str, str] = {}
        self.fetched: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        if page := self.server.pages.get(self.path):
            self._respond(200, [("Content-Type", "text/html")], page.encode())
        elif self.path.startswith("/thumbline-images/"):
            self.server.fetched.append(self.path.partition("?")[0])
            self._forward(b"")
        else:
            self._respond(404, [], b"")

    def do_POST(self) -> None:
        self._forward(self.rfile.read(int(self.headers["Content-Length"])))

    def _forward(self, body: bytes) -> None:
        connection = HTTPConnection(self.server.storage, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        hop = {"connection", "transfer-encoding", "content-length", "keep-alive"}
        headers = [(name, text) for name, text in response.getheaders() if name.lower() not in hop]
        self._respond(response.status, headers, response.read())
        connection.close()

    def _respond(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, text in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Quiet."""


@contextmanager
def serving_web(storage: str) -> Iterator[Web]:
    with Web(storage) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield web
        finally:
            web.shutdown()
            thread.join()


def view(url: str, profile: Path) -> str:
    """Open a page in a new browser with this profile; returns the page's final content."""
    assert CHROMIUM, "this test needs Chromium"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_a_second_view_a_minute_later_is_shown_from_the_browsers_cache(
    make_app: CreateApp,
    api_settings: Settings,
    s3: "S3Client",
    dynamodb: "DynamoDBClient",
    bucket: str,
    table: str,
    user_id: str,
    emulator_url: str,
    tmp_path: Path,
) -> None:
    record = finished(user_id, 1763853422000)
    put(dynamodb, table, record)
    for fact in record.thumbnails.values():
        s3.put_object(
            Bucket=bucket,
            Key=fact.key,
            Body=b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            ContentType="image/svg+xml",
            CacheControl=CACHE_CONTROL,
            Metadata={USER_ID: user_id},
        )
    start = time.time() // WINDOW_SECONDS * WINDOW_SECONDS
    with serving_web(emulator_url) as web:
        settings = replace(api_settings, endpoint_url=web.url)
        shown = []
        for name, clock in (("/1", start), ("/2", start + 60), ("/3", start - WINDOW_SECONDS)):
            with serve(make_app(settings, clock=lambda at=clock: at)) as client:
                (image,) = client.get(f"/users/{user_id}/images").json()["items"]
            web.pages[name] = "".join(
                f'<img src="{thumbnail["url"]}" onload="this.className=\'shown\'">'.replace(
                    "&", "&amp;"
                )
                for thumbnail in image["thumbnails"]
            )
            page = view(web.url + name, tmp_path)
            shown.append((page.count('class="shown"'), len(web.fetched)))
    assert shown == [(2, 2), (2, 2), (2, 4)]  # the third: signed in another window
