"""Turns every exception into a problem document: the one place that maps errors to codes.

ProblemError                    raised by routes, authentication and middleware; used as it is
UseCaseError                    by the table USE_CASE_PROBLEMS
RequestValidationError          by what was wrong: JSON, media type, a field
HTTPException (Starlette)       by its status
BotoCoreError, ThumbnailBusyError, UnprocessedKeysError,
and a ClientError that asks to try again: storage_unavailable
anything else                   internal_error, logged in full (`api.http.middleware`)
"""

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

from api.aws.clients import is_unavailable
from api.aws.dynamodb.repository import UnprocessedKeysError
from api.aws.s3.storage import ThumbnailBusyError
from api.http.problem_documents import Code, ProblemError, problem_response
from api.use_cases import errors

log = logging.getLogger(__name__)

MAX_ERROR_ENTRIES = 20
USE_CASE_PROBLEMS: Mapping[type[errors.UseCaseError], Code] = {
    errors.FileTooLargeError: Code.FILE_TOO_LARGE,
    errors.QuotaExceededError: Code.QUOTA_EXCEEDED,
    errors.TooManyUploadsError: Code.TOO_MANY_UPLOADS,
    errors.IdempotencyKeyReusedError: Code.IDEMPOTENCY_KEY_REUSED,
    errors.ImageDeletedError: Code.IMAGE_DELETED,
    errors.ImageNotFoundError: Code.IMAGE_NOT_FOUND,
}
_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.UNAUTHENTICATED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    413: Code.BODY_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Register the handlers; any other exception becomes a 500 in `api.http.middleware`."""

    @app.exception_handler(ProblemError)
    async def problem(request: Request, exc: ProblemError) -> Response:
        return _respond(request, exc)

    @app.exception_handler(errors.UseCaseError)
    async def use_case(request: Request, exc: errors.UseCaseError) -> Response:
        headers = None
        if isinstance(exc, errors.TooManyUploadsError):
            headers = {"Retry-After": str(exc.retry_after_s)}
        code = USE_CASE_PROBLEMS[type(exc)]
        return _respond(request, ProblemError(code, str(exc) or None, headers=headers))

    @app.exception_handler(HTTPException)
    async def framework(request: Request, exc: HTTPException) -> Response:
        if isinstance(exc.__cause__, ProblemError):  # raised while FastAPI read the body
            return _respond(request, exc.__cause__)
        if isinstance(exc.__cause__, UnicodeDecodeError):
            return _respond(request, ProblemError(Code.MALFORMED_JSON))
        if exc.status_code == 405:
            allowed = {"Allow": ", ".join(_methods(request, routers))}
            return _respond(request, ProblemError(Code.METHOD_NOT_ALLOWED, headers=allowed))
        code = _BY_STATUS.get(exc.status_code, Code.INTERNAL_ERROR)
        return _respond(request, ProblemError(code, headers=exc.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, exc: RequestValidationError) -> Response:
        return _respond(request, _invalid(request, exc.errors()))

    @app.exception_handler(BotoCoreError)
    @app.exception_handler(ThumbnailBusyError)
    @app.exception_handler(UnprocessedKeysError)
    async def unreachable(request: Request, exc: Exception) -> Response:
        log.error("storage: %s", type(exc).__name__)
        return _unavailable(request)

    @app.exception_handler(ClientError)
    async def refused(request: Request, exc: ClientError) -> Response:
        if is_unavailable(exc):
            log.error("storage: %s", exc.response["Error"].get("Code"))
            return _unavailable(request)
        raise exc  # a wrong setting or a missing permission: a 500, logged in full


def _methods(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """All methods of this path; Starlette lists only those of the first route that matches."""
    every = (route for router in routers for route in router.routes)
    matching = (route for route in every if route.matches(request.scope)[0] is not Match.NONE)
    return sorted(chain.from_iterable(getattr(route, "methods", ()) for route in matching))


def _unavailable(request: Request) -> Response:
    return _respond(request, ProblemError(Code.STORAGE_UNAVAILABLE, headers={"Retry-After": "1"}))


def _respond(request: Request, problem: ProblemError) -> Response:
    return problem_response(problem, getattr(request.state, "request_id", None))


def _invalid(request: Request, found: Sequence[Mapping[str, Any]]) -> ProblemError:
    kinds = {error["type"] for error in found}
    if "json_invalid" in kinds:
        return ProblemError(Code.MALFORMED_JSON)
    if found[0]["loc"] == ("body",) and not _is_json(request):
        return ProblemError(Code.UNSUPPORTED_MEDIA_TYPE)
    code = Code.INVALID_REQUEST
    if "invalid_filename" in kinds:
        code = Code.INVALID_FILENAME
    elif any(error["loc"][-1] == "contentType" for error in found):
        code = Code.UNSUPPORTED_CONTENT_TYPE
    entries = [{"pointer": _pointer(error["loc"]), "detail": error["msg"]} for error in found]
    return ProblemError(code, errors=entries[:MAX_ERROR_ENTRIES])


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer into the body (RFC 6901), or the name of a parameter."""
    kind, *path = location
    if kind != "body":
        return ".".join(str(part) for part in path)
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
