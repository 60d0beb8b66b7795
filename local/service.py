"""The API as it is deployed, with the local page at `/`. Run by `local.system`."""

import logging
import os
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse

from api.app import create_app
from api.settings import Settings
from local import logs

PAGE = Path(__file__).with_name("page.html")


def app(settings: Settings) -> FastAPI:
    service = create_app(settings)

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
    uvicorn.run(
        app(settings), host=settings.host, port=settings.port, log_config=None, access_log=False
    )


if __name__ == "__main__":
    main()
