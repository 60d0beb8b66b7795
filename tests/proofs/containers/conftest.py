from collections.abc import Iterator

import pytest

from tests.proofs.containers.compose import Compose


@pytest.fixture(scope="session")
def compose() -> Iterator[Compose]:
    """The whole system in its images."""
    with Compose() as running:
        yield running
