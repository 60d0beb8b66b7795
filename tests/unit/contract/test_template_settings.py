"""No stack deploys and then cannot start: template.yaml keeps the rules of contract/settings.py."""

import itertools
import re
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from api.settings import Settings as ApiSettings
from contract.settings import FRONT_END_ORIGIN, SETTINGS
from resizer.settings import Settings as ResizerSettings
from tests import ROOT
from tests.template import (
    CONDITIONS,
    ENVIRONMENTS,
    PARAMETERS,
    RULES,
    accepts,
    evaluate,
)
from tests.unit.contract.test_settings import KEY, PEM

BY_NAME = {setting.name: setting for setting in SETTINGS}
REGIONS = boto3.Session().get_available_regions("lambda")
FROM_AWS = {"Cdn.DomainName": "d111111abcdef8.cloudfront.net", "CdnKey": "K2JCJMDEHXQW5F"}
EMPTY_SECRET = "{{resolve:secretsmanager:}}"
PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def referenced(expression: Any) -> set[str]:
    """The parameters whose text an expression passes on."""
    if isinstance(expression, list):
        return set().union(*map(referenced, expression))
    if not isinstance(expression, tuple):
        return set()
    name, argument = expression
    if name == "!Sub":
        return {parameter for parameter in PARAMETERS if f"${{{parameter}}}" in argument}
    return {argument} & PARAMETERS.keys() if name == "!Ref" else referenced(argument)


HANDED_ON = sorted(
    set().union(
        *(referenced(value) for values in ENVIRONMENTS.values() for value in values.values())
    )
)


def values(parameter: str) -> st.SearchStrategy[Any]:
    """All that CloudFormation accepts for a parameter."""
    declared = PARAMETERS[parameter]
    if declared["Type"] == "Number":
        return st.integers(int(declared["MinValue"]), int(declared["MaxValue"])).map(str)
    texts = st.from_regex(declared["AllowedPattern"], fullmatch=True)
    if declared["Type"] == "CommaDelimitedList":
        return st.lists(texts, min_size=1, max_size=4)
    assert declared["Type"] == "String"
    return texts


def stacks(deploy_api: str, required: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """All values of the parameters that become settings; those that are required are filled."""
    filled = {name: values(name).filter(bool) for name in required}
    cdn = st.sampled_from([("", ""), ("", "secret"), (PUBLIC_KEY, "secret")])
    stack = {**{name: values(name) for name in HANDED_ON}, **filled, "cdn": cdn}
    return st.fixed_dictionaries(stack).map(
        lambda drawn: {
            **drawn,
            "DeployApi": deploy_api,
            "CdnPublicKey": drawn["cdn"][0],
            "CdnPrivateKeySecret": drawn["CdnPrivateKeySecret"] or drawn["cdn"][1],
        }
    )


WITHOUT_API = stacks("false")
WITH_API = stacks("true", ("AuthJwksUrl", "AuthIssuer", "AuthAudience"))


def deploys(stack: dict[str, Any]) -> bool:
    return all(
        evaluate(assertion, stack) for condition, assertion in RULES if evaluate(condition, stack)
    )


def environment(function: str, known: dict[str, Any], region: str) -> dict[str, str]:
    """The environment of a deployed function's process."""
    found = {name: evaluate(value, known) for name, value in ENVIRONMENTS[function].items()}
    secret = found.get("CDN_PRIVATE_KEY", "")
    if secret.startswith("{{resolve:") and secret != EMPTY_SECRET:
        found["CDN_PRIVATE_KEY"] = PEM.replace("\\n", "\n")
    return {**found, "AWS_REGION": region}


@pytest.mark.parametrize("parts", [WITHOUT_API, WITH_API], ids=["resizer", "API and resizer"])
@settings(max_examples=25)  # of twelve values each
@given(st.data(), st.sampled_from(REGIONS), st.integers(512, 10240))
def test_whatever_deploys_also_starts(
    parts: st.SearchStrategy[dict[str, Any]], data: st.DataObject, region: str, memory: int
) -> None:
    stack = data.draw(parts)
    assert deploys(stack)
    assert start(stack, region, memory) == (parts is WITH_API)


def test_with_any_parameters_empty_the_stack_is_rejected_or_starts() -> None:
    whole = {
        **{name: declared.get("Default", "") for name, declared in PARAMETERS.items()},
        "AuthAudience": "a",
        "AuthIssuer": "b",
        "AuthJwksUrl": "https://c",
        "DeployApi": "true",
        "BucketName": "bucket",
        "CdnPrivateKeySecret": "d",
        "CdnPublicKey": PUBLIC_KEY,
        "CorsOrigins": ["*"],
    }
    may_be_empty = [name for name in whole if name.startswith(("Auth", "Cdn"))]
    assert {"AuthIssuer", "CdnPrivateKeySecret", "CdnPublicKey"} < set(may_be_empty)
    started = 0
    for kept in itertools.product([True, False], repeat=len(may_be_empty)):
        empty = {name: "" for name, keep in zip(may_be_empty, kept, strict=True) if not keep}
        if deploys({**whole, **empty}):
            start({**whole, **empty}, "eu-west-1", 512)
            started += 1
    assert started == 3  # everything is set, or the CDN is missing, with and without its secret


def start(stack: dict[str, Any], region: str, memory: int) -> bool:
    """Read the settings of each function and say if the API is one; raises SettingsError."""
    known = {**stack, **FROM_AWS}
    for function in ("ResizeImage", "GiveUp"):
        found = environment(function, known, region)
        ResizerSettings.from_environment({**found, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)})
    has_api = bool(evaluate(CONDITIONS["HasApi"], known))
    if has_api:
        ApiSettings.from_environment(environment("Api", known, region))
    return has_api


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n", "\u00a0"])
@pytest.mark.parametrize(
    "parameter", [name for name in HANDED_ON if PARAMETERS[name]["Type"] != "Number"]
)
def test_a_blank_that_counts_as_unset_does_not_satisfy_a_rule(parameter: str, blank: str) -> None:
    pattern = PARAMETERS[parameter]["AllowedPattern"]
    assert not re.fullmatch(pattern, blank)


def test_the_parameters_that_become_settings_are_found() -> None:
    assert {"AuthIssuer", "CdnPrivateKeySecret", "CorsOrigins", "MaxPixels"} < set(HANDED_ON)
    assert {"AuthAudience", "AuthJwksUrl", "MaxUploadBytes", "ThumbnailWidths"} < set(HANDED_ON)
    assert {name for values in ENVIRONMENTS.values() for name in values} <= BY_NAME.keys()
    memory = PARAMETERS["ResizerMemoryMb"]
    assert (memory["MinValue"], memory["MaxValue"]) == ("512", "10240")


@pytest.mark.parametrize(
    ("name", "parameter"),
    sorted(
        {
            (name, value[1])
            for values in ENVIRONMENTS.values()
            for name, value in values.items()
            if value[0] == "!Ref" and "Default" in PARAMETERS[value[1]]
        }
    ),
)
def test_a_parameter_has_its_settings_default(name: str, parameter: str) -> None:
    assert PARAMETERS[parameter]["Default"] == BY_NAME[name].default_text


def test_the_other_defaults_are_the_settings_too() -> None:
    assert PARAMETERS["CorsOrigins"]["Default"] == FRONT_END_ORIGIN
    memory = BY_NAME["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    assert PARAMETERS["ResizerMemoryMb"]["Default"] == memory.default_text


NUMBERS = sorted(
    {
        (name, value[1])
        for values in ENVIRONMENTS.values()
        for name, value in values.items()
        if value[0] == "!Ref" and BY_NAME[name].default_text.isdecimal()
    }
)


def test_the_parameters_that_are_numbers_are_found() -> None:
    assert {("MAX_PIXELS", "MaxPixels"), ("MAX_UPLOAD_BYTES", "MaxUploadBytes")} <= set(NUMBERS)


@given(st.sampled_from(NUMBERS), st.integers(0, 10**10))
def test_template_and_settings_agree_on_every_number(names: tuple[str, str], number: int) -> None:
    name, parameter = names
    assert accepts(parameter, str(number)) == _is_right(name, str(number))


@pytest.mark.parametrize("number", [10**power + step for power in range(11) for step in (-1, 0, 1)])
@pytest.mark.parametrize(("name", "parameter"), NUMBERS)
def test_template_and_settings_agree_on_every_length(
    name: str, parameter: str, number: int
) -> None:
    assert accepts(parameter, str(number)) == _is_right(name, str(number))


def test_template_and_settings_agree_near_the_largest_post() -> None:
    for digits in range(10):
        near = 5368709120 // 10**digits * 10**digits
        for number in (near - 1, near, near + 1, near + 10**digits - 1, near + 10**digits):
            accepted = accepts("MaxUploadBytes", str(number))
            assert accepted == _is_right("MAX_UPLOAD_BYTES", str(number)), number


def test_template_and_settings_agree_on_every_width() -> None:
    for width in range(4200):
        text = f"200,{width}"
        assert accepts("ThumbnailWidths", text) == _is_right("THUMBNAIL_WIDTHS", text), width


@pytest.mark.parametrize("whole", ["0", "1", "2", "00", ""])
def test_template_and_settings_agree_on_every_share(whole: str) -> None:
    parts = ["", ".", *(f".{part}" for part in range(200)), *(f".0{part}" for part in range(20))]
    for text in (whole + part for part in parts):
        accepted = accepts("MinDecodedShare", text)
        assert accepted == _is_right("MIN_DECODED_SHARE", text) or not text, text


PORTS = [0, 1, 9, 65, 6553, 9999, 10000, 59999, 64999, 65499, 65529, 65535, 65536, 65540, 65600]


@pytest.mark.parametrize("port", [*map(str, PORTS), "66000", "70000", "99999", "655350", "08", ""])
def test_template_and_settings_agree_on_every_port(port: str) -> None:
    for name, parameter in (("CORS_ORIGINS", "CorsOrigins"), ("AUTH_JWKS_URL", "AuthJwksUrl")):
        url = f"http://a:{port}"
        right = port.isdecimal() and str(int(port)) == port and 1 <= int(port) <= 65535
        assert accepts(parameter, url) == _is_right(name, url) == right, parameter


@pytest.mark.parametrize("cut", ["-----BEGIN", " ", "\n", "-----BEGIN PUBLIC KEY-----"])
def test_a_public_key_that_was_cut_off_is_not_deployed(cut: str) -> None:
    assert not accepts("CdnPublicKey", cut)
    assert accepts("CdnPublicKey", PUBLIC_KEY)
    assert accepts("CdnPublicKey", PUBLIC_KEY.replace("\n", " ").strip())
    assert accepts("CdnPublicKey", "")


def test_the_documented_command_hands_on_the_whole_public_key() -> None:
    deploy = (ROOT / "docs" / "deploy.md").read_text()
    [written] = re.findall(r'CdnPublicKey="(.*\$\(cat cdn\.pub\.pem\).*?)" ', deploy)
    typed = written.replace('\\"', '"').replace("$(cat cdn.pub.pem)", PUBLIC_KEY.strip())
    # How SAM reads a value (samcli/cli/types.py, CfnParameterOverridesType)
    [handed_on] = re.findall(r'^("(?:\\.|[^"\\]+)*"|(?:\\.|[^ "\\]+)+)', typed)
    assert handed_on.strip('"') == PUBLIC_KEY.strip()


def _is_right(name: str, text: str) -> bool:
    try:
        BY_NAME[name].rule(text)
    except ValueError:
        return False
    return True
