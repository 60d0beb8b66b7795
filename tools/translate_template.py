"""Print template.yaml as AWS deploys it: JSON, with the SAM transform applied.

Runs in the environment of the checks. Only in this form does cfn-lint follow references and find
cycles: in the SAM source it does not know the resources that the transform creates.
"""

import json
import os
from pathlib import Path

from samtranslator.translator.transform import (  # type: ignore[import-not-found]  # see above
    transform,
)
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-not-found]  # see above

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"


class NoManagedPolicies:
    """None: the template refers to no AWS managed policy by name."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = yaml_parse(TEMPLATE.read_text())
    print(json.dumps(transform(template, {}, NoManagedPolicies()), indent=1))
