"""The functions under AWS's runtime client and emulator, and how the gate reads their responses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from contract.keys import OriginalKey
from local.emulator import ROOT
from local.gate import result
from local.infrastructure import Stack
from local.pool import InvocationError
from tests.invocations import RecordedInvocations
from tools.lambda_emulator import LambdaEmulator
from tools.pictures import jpeg

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

HANDLERS = Path(__file__).parent
IMAGE = "1763853422123-0000071e-cat.jpg"


def run(handler: str, log: Path, **options: Any) -> LambdaEmulator:
    return LambdaEmulator(handler, [HANDLERS], log, **options)


def test_a_result_is_returned(tmp_path: Path) -> None:
    with run("rie_handlers.succeed", tmp_path / "log") as rie:
        response = rie.invoke({"number": 1})
    assert result(response.status_code, response.content)["event"] == {"number": 1}


def test_an_exception_is_a_failure_despite_its_status_200(tmp_path: Path) -> None:
    with run("rie_handlers.fail", tmp_path / "log") as rie:
        response = rie.invoke({})
        assert response.status_code == 200
        with pytest.raises(InvocationError, match="try again"):
            result(response.status_code, response.content)
        assert rie.invoke({}).json()["errorType"] == "RuntimeError"  # the process lives on


def test_a_timeout_is_a_failure_despite_its_status_200(tmp_path: Path) -> None:
    with run("rie_handlers.take_too_long", tmp_path / "log", timeout_seconds=1) as rie:
        response = rie.invoke({})
    assert response.status_code == 200
    with pytest.raises(InvocationError, match="timed out after 1"):
        result(response.status_code, response.content)


@pytest.mark.parametrize("handler", ["rie_handlers.leave", "no_such_module.handler"])
def test_an_exit_and_a_bad_import_are_failures(tmp_path: Path, handler: str) -> None:
    with run(handler, tmp_path / "log") as rie:
        response = rie.invoke({})
    with pytest.raises(InvocationError):
        result(response.status_code, response.content)


@pytest.fixture
def resizer(stack: Stack, tmp_path: Path) -> Iterator[LambdaEmulator]:
    """ResizeImage as the image starts it, with the role and the variables of the template."""
    function = stack.resize_image_function
    with LambdaEmulator(
        function.handler, [ROOT], tmp_path / "log", environment=function.environment
    ) as running:
        yield running


def test_the_resizer_works_under_the_runtime_client(
    resizer: LambdaEmulator,
    s3: "S3Client",
    dynamodb: "DynamoDBClient",
    stack: Stack,
    user_id: str,
    invocations: RecordedInvocations,
) -> None:
    key = str(OriginalKey(user_id, IMAGE))
    s3.put_object(Bucket=stack.bucket, Key=key, Body=jpeg(), ContentType="image/jpeg")
    (event,) = invocations.wait_for(key)
    response = resizer.invoke(event)
    assert result(response.status_code, response.content) == {"done": 1}, resizer.log
    primary_key: Any = {"userId": {"S": user_id}, "imageId": {"S": IMAGE}}
    record = dynamodb.get_item(TableName=stack.table, Key=primary_key)["Item"]
    assert record["status"] == {"S": "done"}


def test_the_api_handles_an_http_api_event_under_the_runtime_client(
    stack: Stack, tmp_path: Path
) -> None:
    environment = {
        **stack.resize_image_function.environment,  # for the emulator's address
        **stack.api.environment(),
        "AUTH": "off",
    }
    event = {  # payload format 2.0 (API Gateway, "Lambda proxy integrations for HTTP APIs")
        "version": "2.0",
        "rawPath": "/users/somebody/images",
        "rawQueryString": "",
        "headers": {"host": "example.com"},
        "requestContext": {
            "http": {
                "method": "GET",
                "path": "/users/somebody/images",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
            },
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    log = tmp_path / "log"
    with LambdaEmulator("api.lambda_handler.handler", [ROOT], log, environment=environment) as rie:
        response = rie.invoke(event).json()
        assert response["statusCode"] == 200, rie.log
    assert json.loads(response["body"])["items"] == []


def test_a_resizer_without_a_required_setting_names_it(tmp_path: Path) -> None:
    with LambdaEmulator("resizer.handler.handler", [ROOT], tmp_path / "log") as rie:
        response = rie.invoke({})
        assert "BUCKET is not set" in rie.log
    with pytest.raises(InvocationError):
        result(response.status_code, response.content)
