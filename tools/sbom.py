"""A software bill of materials: `.venv-sbom/bin/python -m tools.sbom api` writes CycloneDX JSON.

cyclonedx-py reads names, licenses and the dependency graph from the environment that was made from
a lock file, and the hashes of all files that may be installed from the lock file itself. The result
depends on these two only: it has no serial number and no time.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion  # type: ignore[import-not-found]  # in .venv-sbom only
from cyclonedx.validation.json import (  # type: ignore[import-not-found]
    JsonStrictValidator,
)

VERSION = SchemaVersion.V1_6
FORMAT = ("--output-reproducible", "--spec-version", VERSION.to_version(), "--of", "JSON")
CYCLONEDX = Path(sys.executable).parent / "cyclonedx-py"


def bill(group: str) -> dict[str, Any]:
    environment = cyclonedx("environment", "--pyproject", "pyproject.toml", f".venv-{group}")
    locked = cyclonedx("requirements", f"requirements/{group}.txt")
    files = {each["purl"]: each["externalReferences"] for each in locked["components"]}
    for component in environment["components"]:
        downloads = files[component["purl"]]  # a KeyError: the environment is not the lock's
        component.setdefault("externalReferences", []).extend(downloads)
    return environment


def cyclonedx(*arguments: str) -> dict[str, Any]:
    command = [str(CYCLONEDX), arguments[0], *FORMAT, *arguments[1:]]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(group: str) -> None:
    text = json.dumps(bill(group), indent=2, sort_keys=True)
    if problem := JsonStrictValidator(VERSION).validate_str(text):
        sys.exit(f"the bill of materials of {group} is not valid CycloneDX: {problem}")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1])
