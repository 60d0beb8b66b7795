"""Proofs report how much they tried, also when workers of pytest-xdist tried it."""

from collections import Counter
from collections.abc import Callable

import pytest

tried: Counter[str] = Counter()


@pytest.fixture
def report_tried(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Add a number of something that was tried to the sum at the end of the run."""
    return lambda what, number: record_property(f"tried {what}", number)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        for name, number in report.user_properties:
            if name.startswith("tried ") and isinstance(number, int):
                tried[name.removeprefix("tried ")] += number


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, number in tried.items():
        terminalreporter.write_line(f"{what}: {number}")
