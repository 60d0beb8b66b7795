"""AWS for the tests: the emulator over HTTP with `template.yaml` deployed and IAM enforced.

One emulator serves the whole run, or each worker of pytest-xdist. A test is kept apart by its own
`user_id`, which is faster than a reset. The functions do not run here: `invocations` notes their
events. `tests/integration/e2e` starts the whole system.
"""

import gc
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest

from local import infrastructure
from local.emulator import REGION, Emulator
from tests.invocations import RecordedInvocations
from tools.ports import free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# How long an example takes depends on the machine; hypothesis's 200 ms would fail on a busy one.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


def pytest_collection_finish() -> None:
    """Exempt what imports created from garbage collection, a seventh of the unit tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def aws_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """Keep tests away from the AWS account of the person who runs them."""
    nothing = tmp_path_factory.mktemp("aws") / "nothing"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE"):
            patch.delenv(f"AWS_{name}", raising=False)
        patch.setenv("AWS_CONFIG_FILE", str(nothing))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nothing))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_REGION", REGION)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield patch


@pytest.fixture(scope="session")
def invocations() -> Iterator[RecordedInvocations]:
    """The emulator's invocations of ResizeImage and GiveUp."""
    with RecordedInvocations() as recorded:
        yield recorded


@pytest.fixture(scope="session")
def emulator(
    aws_environment: pytest.MonkeyPatch,
    invocations: RecordedInvocations,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Emulator]:
    """A running emulator; boto3 clients made without an endpoint talk to it."""
    data: Path = tmp_path_factory.mktemp("emulator")
    functions = dict.fromkeys(
        (infrastructure.RESIZE_IMAGE, infrastructure.GIVE_UP), invocations.url
    )
    with Emulator(free_port(), data, functions) as running:
        aws_environment.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@pytest.fixture(scope="session")
def stack(emulator: Emulator) -> infrastructure.Stack:
    """The deployed template."""
    parameters = {
        "CorsOrigins": "http://localhost:3000",
        "CreateApiUser": "true",
        "CreateUploaderUser": "true",
    }
    return infrastructure.deploy(emulator.root, emulator.url, parameters)


@pytest.fixture(scope="session")
def bucket(stack: infrastructure.Stack) -> str:
    return stack.bucket


@pytest.fixture(scope="session")
def table(stack: infrastructure.Stack) -> str:
    return stack.table


@pytest.fixture(scope="session")
def root_session(emulator: Emulator, stack: infrastructure.Stack) -> boto3.Session:
    """May do everything: for setting up and inspecting, never for the code under test."""
    return emulator.root.session()


@pytest.fixture(scope="session")
def api_session(stack: infrastructure.Stack) -> boto3.Session:
    """The identity of the API, under the template's policy."""
    return stack.api.session()


@pytest.fixture(scope="session")
def resizer_session(stack: infrastructure.Stack) -> boto3.Session:
    """The identity of ResizeImage, under the template's policy."""
    return stack.resizer.session()


@pytest.fixture(scope="session")
def give_up_session(stack: infrastructure.Stack) -> boto3.Session:
    """The identity of GiveUp, under the template's policy."""
    return stack.give_up.session()


@pytest.fixture(scope="session")
def s3(root_session: boto3.Session) -> "S3Client":
    """Root's view of the bucket."""
    client: S3Client = root_session.client("s3")
    return client


@pytest.fixture(scope="session")
def dynamodb(root_session: boto3.Session) -> "DynamoDBClient":
    """Root's view of the table."""
    client: DynamoDBClient = root_session.client("dynamodb")
    return client


@pytest.fixture
def user_id() -> str:
    """A user that no other test uses."""
    return f"user_{secrets.token_hex(8)}"
