"""The API as it is deployed, with the local page at `/`. Run by `local.system`."""

import os
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse

from api.app import create_app
from api.settings import Settings
from local import logs

PAGE = Path(__file__).with_name("page.html")


def app() -> FastAPI:
    service = create_app(Settings.from_environment(os.environ))

    @service.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE)

    return service


def main() -> None:
    logs.configure("api")
    port = int(os.environ["API_PORT"])
    uvicorn.run(app(), host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
