"""The base images of the Dockerfiles. Checkov and hadolint do not look behind a build argument."""

import re

import pytest

from tests import ROOT

PYTHON = r"python:3\.13-slim@sha256:[0-9a-f]{64}"
LAMBDA = r"public\.ecr\.aws/lambda/python:3\.13"
BASES = {
    "Dockerfile.api": ("PYTHON_BASE", PYTHON),
    "Dockerfile.resizer": ("LAMBDA_BASE", LAMBDA),
    "local/Dockerfile": ("PYTHON_BASE", PYTHON),
}


@pytest.mark.parametrize("dockerfile", BASES)
def test_every_stage_begins_with_the_base_image_or_another_stage(dockerfile: str) -> None:
    argument, image = BASES[dockerfile]
    text = (ROOT / dockerfile).read_text()
    (default,) = re.findall(rf"^ARG {argument}=(.*)$", text, re.MULTILINE)
    assert re.fullmatch(image, default)
    stages = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert f"${{{argument}}}" in bases
    assert bases - stages == {f"${{{argument}}}"}


def test_the_dockerfiles_of_one_base_pin_the_same_digest() -> None:
    texts = [(ROOT / name).read_text() for name, (_, image) in BASES.items() if image == PYTHON]
    assert len({found for text in texts for found in re.findall(PYTHON, text)}) == 1


def test_no_image_names_a_license_for_all_that_its_base_contains() -> None:
    assert not any("image.licenses" in (ROOT / name).read_text() for name in BASES)
