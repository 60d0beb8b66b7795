"""No order of two operations' AWS calls breaks a promise."""

from collections.abc import Callable

import pytest

from resizer.settings import Settings
from tests.proofs.model.pairs import PAIRS, Pair, run_pair
from tests.proofs.model.system import Aws


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_two_operations_at_once_keep_the_promises(
    pair: Pair, aws: Aws, model_settings: Settings, report_tried: Callable[[str, int], None]
) -> None:
    orders = run_pair(aws, model_settings, pair)
    report_tried("orders of two operations", orders)
    assert orders > 10
