"""docs/deploy.md and template.yaml say the same about the parameters."""

import re

from tests import ROOT
from tests.template import PARAMETERS

GUIDE = (ROOT / "docs" / "deploy.md").read_text()


def test_each_parameter_has_its_row_and_its_default_and_the_other_way_round() -> None:
    section = GUIDE.split("## Parameters\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?)\| ", section, re.MULTILINE)
    documented = {
        name: default.strip(" `")
        for names, default in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert documented == {
        name: declared.get("Default", "") for name, declared in PARAMETERS.items()
    }
