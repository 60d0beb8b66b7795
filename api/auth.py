"""Who may do what: every route of the guarded router is checked before its body is read."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.problems import Code, ProblemError
from contract.keys import InvalidUserIdError, check_user_id

Authorize = Callable[[Request], Awaitable[None]]

# Says in OpenAPI how to authenticate; the check itself is GuardedRoute's.
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer")


class GuardedRoute(APIRoute):
    """A route that only those see whom the app's `authorize` lets pass.

    FastAPI reads and parses a body before it runs dependencies; this comes before both.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await request.app.state.authorize(request)
            try:
                check_user_id(request.path_params["userId"])
            except InvalidUserIdError as exc:
                raise ProblemError(Code.INVALID_USER_ID, str(exc)) from exc
            return await handle(request)

        return guarded


async def everyone(request: Request) -> None:
    """`AUTH=off`: for a machine of one's own."""
