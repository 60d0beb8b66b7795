import dataclasses
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.http.middleware import MAX_BODY_BYTES
from api.http.schemas import Problem
from api.settings import Settings
from tests.integration.api.conftest import CreateApp
from tests.records import CAT
from tests.serving import serve
from tools.ports import free_port

JSON = {"Content-Type": "application/json"}
PNG = {"Content-Type": "image/png"}


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "code"),
    [
        ("GET", "/nowhere", b"", {}, 404, "not_found"),
        ("PATCH", "/users/u/images", b"", {}, 405, "method_not_allowed"),
        ("POST", "/users/u/uploads", b"{", JSON, 400, "malformed_json"),
        ("POST", "/users/u/uploads", b"\xff", JSON, 400, "malformed_json"),
        ("POST", "/users/u/uploads", b"", JSON, 422, "invalid_request"),
        ("POST", "/users/u/uploads", b"[]", JSON, 422, "invalid_request"),
        ("POST", "/users/u/uploads", b"bytes", PNG, 415, "unsupported_media_type"),
        ("POST", "/users/u/uploads", b"{}", {}, 415, "unsupported_media_type"),
        ("POST", "/users/u/uploads/batch", b'{"files": []}', JSON, 422, "invalid_request"),
        ("GET", "/users/u%20v/images", b"", {}, 422, "invalid_user_id"),
        ("GET", "/users/%2E%2E/images", b"", {}, 422, "invalid_user_id"),
        ("GET", "/users/u/images/not-an-id", b"", {}, 404, "image_not_found"),
        ("GET", "/users/u/images/1763853422000-%00", b"", {}, 404, "image_not_found"),
        ("DELETE", "/users/u/images/1763853422000-gone", b"", {}, 404, "image_not_found"),
    ],
)
def test_every_error_is_a_problem_document_with_a_stable_code(
    client: httpx.Client,
    method: str,
    path: str,
    content: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    url = client.base_url.copy_with(raw_path=path.encode())
    response = client.request(method, url, content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (problem.code, problem.status) == (code, status)
    assert problem.type == f"urn:thumbline:problem:{code}"
    assert problem.request_id == response.headers["x-request-id"]


def test_a_batch_with_too_many_files_is_rejected(client: httpx.Client) -> None:
    response = client.post("/users/u/uploads/batch", json={"files": [CAT] * 101})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/files")


def test_a_rejected_method_gets_the_list_of_allowed_ones(client: httpx.Client) -> None:
    for path, allowed in (("images", "GET"), ("images/1763853422000-x", "DELETE, GET")):
        assert client.patch(f"/users/u/{path}").headers["allow"] == allowed


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "streamed"])
def test_a_body_that_is_too_large_is_rejected_before_all_of_it_is_read(
    client: httpx.Client, announced: bool
) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)
    content: Any = body if announced else iter([body[:1000], body[1000:]])
    response = client.post("/users/u/uploads", content=content, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert client.get("/healthz").status_code == 200


def test_the_largest_batch_that_the_rules_allow_fits_the_body_limit(client: httpx.Client) -> None:
    file = {**CAT, "filename": "\x80" * 127 + "a", "sha256": "0" * 64}
    response = client.post("/users/u-largest/uploads/batch", json={"files": [file] * 100})
    assert response.status_code == 201


@pytest.mark.parametrize("request_id", ["short", "x" * 65, "has spaces in it", "new\tline-in-it"])
def test_a_request_id_that_could_harm_logs_is_replaced(
    client: httpx.Client, request_id: str
) -> None:
    response = client.get("/healthz", headers={"X-Request-Id": request_id})
    assert response.headers["x-request-id"] != request_id


def test_unreachable_storage_gives_a_503_with_retry_after(
    api_settings: Settings, make_app: CreateApp
) -> None:
    dead = dataclasses.replace(api_settings, endpoint_url=f"http://127.0.0.1:{free_port()}")
    with serve(make_app(dead)) as client:
        response = client.get("/users/u/images")
        assert (response.status_code, response.json()["code"]) == (503, "storage_unavailable")
        assert response.headers["retry-after"] == "1"
        unready = client.get("/readyz")
        assert (unready.status_code, unready.json()["code"]) == (503, "storage_unavailable")
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("changes", [{"bucket": "no-such-bucket"}, {"table": "NoSuchTable"}])
def test_readyz_notices_a_missing_bucket_or_table(
    api_settings: Settings,
    make_app: CreateApp,
    changes: dict[str, Any],
) -> None:
    with serve(make_app(dataclasses.replace(api_settings, **changes))) as client:
        assert client.get("/readyz").status_code == 503


def test_a_crash_is_a_500_without_details_and_is_logged_in_full(
    make_app: CreateApp, caplog: pytest.LogCaptureFixture
) -> None:
    app: FastAPI = make_app()

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("the secret cause")

    with serve(app) as client:
        response = client.get("/crash", headers={"Origin": "http://localhost:3000"})
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "the secret cause" in caplog.text


def test_a_request_that_aws_rejects_is_a_500_and_not_a_client_error(
    api_settings: Settings, make_app: CreateApp
) -> None:
    with serve(make_app(dataclasses.replace(api_settings, table="NoSuchTable"))) as client:
        response = client.get("/users/u/images")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")


def test_cross_origin_requests_are_allowed_for_the_origins_of_the_settings_only(
    client: httpx.Client,
) -> None:
    for origin, allowed in (("http://localhost:3000", True), ("https://evil.example.com", False)):
        preflight = client.options(
            "/users/u/uploads",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
            },
        )
        assert (preflight.status_code == 200) is allowed
        response = client.get("/users/u/images/x", headers={"Origin": origin})
        assert (response.headers.get("access-control-allow-origin") == origin) is allowed
