from collections.abc import Iterator

import pytest

from tests.integration.e2e.running import Running


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The whole system, as `make run` starts it."""
    with Running(tmp_path_factory.mktemp("system") / "data") as running:
        yield running
