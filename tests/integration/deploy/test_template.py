"""template.yaml as a whole: what its switches deploy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import Emulator
from local.infrastructure import STACK, DeployError, deploy
from tests.template import names
from tools.ports import free_port

ORIGINS = {"CorsOrigins": "http://localhost:3000"}


@pytest.fixture(scope="module")
def fresh(
    aws_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    with Emulator(free_port(), tmp_path_factory.mktemp("emulator"), {}) as running:
        yield running


def test_an_api_that_knows_no_users_is_refused(fresh: Emulator) -> None:
    with pytest.raises(DeployError, match="AuthJwksUrl"):
        deploy(fresh.root, fresh.url, {**ORIGINS, "DeployApi": "true"})


def test_everything_that_can_be_switched_on_deploys(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """But the CDN: the emulator has no CloudFront key groups."""
    switched_on = {
        "AlarmEmail": "somebody@example.com",
        "AuthAudience": "thumbline",
        "AuthIssuer": "https://issuer.example.com/",
        "AuthJwksUrl": "https://issuer.example.com/jwks.json",
        "CreateApiUser": "true",
        "CreateUploaderUser": "true",
        "DeployApi": "true",
        "ExpireOriginalsDays": "30",
        "ResizerConcurrency": "50",
    }
    with Emulator(free_port(), tmp_path, {}) as emulator:
        deploy(emulator.root, emulator.url, {**ORIGINS, **switched_on})
        client = emulator.root.session().client("cloudformation", endpoint_url=emulator.url)
        deployed = client.describe_stack_resources(StackName=STACK)["StackResources"]
    found = {resource["LogicalResourceId"] for resource in deployed}
    cdn = {name for name in names("Resources") if name.startswith("Cdn")}
    assert len(cdn) == 5
    assert names("Resources") - cdn <= found
