"""Every error as a problem document: ours, the framework's, validation's and AWS's."""

import logging
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.aws.dynamodb.repository import is_unavailable
from api.aws.s3.storage import ThumbnailBusyError
from api.http.problem_documents import Code, ProblemError, answer

log = logging.getLogger(__name__)

_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Set the handlers; what none of them takes becomes a 500 in `api.middleware`."""

    @app.exception_handler(ProblemError)
    async def problem(request: Request, exc: ProblemError) -> Response:
        return _answer(request, exc)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, exc: HTTPException) -> Response:
        if isinstance(exc.__cause__, ProblemError):  # raised while FastAPI read the body
            return _answer(request, exc.__cause__)
        if isinstance(exc.__cause__, UnicodeDecodeError):
            return _answer(request, ProblemError(Code.MALFORMED_JSON))
        if exc.status_code == 405:
            allowed = {"Allow": ", ".join(_methods(request, routers))}
            return _answer(request, ProblemError(Code.METHOD_NOT_ALLOWED, headers=allowed))
        code = _BY_STATUS.get(exc.status_code, Code.INTERNAL_ERROR)
        return _answer(request, ProblemError(code, headers=exc.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> Response:
        return _answer(request, _invalid(request, exc.errors()))

    @app.exception_handler(BotoCoreError)
    @app.exception_handler(ThumbnailBusyError)
    async def unreachable(request: Request, exc: Exception) -> Response:
        log.error("storage: %s", type(exc).__name__)
        return _unavailable(request)

    @app.exception_handler(ClientError)
    async def refused(request: Request, exc: ClientError) -> Response:
        if is_unavailable(exc):
            log.error("storage: %s", exc.response["Error"].get("Code"))
            return _unavailable(request)
        raise exc  # a wrong setting or a missing permission: a 500, logged whole


def _methods(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """All methods that this address takes; Starlette tells those of the first route only."""
    every = (route for router in routers for route in router.routes)
    matching = (route for route in every if route.matches(request.scope)[0] is not Match.NONE)
    return sorted(chain.from_iterable(getattr(route, "methods", ()) for route in matching))


def _unavailable(request: Request) -> Response:
    return _answer(request, ProblemError(Code.STORAGE_UNAVAILABLE, headers={"Retry-After": "1"}))


def _answer(request: Request, problem: ProblemError) -> Response:
    return answer(problem, getattr(request.state, "request_id", None))


def _invalid(request: Request, errors: Sequence[Mapping[str, Any]]) -> ProblemError:
    kinds = {error["type"] for error in errors}
    if "json_invalid" in kinds:
        return ProblemError(Code.MALFORMED_JSON)
    if errors[0]["loc"] == ("body",) and not _is_json(request):
        return ProblemError(Code.UNSUPPORTED_MEDIA_TYPE)
    code = Code.INVALID_REQUEST
    if "invalid_filename" in kinds:
        code = Code.INVALID_FILENAME
    elif any(error["loc"][-1] == "contentType" for error in errors):
        code = Code.UNSUPPORTED_CONTENT_TYPE
    entries = [{"pointer": _pointer(error["loc"]), "detail": error["msg"]} for error in errors]
    return ProblemError(code, errors=entries[:20])


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer into the body (RFC 6901), or the name of a parameter."""
    kind, *path = location
    if kind != "body":
        return ".".join(str(part) for part in path)
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
