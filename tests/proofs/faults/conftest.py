"""Prints how many cases of faults were tried."""

import pytest

from tests.integration.resizer.conftest import image, operators_resizer, settings

__all__ = ["image", "operators_resizer", "settings"]  # the same fixtures as the resizer's tests

CASES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[CASES] = []


@pytest.fixture
def count_case(pytestconfig: pytest.Config) -> "list[str]":
    """Append the name of each case that was tried."""
    return pytestconfig.stash[CASES]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if cases := config.stash[CASES]:
        terminalreporter.write_line(f"fault injection: {len(cases)} cases")
