"""The same application on Lambda, in its own process, as Lambda starts it."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests import EVENTS, ROOT

RUN = """
import json, sys
from api.lambda_handler import handler
for line in sys.stdin:
    print("RESPONSE", json.dumps(handler(json.loads(line), None)), flush=True)
"""


def invoke(environment: dict[str, str], *events: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The responses and the log."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        input="".join(json.dumps(event) + "\n" for event in events),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    lines = done.stdout.splitlines()
    responses = [line.removeprefix("RESPONSE ") for line in lines if line.startswith("RESPONSE ")]
    return [json.loads(response) for response in responses], [
        line for line in lines if not line.startswith("RESPONSE ")
    ]


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def test_http_api_and_function_url_events_are_served_by_one_process(
    environment: dict[str, str],
) -> None:
    upload, listing = event("function_url_upload"), event("http_api_list")
    (planned, listed), logged = invoke(environment, upload, listing)
    assert planned["statusCode"] == 201
    image = json.loads(planned["body"])["image"]
    assert image["userId"] == "auth0|507f1f77"
    assert listed["statusCode"] == 200
    assert listed["headers"]["content-type"] == "application/json"
    page = json.loads(listed["body"])
    assert image["imageId"] in [item["imageId"] for item in page["items"]]
    assert not listed.get("isBase64Encoded")
    lines = [json.loads(line) for line in logged]
    routes = [line["route"] for line in lines if line["logger"] == "api.requests"]
    assert routes == ["/users/{userId}/uploads", "/users/{userId}/images"]
    assert "cat" not in "".join(logged)


def test_errors_are_problem_documents_on_lambda_too(environment: dict[str, str]) -> None:
    wrong = event("http_api_list") | {"rawQueryString": "limit=0"}
    (response,), _ = invoke(environment, wrong)
    assert response["statusCode"] == 422
    assert response["headers"]["content-type"] == "application/problem+json"
    assert json.loads(response["body"])["code"] == "invalid_request"


def test_waiting_works_on_lambda_too(environment: dict[str, str]) -> None:
    (planned,), _ = invoke(environment, event("function_url_upload"))
    image_id = json.loads(planned["body"])["image"]["imageId"]
    wait = event("http_api_list") | {"rawQueryString": "wait=1"}
    wait["requestContext"]["http"]["path"] = f"/users/auth0|507f1f77/images/{image_id}"
    responses, _ = invoke(environment, wait, wait)
    assert [json.loads(response["body"])["status"] for response in responses] == ["pending"] * 2


def test_an_invalid_setting_stops_the_start_and_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(subprocess.CalledProcessError) as raised:
        invoke({**environment, "AUTH": ""}, event("http_api_list"))
    assert "AUTH is not set" in raised.value.stderr
