"""template.yaml as written: what outlives the stack, and that the docs match it."""

import re
from typing import Any

import pytest

from api.http.originals import UNKNOWN
from tests import ROOT
from tests.template import PARAMETERS, RESOURCES


def alarms() -> dict[str, Any]:
    return {
        name: resource
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


@pytest.mark.parametrize("resource", ["ImagesBucket", "ImagesTable"])
def test_users_images_outlive_the_stack(resource: str) -> None:
    assert RESOURCES[resource]["DeletionPolicy"] == "Retain"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_alarms_and_sections_of_the_runbook_match() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()
    titles = re.findall(r"^### (.*)$", runbook, re.MULTILINE)
    told = {name for title in titles for name in title.split(", ")}
    assert told == alarms().keys()


def test_each_alarm_mails_somebody() -> None:
    silent = [
        name for name, alarm in alarms().items() if not alarm["Properties"].get("AlarmActions")
    ]
    assert alarms()
    assert not silent


def test_the_cdn_forwards_what_says_how_an_original_is_served() -> None:
    cached = RESOURCES["CdnCache"]["Properties"]["CachePolicyConfig"]
    query = cached["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"]
    assert query["QueryStringBehavior"] == "whitelist"
    assert set(query["QueryStrings"]) == UNKNOWN.keys()


def test_nothing_that_the_cdn_serves_is_run_or_taken_for_another_type() -> None:
    config = RESOURCES["CdnHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    assert "ContentTypeOptions" in security  # nosniff
    assert "sandbox" in security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    served = RESOURCES["Cdn"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    assert served["ResponseHeadersPolicyId"] == ("!Ref", "CdnHeaders")


def test_parameters_and_rows_of_the_table_match() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text()
    section = guide.split("## Parameters\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?)\| ", section, re.MULTILINE)
    documented = {
        name: default.strip(" `")
        for names, default in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert documented == {
        name: declared.get("Default", "") for name, declared in PARAMETERS.items()
    }
