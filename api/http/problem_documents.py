"""RFC 9457 problem documents: every error that this API answers, with a stable code each.

Clients switch on `code`; `type` is the same as a URN. Prose may change.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Code(Enum):
    """Status and title of each problem."""

    INVALID_REQUEST = (422, "The request does not fit its description")
    INVALID_USER_ID = (422, "The user id breaks its rule")
    INVALID_FILENAME = (422, "The file name breaks its rule")
    UNSUPPORTED_CONTENT_TYPE = (422, "Images of this content type are not taken")
    FILE_TOO_LARGE = (422, "The file is larger than this service takes")
    INVALID_CURSOR = (422, "The cursor is not one of this list")
    IDEMPOTENCY_KEY_REUSED = (409, "The idempotency key was used for another request")
    MALFORMED_JSON = (400, "The body is not JSON")
    BAD_REQUEST = (400, "The request cannot be read")
    UNAUTHENTICATED = (401, "A bearer token is needed")
    INVALID_TOKEN = (401, "The bearer token is not accepted")
    FORBIDDEN = (403, "The token is another user's")
    IMAGE_NOT_FOUND = (404, "There is no such image")
    NOT_FOUND = (404, "There is nothing at this address")
    METHOD_NOT_ALLOWED = (405, "This address does not take this method")
    IMAGE_DELETED = (409, "The image of this idempotency key was deleted")
    QUOTA_EXCEEDED = (409, "The user's quota is used up")
    BODY_TOO_LARGE = (413, "The request body is too large")
    UNSUPPORTED_MEDIA_TYPE = (415, "The body must be application/json")
    INTERNAL_ERROR = (500, "Something went wrong here")
    STORAGE_UNAVAILABLE = (503, "Storage does not answer at the moment")
    AUTH_UNAVAILABLE = (503, "The keys that check tokens cannot be had at the moment")
    STOPPING = (503, "This process is stopping")

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def title(self) -> str:
        return self.value[1]


class ProblemError(Exception):
    """Raised anywhere below a route; becomes the answer."""

    def __init__(
        self,
        code: Code,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or code.title)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def document(problem: ProblemError, request_id: str | None) -> dict[str, Any]:
    """The problem as JSON; `errors` point into the request (RFC 6901 pointers)."""
    code = problem.code
    content: dict[str, Any] = {
        "type": f"urn:thumbline:problem:{code.code}",
        "title": code.title,
        "status": code.status,
        "code": code.code,
    }
    if problem.detail:
        content["detail"] = problem.detail
    if problem.errors:
        content["errors"] = list(problem.errors)
    if request_id:
        content["requestId"] = request_id
    return content


def answer(problem: ProblemError, request_id: str | None) -> JSONResponse:
    return JSONResponse(
        document(problem, request_id),
        status_code=problem.code.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )
