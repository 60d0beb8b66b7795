"""The API as it is deployed, with the local page at `/`. Run by `local.system`."""

import logging
import os
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.http.problem_documents import Code, ProblemError, problem_response
from api.settings import Settings
from local import disk, logs

PAGE = Path(__file__).with_name("page.html")
RETRY_AFTER = {"Retry-After": "10"}  # seconds


class PlansOnlyWhatFits:
    """Plans no upload that the data folder's disk has no space for."""

    def __init__(self, app: ASGIApp, data: Path) -> None:
        self._app = app
        self._data = data

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._plans(scope) and not disk.takes_uploads(self._data):
            problem = ProblemError(
                Code.STORAGE_UNAVAILABLE, "The disk is almost full.", headers=RETRY_AFTER
            )
            respond = problem_response(problem, scope.get("state", {}).get("request_id"))
            await respond(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @staticmethod
    def _plans(scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "POST":
            return False
        return str(scope["path"]).endswith(("/uploads", "/uploads/batch"))


def app(settings: Settings, data: Path) -> FastAPI:
    service = create_app(settings)
    # Innermost, so that the response gets its request id, log line and CORS headers like any other.
    service.user_middleware.append(Middleware(PlansOnlyWhatFits, data=data))

    @service.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE)

    return service


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Omits the many successful reads of a page that polls."""
    seen = vars(record)
    return not (seen.get("method") == "GET" and seen.get("status", 500) < 400)


def main() -> None:
    logs.configure("api", is_worth_a_line)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    settings = Settings.from_environment(os.environ)  # checked before by `python -m local`
    data = Path(os.environ["LOCAL_DATA"])
    uvicorn.run(
        app(settings, data),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
