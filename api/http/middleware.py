"""Around every request: its id, one log line, a size limit, and a problem document for any crash.

Plain ASGI: Starlette's BaseHTTPMiddleware runs each request in its own task, which costs more than
everything here together.
"""

import logging
import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problem_documents import Code, ProblemError, problem_response

log = logging.getLogger("api.requests")

MAX_BODY_BYTES = 512 * 1024  # 100 files with names of 255 bytes, each byte escaped in JSON
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


class Observed:
    """Gives each request an id, logs it once, and turns a crash into a 500.

    It logs the route's template, not the path: an image id contains the user's file name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except Exception:  # the outermost frame: logged in full, returned as a problem document
            log.exception("unhandled", extra={"requestId": request_id})
            if status:
                raise  # part of a response has been sent already
            problem = problem_response(ProblemError(Code.INTERNAL_ERROR), request_id)
            await problem(scope, receive, observe)
        finally:
            _log(scope, request_id, status, time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(text := value.decode("latin-1")):
            return str(text)
    return secrets.token_hex(8)


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route = scope.get("route")
    log.info(
        "request",
        extra={
            "requestId": request_id,
            "method": scope["method"],
            "route": getattr(route, "path", None),
            "status": status,
            "ms": round(seconds * 1000, 1),
        },
    )


class BodyLimit:
    """Rejects bodies over `MAX_BODY_BYTES`, whether they declare their length or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            problem = ProblemError(Code.BODY_TOO_LARGE, headers={"Connection": "close"})
            await problem_response(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise ProblemError(Code.BODY_TOO_LARGE, headers={"Connection": "close"})
            return message

        await self._app(scope, limited, send)
