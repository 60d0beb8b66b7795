"""One version everywhere: that of CHANGELOG.md's newest release."""

import json
import re
import tomllib
from datetime import date

import pytest

from api import VERSION
from tests import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", CHANGELOG, re.MULTILINE)
NEWEST = RELEASES[0][0]


def test_the_changelog_lists_releases_newest_first_under_unreleased() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings == ["[Unreleased]", *(f"[{number}] - {day}" for number, day in RELEASES)]
    numbers = [tuple(map(int, number.split("."))) for number, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)
    days = [date.fromisoformat(day) for _, day in RELEASES]
    assert days == sorted(days, reverse=True)


def test_the_package_has_the_version_of_the_newest_release() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == NEWEST


def test_the_api_reports_the_version_of_the_newest_release() -> None:
    assert VERSION == NEWEST
    assert json.loads((ROOT / "docs" / "openapi.json").read_text())["info"]["version"] == NEWEST


@pytest.mark.parametrize("dockerfile", ["Dockerfile.api", "Dockerfile.resizer"])
def test_the_images_are_labeled_with_the_version_of_the_newest_release(dockerfile: str) -> None:
    text = (ROOT / dockerfile).read_text()
    assert re.findall(r"^ARG VERSION=(\S+)", text, re.MULTILINE) == [NEWEST]
