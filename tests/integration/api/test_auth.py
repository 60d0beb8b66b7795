"""The access matrix: every route with every kind of token, and the expected response."""

import base64
import dataclasses
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from api.http.auth import GuardedRoute
from api.settings import JwtSettings, Settings
from tests.integration.api.conftest import CreateApp
from tests.issuer import AUDIENCE, ISSUER, Issuer, issuing
from tests.records import CAT, finished, put
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = 1763853422000
OTHER = "somebody_else"
Expected = tuple[int, str | None]  # status and problem code

REQUESTS: dict[str, Callable[[httpx.Client, str, str], httpx.Response]] = {
    "POST /users/{userId}/uploads": lambda client, user, _: client.post(
        f"/users/{user}/uploads", json=CAT
    ),
    "POST /users/{userId}/uploads/batch": lambda client, user, _: client.post(
        f"/users/{user}/uploads/batch", json={"files": [CAT]}
    ),
    "GET /users/{userId}/images": lambda client, user, _: client.get(f"/users/{user}/images"),
    "GET /users/{userId}/images/{imageId}": lambda client, user, image: client.get(
        f"/users/{user}/images/{image}"
    ),
    "DELETE /users/{userId}/images/{imageId}": lambda client, user, image: client.delete(
        f"/users/{user}/images/{image}"
    ),
}
OPEN = {"GET /healthz", "GET /readyz", "GET /docs", "GET /openapi.json"}
GOOD = {
    "POST /users/{userId}/uploads": 201,
    "POST /users/{userId}/uploads/batch": 201,
    "GET /users/{userId}/images": 200,
    "GET /users/{userId}/images/{imageId}": 200,
    "DELETE /users/{userId}/images/{imageId}": 204,
}


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(issuer: Issuer, user: str) -> str:
    _, claims, _ = issuer.token(user).split(".")
    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'first'})}.{claims}."


def public_key_as_secret(issuer: Issuer, user: str) -> str:
    """Signed with HS256 and the public key, which everyone has. PyJWT refuses to make one."""
    _, claims, _ = issuer.token(user).split(".")
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{claims}"
    tag = hmac.digest(issuer.public_pem(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


def of_another_key(issuer: Issuer, user: str) -> str:
    other = Issuer()
    other.add_key("first")
    return other.token(user)


def unknown_key(issuer: Issuer, user: str) -> str:
    other = Issuer()
    other.add_key("unknown")
    return other.token(user, kid="unknown")


def without_kid(issuer: Issuer, user: str) -> str:
    claims = jwt.decode(issuer.token(user), options={"verify_signature": False})
    return jwt.encode(claims, issuer.keys["first"], algorithm="RS256")


NOW = int(time.time())
TOKENS: dict[str, Callable[[Issuer, str], str | None]] = {
    "none": lambda issuer, user: None,
    "empty": lambda issuer, user: "Bearer",
    "basic": lambda issuer, user: "Basic dXNlcjpwYXNz",
    "malformed": lambda issuer, user: "Bearer not.a.token",
    "wrong key": lambda issuer, user: f"Bearer {of_another_key(issuer, user)}",
    "unknown kid": lambda issuer, user: f"Bearer {unknown_key(issuer, user)}",
    "no kid": lambda issuer, user: f"Bearer {without_kid(issuer, user)}",
    "alg none": lambda issuer, user: f"Bearer {unsigned(issuer, user)}",
    "HS256 with the public key": lambda issuer, user: (
        f"Bearer {public_key_as_secret(issuer, user)}"
    ),
    "expired": lambda issuer, user: f"Bearer {issuer.token(user, exp=NOW - 60)}",
    "not yet": lambda issuer, user: f"Bearer {issuer.token(user, nbf=NOW + 600)}",
    "no exp": lambda issuer, user: f"Bearer {issuer.token(user, exp=None)}",
    "no sub": lambda issuer, user: f"Bearer {issuer.token(user, sub=None)}",
    "wrong issuer": lambda issuer, user: f"Bearer {issuer.token(user, iss='https://evil/')}",
    "wrong audience": lambda issuer, user: f"Bearer {issuer.token(user, aud='other')}",
    "other user": lambda issuer, user: f"Bearer {issuer.token(OTHER)}",
    "other user, other scope": lambda issuer, user: (
        f"Bearer {issuer.token(OTHER, scope='openid images:any:not images')}"
    ),
    "right user": lambda issuer, user: f"Bearer {issuer.token(user)}",
    "scope": lambda issuer, user: f"bearer {issuer.token('server', scope='openid images:any')}",
    "scope as a list": lambda issuer, user: (
        f"Bearer {issuer.token('server', scope=['images:any'])}"
    ),
}


def expected(token: str, route: str) -> Expected:
    """One cell of the matrix."""
    if token in {"right user", "scope", "scope as a list"}:
        return GOOD[route], None
    if token in {"none", "empty", "basic"}:
        return 401, "unauthenticated"
    if token.startswith("other user"):
        return (404, "image_not_found") if "{imageId}" in route else (403, "forbidden")
    return 401, "invalid_token"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def jwt_settings(api_settings: Settings, issuer: Issuer) -> Settings:
    jwt_of = JwtSettings(jwks_url=issuer.url, issuer=ISSUER, audience=AUDIENCE)
    return dataclasses.replace(api_settings, jwt=jwt_of)


@pytest.fixture(scope="module")
def guarded(make_app: CreateApp, api_settings: Settings, issuer: Issuer) -> FastAPI:
    return make_app(jwt_settings(api_settings, issuer))


@pytest.fixture(scope="module")
def guarded_client(guarded: FastAPI) -> Iterator[httpx.Client]:
    with serve(guarded) as client:
        yield client


@pytest.mark.parametrize("route", REQUESTS)
@pytest.mark.parametrize("token", TOKENS)
def test_access(
    token: str,
    route: str,
    guarded_client: httpx.Client,
    issuer: Issuer,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
) -> None:
    record = finished(user_id, START)
    put(dynamodb, table, record)
    authorization = TOKENS[token](issuer, user_id)
    guarded_client.headers.pop("Authorization", None)
    if authorization is not None:
        guarded_client.headers["Authorization"] = authorization
    response = REQUESTS[route](guarded_client, user_id, record.image_id)
    code = response.json()["code"] if response.status_code >= 400 else None
    assert (response.status_code, code) == expected(token, route)
    if response.status_code == 401:
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_the_matrix_has_every_route_except_those_open_on_purpose(
    guarded: FastAPI,
) -> None:
    routes = {
        f"{method} {route.path}": route
        for route in all_routes(guarded.routes)
        for method in (route.methods or set()) - {"HEAD"}
    }
    closed = {name for name, route in routes.items() if isinstance(route, GuardedRoute)}
    assert closed == set(REQUESTS)
    assert set(routes) - closed == OPEN | {"GET /docs/oauth2-redirect"}


def all_routes(routes: Any) -> Iterator[Route | APIRoute]:
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from all_routes(route.original_router.routes)  # FastAPI's included router


def test_another_users_image_and_a_missing_one_look_the_same(
    guarded_client: httpx.Client,
    issuer: Issuer,
    dynamodb: "DynamoDBClient",
    table: str,
    user_id: str,
) -> None:
    record = finished(user_id, START)
    put(dynamodb, table, record)
    mine = {"Authorization": f"Bearer {issuer.token(OTHER)}", "X-Request-Id": "same-id-for-both"}
    guarded_client.headers.pop("Authorization", None)
    responses = [
        guarded_client.get(f"/users/{user}/images/{record.image_id}", headers=mine)
        for user in (user_id, OTHER)
    ]
    assert responses[0].status_code == responses[1].status_code == 404
    assert responses[0].content == responses[1].content


def test_without_a_token_a_malformed_body_is_not_even_read(guarded_client: httpx.Client) -> None:
    guarded_client.headers.pop("Authorization", None)
    response = guarded_client.post("/users/somebody/uploads", content=b"{not json")
    assert response.json()["code"] == "unauthenticated"


def test_auth_off_logs_a_warning(make_app: CreateApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app()
    assert "AUTH=off" in caplog.text


def test_without_keys_every_token_is_rejected_with_a_503_to_retry(
    make_app: CreateApp, api_settings: Settings, user_id: str
) -> None:
    with issuing() as issuer, serve(make_app(jwt_settings(api_settings, issuer))) as client:
        issuer.up = False
        bearer = {"Authorization": f"Bearer {issuer.token(user_id)}"}
        response = client.get(f"/users/{user_id}/images", headers=bearer)
        assert (response.status_code, response.json()["code"]) == (503, "auth_unavailable")
        assert response.headers["retry-after"] == "10"
