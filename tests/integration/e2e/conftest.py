from collections.abc import Iterator

import pytest

from tools.local_run import LocalRun


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """The whole system, as `make run` starts it."""
    with LocalRun(tmp_path_factory.mktemp("system") / "data") as running:
        yield running
