"""template.yaml as a whole: what its options deploy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.infrastructure import STACK, TEMPLATE, deploy
from tests.template import RESOURCES
from tools.ports import free_port

ORIGINS = {"CorsOrigins": "http://localhost:3000"}


@pytest.fixture(scope="module")
def fresh(
    aws_environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    with Emulator(free_port(), tmp_path_factory.mktemp("emulator"), {}) as running:
        yield running


API = {
    "AuthAudience": "thumbline",
    "AuthIssuer": "https://issuer.example.com/",
    "AuthJwksUrl": "https://issuer.example.com/jwks.json",
    "DeployApi": "true",
}


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"DeployApi": "true"}, "AuthJwksUrl"),
        ({**API, "AuthIssuer": " "}, "AuthIssuer"),
        ({"CorsOrigins": "http://localhost:3000,localhost:3001"}, "CorsOrigins"),
        ({"MaxUploadBytes": "1.5"}, "MaxUploadBytes"),
        ({"ThumbnailWidths": "200,200"}, "ThumbnailWidths"),
    ],
)
def test_a_stack_that_could_not_start_is_not_deployed(
    fresh: Emulator, parameters: dict[str, str], named: str
) -> None:
    client = fresh.root.session().client("cloudformation", endpoint_url=fresh.url)
    with pytest.raises(ClientError, match=named):
        client.create_stack(
            StackName="refused",
            TemplateBody=TEMPLATE.read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in {"BucketName": "refused", **parameters}.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )


def test_the_template_deploys_with_every_option_on(
    aws_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Except the CDN: the emulator has no CloudFront key groups."""
    switched_on = {
        **API,
        "AlarmEmail": "somebody@example.com",
        "CreateApiUser": "true",
        "CreateUploaderUser": "true",
        "ExpireOriginalsDays": "30",
        "ResizerConcurrency": "50",
    }
    with Emulator(free_port(), tmp_path, {}) as emulator:
        deploy(emulator.root, emulator.url, {**ORIGINS, **switched_on})
        client = emulator.root.session().client("cloudformation", endpoint_url=emulator.url)
        deployed = client.describe_stack_resources(StackName=STACK)["StackResources"]
    found = {resource["LogicalResourceId"] for resource in deployed}
    cdn = {name for name in RESOURCES if name.startswith("Cdn")}
    assert len(cdn) == 6
    assert RESOURCES.keys() - cdn <= found
