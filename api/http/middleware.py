"""Around every request: its id, one log line, a limit on the body, and no error without a document.

Plain ASGI: Starlette's BaseHTTPMiddleware runs each request in a task of its own, which costs more
than everything here together.
"""

import logging
import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problem_documents import Code, ProblemError, answer

log = logging.getLogger("api.requests")

MAX_BODY_BYTES = 512 * 1024  # 100 files with names of 255 bytes, each byte escaped in JSON
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


class Observed:
    """Gives each request an id, logs it once, and turns a crash into a 500.

    The log has the route's template, not the path: an image id holds the user's file name.
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
        except Exception:  # the outermost frame: logged whole, answered as a document
            log.exception("unhandled", extra={"requestId": request_id})
            if status:
                raise  # half an answer is out already
            problem = answer(ProblemError(Code.INTERNAL_ERROR), request_id)
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
    """Refuses bodies over `MAX_BODY_BYTES`, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            problem = ProblemError(Code.BODY_TOO_LARGE, headers={"Connection": "close"})
            await answer(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise ProblemError(Code.BODY_TOO_LARGE, headers={"Connection": "close"})
            return message

        await self._app(scope, limited, send)
