"""Who may do what: every guarded route checks the caller before it reads the body.

The `sub` of the bearer token must be the user in the path, or its scope must include `images:any`,
which is for servers that act on behalf of their users.
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

# Only documents in OpenAPI how to authenticate; GuardedRoute does the check.
bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A token whose `sub` is the `userId` in the path, or with the scope `images:any`.",
)


class GuardedRoute(APIRoute):
    """A route that calls the app's `authorize` first.

    FastAPI reads and parses a body before it runs dependencies; this check comes before both.
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
    """`AUTH=off`: for your own machine."""


class TokenCheck:
    """`AUTH=jwt`: accepts tokens that are valid for the user in the path."""

    def __init__(self, settings: JwtSettings, jwks: Jwks) -> None:
        self._settings = settings
        self._jwks = jwks

    async def __call__(self, request: Request) -> None:
        claims = await self._claims(_token(request))
        if claims["sub"] == request.path_params["userId"] or ANY_USER_SCOPE in _scopes(claims):
            return
        if "imageId" in request.path_params:  # another user's image looks like a missing one
            raise ProblemError(Code.IMAGE_NOT_FOUND)
        raise ProblemError(Code.FORBIDDEN)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._jwks.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise _invalid("the issuer has no key with this `kid`")
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
    """RFC 8693, section 4.2: one string, separated by spaces. Some issuers send a list."""
    scope = claims.get("scope", "")
    return scope if isinstance(scope, list) else str(scope).split()


def _invalid(why: str) -> ProblemError:
    challenge = 'Bearer error="invalid_token"'  # RFC 6750, section 3
    return ProblemError(Code.INVALID_TOKEN, why, headers={"WWW-Authenticate": challenge})
