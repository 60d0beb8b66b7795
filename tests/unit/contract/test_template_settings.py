"""No stack deploys and then cannot start: template.yaml keeps the rules of contract/settings.py."""

import itertools
import re
from typing import Any

import boto3
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.settings import Settings as ApiSettings
from contract.settings import FRONT_END_ORIGIN, SETTINGS
from resizer.settings import Settings as ResizerSettings
from tests.template import (
    CONDITIONS,
    ENVIRONMENTS,
    PARAMETERS,
    RULES,
    accepts,
    evaluate,
)
from tests.unit.contract.test_settings import PEM

BY_NAME = {setting.name: setting for setting in SETTINGS}
REGIONS = boto3.Session().get_available_regions("lambda")
FROM_AWS = {"Cdn.DomainName": "d111111abcdef8.cloudfront.net", "CdnKey": "K2JCJMDEHXQW5F"}
EMPTY_SECRET = "{{resolve:secretsmanager:}}"
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"


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
    texts = st.from_regex(declared["AllowedPattern"], fullmatch=True)
    if declared["Type"] == "CommaDelimitedList":
        return st.lists(texts, min_size=1, max_size=4)
    assert declared["Type"] == "String"
    return texts


STACKS = st.fixed_dictionaries(
    {
        **{parameter: values(parameter) for parameter in HANDED_ON},
        "CdnPublicKey": st.sampled_from(["", PUBLIC_KEY]),
        "DeployApi": st.sampled_from(["true", "false"]),
    }
)


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


@settings(max_examples=50)  # of twelve values each
@given(STACKS, st.sampled_from(REGIONS), st.integers(512, 10240))
def test_whatever_deploys_also_starts(stack: dict[str, Any], region: str, memory: int) -> None:
    assume(deploys(stack))
    start(stack, region, memory)


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
    assert len(may_be_empty) == 5
    started = 0
    for kept in itertools.product([True, False], repeat=len(may_be_empty)):
        empty = {name: "" for name, keep in zip(may_be_empty, kept, strict=True) if not keep}
        if deploys({**whole, **empty}):
            start({**whole, **empty}, "eu-west-1", 512)
            started += 1
    assert started == 3  # everything is set, or the CDN is missing, with and without its secret


def start(stack: dict[str, Any], region: str, memory: int) -> None:
    """Read the settings of each function; raises SettingsError."""
    known = {**stack, **FROM_AWS}
    for function in ("ResizeImage", "GiveUp"):
        found = environment(function, known, region)
        ResizerSettings.from_environment({**found, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)})
    if evaluate(CONDITIONS["HasApi"], known):
        ApiSettings.from_environment(environment("Api", known, region))


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n", "\u00a0"])
@pytest.mark.parametrize("parameter", HANDED_ON)
def test_a_blank_that_counts_as_unset_does_not_satisfy_a_rule(parameter: str, blank: str) -> None:
    pattern = PARAMETERS[parameter]["AllowedPattern"]
    assert not re.fullmatch(pattern, blank)


def test_the_parameters_that_become_settings_are_found() -> None:
    assert {"AuthIssuer", "CdnPrivateKeySecret", "CorsOrigins", "MaxPixels"} < set(HANDED_ON)
    assert len(HANDED_ON) == 10
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


@given(st.sampled_from(["MAX_UPLOAD_BYTES", "MAX_PIXELS"]), st.integers(0, 10**10))
def test_template_and_settings_agree_on_every_number(name: str, number: int) -> None:
    parameter = {"MAX_UPLOAD_BYTES": "MaxUploadBytes", "MAX_PIXELS": "MaxPixels"}[name]
    assert accepts(parameter, str(number)) == _is_right(name, str(number))


@pytest.mark.parametrize("number", [10**power + step for power in range(11) for step in (-1, 0, 1)])
def test_template_and_settings_agree_on_every_length(number: int) -> None:
    assert accepts("MaxUploadBytes", str(number)) == _is_right("MAX_UPLOAD_BYTES", str(number))
    assert accepts("MaxPixels", str(number)) == _is_right("MAX_PIXELS", str(number))


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


def _is_right(name: str, text: str) -> bool:
    try:
        BY_NAME[name].rule(text)
    except ValueError:
        return False
    return True
