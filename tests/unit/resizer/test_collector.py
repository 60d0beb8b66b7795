"""Garbage collection around the function's start, in its own process."""

import json
import subprocess
import sys
from typing import Any

from tests import ROOT

START = """
import gc, json
gc.collect()
before = sum(generation["collections"] for generation in gc.get_stats())
import resizer.handler
during = sum(generation["collections"] for generation in gc.get_stats()) - before
print(json.dumps({"enabled": gc.isenabled(), "frozen": gc.get_freeze_count(), "during": during}))
"""


def started() -> Any:
    """What the collector says after the entry module is imported."""
    environment = {"BUCKET": "images", "AWS_DEFAULT_REGION": "us-east-1"}
    process = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    return json.loads(process.stdout)


def test_a_started_function_collects_garbage_but_not_what_its_imports_made() -> None:
    collector = started()
    assert collector["enabled"]
    assert collector["frozen"] > 10_000
    assert collector["during"] < 10, "the imports alone would cause more than a hundred"
