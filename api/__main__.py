"""`python -m api`: serve the API with uvicorn on `HOST` and `PORT`.

On SIGTERM or SIGINT, `/readyz` fails at once. After `DRAIN_SECONDS`, in which a load balancer
switches to other processes, the port closes, and requests in flight are finished.

`python -m api openapi` prints the OpenAPI document for the default settings instead.
"""

import errno
import json
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType

import uvicorn
from botocore.exceptions import BotoCoreError

from api.app import QUIET_LOGGERS, create_app, described_app
from api.http.services import Services
from api.settings import Settings
from contract.logs import log_json
from contract.settings import drop_blank

INTERRUPTED = 128 + signal.SIGINT  # exit code, as in a shell
BACKLOG = 2048  # uvicorn's default
FINISH_SECONDS = 25  # for requests in flight: more than the longest `wait`

log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """Keeps serving for a while after the signal to stop. A second signal stops it at once."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        drain = self._services.settings.drain_seconds
        if self._services.stopping or drain == 0:
            self._services.stop()
            super().handle_exit(sig, frame)
            return
        self._services.stop()
        timer = threading.Timer(drain, super().handle_exit, (sig, None))
        timer.daemon = True
        timer.start()


def main() -> None:
    try:
        _main()
    except KeyboardInterrupt:  # uvicorn raises the signal again once it has stopped
        sys.exit(INTERRUPTED)


def _main() -> None:
    if sys.argv[1:] == ["openapi"]:
        print(openapi_json())
        return
    log_json(QUIET_LOGGERS)
    drop_blank(os.environ)
    try:
        settings = Settings.from_environment(os.environ)
        app = create_app(settings)
        sockets = _listen(settings.host, settings.port)
    # ValueError: SettingsError, or botocore's for a URL like AWS_ENDPOINT_URL_S3
    except (ValueError, BotoCoreError, OSError) as exc:
        sys.exit(f"The API cannot start: {exc}")
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    DrainingServer(config, app.state.services).run(sockets)


def _listen(host: str, port: int) -> list[socket.socket]:
    """A socket on each address of the host. Raises OSError, which uvicorn would only log."""
    sockets: list[socket.socket] = []
    unavailable = OSError(f"HOST {host} has no address")
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            sockets.append(socket.create_server(address, family=family, backlog=BACKLOG))
        except OSError as exc:
            if exc.errno != errno.EADDRNOTAVAIL:  # like the ::1 of localhost without IPv6
                raise
            unavailable = exc
    if not sockets:
        raise unavailable
    log.info("listening on %s, port %d", host, port)
    return sockets


def openapi_json() -> str:
    app = described_app(Settings(bucket="bucket", region="eu-west-1"))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main()
