"""template.yaml as it is written: what outlives the stack, and that the docs keep up with it."""

import re

import pytest

from local.emulator import ROOT
from tests.template import TEXT, names


@pytest.mark.parametrize("resource", ["ImagesBucket", "ImagesTable"])
def test_users_images_outlive_the_stack(resource: str) -> None:
    (body,) = re.findall(rf"^  {resource}:\n(.*?)\n    Properties:", TEXT, re.M | re.S)
    assert "DeletionPolicy: Retain" in body
    assert "UpdateReplacePolicy: Retain" in body


def test_each_alarm_has_its_section_in_the_runbook_and_the_other_way_round() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()
    titles = re.findall(r"^### (.*)$", runbook, re.MULTILINE)
    told = {name for title in titles for name in title.split(", ")}
    assert told == {name for name in names("Resources") if name.endswith("Alarm")}


def test_each_parameter_is_told_and_the_other_way_round() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text()
    section = guide.split("## Parameters\n")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    told = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert told == names("Parameters")
