"""What Chromium shows of pictures: the pixels of a canvas at full size, first frame and upright.

One browser for all of them: a page fetches each from a server on the loopback interface and sends
its pixels back. A screenshot each took a second and had no alpha.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

from PIL import Image

Shown = Image.Image | None  # None: Chromium cannot read it

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
    "--force-color-profile=srgb",
)
SECONDS_FOR_ONE = 60
PAGE = b"""<!doctype html><script>
const draw = async (number) => {
  const image = new Image();
  const loaded = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = reject;
  });
  image.src = `/${number}`;
  await loaded;
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const body = context.getImageData(0, 0, width, height).data;
  return fetch(`/${number}/${width}x${height}`, { method: "POST", body });
};
(async () => {
  const count = Number(location.hash.slice(1));
  for (let number = 0; number < count; number++) {
    await draw(number).catch(() => fetch(`/${number}/0x0`, { method: "POST" }));
  }
})();
</script>"""


class _Server(ThreadingHTTPServer):
    def __init__(self, files: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.shown: Queue[Shown] = Queue(2)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        if name:
            self._respond(self.server.files[int(name)] if name.isdigit() else b"")
        else:
            self._respond(PAGE, "text/html")

    def do_POST(self) -> None:
        width, height = map(int, self.path.rpartition("/")[2].split("x"))
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.shown.put(Image.frombytes("RGBA", (width, height), data) if width else None)
        self._respond(b"")

    def _respond(self, body: bytes, content_type: str = "application/octet-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Quiet."""


@contextmanager
def _serving(files: Sequence[bytes]) -> Iterator[_Server]:
    with _Server(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _browser(url: str) -> Iterator[None]:
    assert CHROMIUM, "this needs Chromium"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", url]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, start_new_session=True, **quiet)  # type: ignore[call-overload]
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def shown_by_chromium(files: Sequence[bytes]) -> Iterator[Shown]:
    """RGBA in sRGB of each file, in order."""
    with (
        _serving(files) as server,
        _browser(f"http://127.0.0.1:{server.server_port}/#{len(files)}"),
    ):
        for number in range(len(files)):
            try:
                yield server.shown.get(timeout=SECONDS_FOR_ONE)
            except Empty:
                raise TimeoutError(f"Chromium did not show picture {number}") from None
