"""template.yaml as AWS deploys it, without the SAM transform; printed as JSON.

Runs in the checks' environment. cfn-lint follows references and finds cycles only in this form:
in the SAM source it does not know the resources that the transform makes.
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
    """The template names no AWS policy by its short name."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = yaml_parse(TEMPLATE.read_text())
    print(json.dumps(transform(template, {}, NoManagedPolicies()), indent=1))
