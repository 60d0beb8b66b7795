"""RFC 9457 problem documents: every error that this API returns, each with a stable code.

Clients switch on `code`; `type` is the same code as a URN. The texts may change.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Code(Enum):
    """Status and title of each problem."""

    INVALID_REQUEST = (422, "Invalid request")
    INVALID_USER_ID = (422, "Invalid user id")
    INVALID_FILENAME = (422, "Invalid file name")
    UNSUPPORTED_CONTENT_TYPE = (422, "Unsupported content type")
    FILE_TOO_LARGE = (422, "File too large")
    INVALID_CURSOR = (422, "Invalid cursor")
    IDEMPOTENCY_KEY_REUSED = (409, "Idempotency key already used for a different request")
    MALFORMED_JSON = (400, "Malformed JSON")
    BAD_REQUEST = (400, "Bad request")
    UNAUTHENTICATED = (401, "Bearer token required")
    INVALID_TOKEN = (401, "Invalid bearer token")
    FORBIDDEN = (403, "Bearer token of another user")
    IMAGE_NOT_FOUND = (404, "Image not found")
    NOT_FOUND = (404, "Not found")
    METHOD_NOT_ALLOWED = (405, "Method not allowed")
    IMAGE_DELETED = (409, "Deleted image for this idempotency key")
    QUOTA_EXCEEDED = (409, "Quota exceeded")
    BODY_TOO_LARGE = (413, "Request body too large")
    UNSUPPORTED_MEDIA_TYPE = (415, "Unsupported media type")
    TOO_MANY_UPLOADS = (429, "Too many unused upload URLs")
    INTERNAL_ERROR = (500, "Internal server error")
    STORAGE_UNAVAILABLE = (503, "Storage unavailable")
    AUTH_UNAVAILABLE = (503, "Signing keys unavailable")
    STOPPING = (503, "Server shutdown in progress")

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
    """Raised by the HTTP layer; becomes the response."""

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


def problem_response(problem: ProblemError, request_id: str | None) -> JSONResponse:
    return JSONResponse(
        document(problem, request_id),
        status_code=problem.code.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )
