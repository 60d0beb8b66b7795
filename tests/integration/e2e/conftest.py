from collections.abc import Iterator

import pytest

from tools.local_run import LocalRun


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """The whole system, as `make run` starts it, for somebody who works with an AWS account."""
    account = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "https://aws.invalid"}
    with LocalRun(tmp_path_factory.mktemp("system") / "data", account) as running:
        yield running
