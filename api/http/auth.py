"""Who may do what: every route of the guarded router is checked before its body is read.

A bearer token's `sub` must be the user of the path, or its scope must be `images:any`: that of a
server which acts for its users.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import jwt
from fastapi import Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.http.jwks import ALGORITHMS, Jwks, KeysUnavailableError
from api.http.problem_documents import Code, ProblemError
from api.settings import JwtSettings
from contract.keys import InvalidUserIdError, check_user_id

ANY_USER_SCOPE = "images:any"
LEEWAY_SECONDS = 10  # between the issuer's clock and ours

Authorize = Callable[[Request], Awaitable[None]]

# Says in OpenAPI how to authenticate; the check itself is GuardedRoute's.
bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A token whose `sub` is the `userId` of the path, or with the scope `images:any`.",
)


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


class TokenCheck:
    """`AUTH=jwt`: lets those pass whose token is good for the user of the path."""

    def __init__(self, settings: JwtSettings, jwks: Jwks) -> None:
        self._settings = settings
        self._jwks = jwks

    async def __call__(self, request: Request) -> None:
        claims = await self._claims(_token(request))
        if claims["sub"] == request.path_params["userId"] or ANY_USER_SCOPE in _scopes(claims):
            return
        if "imageId" in request.path_params:  # another user's image and a missing one look alike
            raise ProblemError(Code.IMAGE_NOT_FOUND)
        raise ProblemError(Code.FORBIDDEN)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._jwks.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise _invalid("no key of the issuer has this kid")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._settings.issuer,
                audience=self._settings.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except KeysUnavailableError as exc:
            raise ProblemError(Code.AUTH_UNAVAILABLE, headers={"Retry-After": "10"}) from exc
        except jwt.InvalidTokenError as exc:
            raise _invalid(str(exc)) from exc
        return claims


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ProblemError(Code.UNAUTHENTICATED, headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def _scopes(claims: Mapping[str, Any]) -> list[Any]:
    """RFC 8693, section 4.2: one text with spaces. Some issuers write a list."""
    scope = claims.get("scope", "")
    return scope if isinstance(scope, list) else str(scope).split()


def _invalid(why: str) -> ProblemError:
    challenge = 'Bearer error="invalid_token"'  # RFC 6750, section 3
    return ProblemError(Code.INVALID_TOKEN, why, headers={"WWW-Authenticate": challenge})
