"""The clients of the deployed function; those of other tests are boto3's."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from resizer.repository import DYNAMODB_CONFIG, dynamodb_client
from resizer.storage import S3_CONFIG, s3_client


@pytest.mark.parametrize(
    ("make", "config"), [(s3_client, S3_CONFIG), (dynamodb_client, DYNAMODB_CONFIG)]
)
def test_a_client_gives_up_well_before_the_function_does(
    make: Callable[[str | None, str | None], Any], config: Config
) -> None:
    used: Any = make("us-east-1", None).meta.config
    wanted: Any = config
    assert (used.connect_timeout, used.read_timeout) == (
        wanted.connect_timeout,
        wanted.read_timeout,
    )
    assert used.retries == wanted.retries
    attempts = used.retries["total_max_attempts"]
    assert attempts * (used.connect_timeout + used.read_timeout) < 60  # of the function's 300 s
