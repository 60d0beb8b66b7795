"""Unit tests need no emulator: one that asks for it is in the wrong tier."""

from typing import NoReturn

import pytest


@pytest.fixture(scope="session")
def emulator() -> NoReturn:
    pytest.fail("Unit tests run without the emulator: move this one to tests/integration.")
