"""`python -m api`: serve the API with uvicorn on `HOST` and `PORT`.

On SIGTERM or SIGINT, `/readyz` fails at once. After `DRAIN_SECONDS`, in which a load balancer
switches to other processes, the port closes, and requests in flight are finished.

`python -m api openapi` prints the OpenAPI document for the default settings instead.
"""

import json
import os
import sys
import threading
from types import FrameType

import uvicorn
from botocore.exceptions import BotoCoreError

from api.app import QUIET_LOGGERS, create_app, described_app
from api.http.services import Services
from api.settings import Settings
from contract.logs import log_json
from contract.settings import SettingsError

FINISH_SECONDS = 25  # for requests in flight: more than the longest `wait`


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
    if sys.argv[1:] == ["openapi"]:
        print(openapi_json())
        return
    log_json(QUIET_LOGGERS)
    try:
        settings = Settings.from_environment(os.environ)
        app = create_app(settings)
    except (SettingsError, BotoCoreError) as exc:
        sys.exit(f"The API cannot start: {exc}")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    DrainingServer(config, app.state.services).run()


def openapi_json() -> str:
    app = described_app(Settings(bucket="bucket", region="eu-west-1"))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main()
