"""Liveness and readiness: open to everyone, and reveal nothing."""

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import APIRouter, Request

from api.http import schemas
from api.http.problem_documents import MEDIA_TYPE, Code, ProblemError
from api.http.services import Services

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])
_UNREADY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "`storage_unavailable`, `stopping`",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


@router.get("/healthz", operation_id="healthz", summary="Check that the process is alive")
async def healthz() -> schemas.Health:
    return schemas.Health(status="ok")


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Check that the bucket and the table respond and the process is not stopping",
    response_model=schemas.Health,
    responses=_UNREADY,
)
def readyz(request: Request) -> schemas.Health:
    services: Services = request.app.state.services
    if services.stopping:
        raise ProblemError(Code.STOPPING)
    try:
        services.storage.check()
        services.repository.check()
    except (BotoCoreError, ClientError) as exc:
        log.error("not ready: %s", exc)
        raise ProblemError(Code.STORAGE_UNAVAILABLE) from exc
    return schemas.Health(status="ok")
