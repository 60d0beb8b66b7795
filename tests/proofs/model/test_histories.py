"""Whatever happens, in whatever order, nothing is lost, doubled or stuck."""

import os

from resizer.settings import Settings
from tests.proofs.model.histories import STEPS_PER_HISTORY, run_histories
from tests.proofs.model.system import Aws

STEPS = int(os.environ.get("MODEL_STEPS", "10000"))


def test_every_history_keeps_the_promises(
    aws: Aws, model_settings: Settings, count_steps: list[int]
) -> None:
    steps = run_histories(aws, model_settings, STEPS // STEPS_PER_HISTORY, shrink=True)
    count_steps.append(steps)
    assert steps >= STEPS
