"""Whatever happens, in whatever order, nothing is lost, doubled or stuck."""

import os
from collections.abc import Callable

from resizer.settings import Settings
from tests.proofs.model.histories import STEPS_PER_HISTORY, run_histories
from tests.proofs.model.system import Aws

# `make proofs` sets the full size.
STEPS = int(os.environ.get("MODEL_STEPS", "500"))


def test_every_history_keeps_the_promises(
    aws: Aws, model_settings: Settings, report_tried: Callable[[str, int], None]
) -> None:
    steps = run_histories(aws, model_settings, STEPS // STEPS_PER_HISTORY, shrink=True)
    report_tried("steps of random histories", steps)
    assert steps >= STEPS
