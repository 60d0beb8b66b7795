import time
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from api.aws.clients import Clients
from api.aws.s3.sigv4 import Credentials
from api.settings import Settings

SETTINGS = Settings(bucket="my-bucket", region="eu-west-1")


def clients_of(credentials: BotocoreCredentials | None) -> Clients:
    core: Any = botocore.session.Session()
    core._credentials = credentials
    return Clients(boto3.Session(botocore_session=core), s3=Any, dynamodb=Any)  # type: ignore[arg-type]  # never called


def test_credentials_that_botocore_refreshes_say_when_they_expire() -> None:
    expire_at_s = int(time.time()) + 1200  # soon, but not so soon that botocore refreshes them
    credentials = RefreshableCredentials.create_from_metadata(
        metadata={
            "access_key": "ASIA",
            "secret_key": "secret",
            "token": "token",
            "expiry_time": datetime.fromtimestamp(expire_at_s, UTC).isoformat(),
        },
        refresh_using=dict,
        method="test",
    )
    expected = Credentials("ASIA", "secret", "token"), expire_at_s
    assert clients_of(credentials).credentials() == expected


def test_other_credentials_have_no_expiry() -> None:
    clients = clients_of(BotocoreCredentials("ASIA", "secret", "token"))
    assert clients.credentials() == (Credentials("ASIA", "secret", "token"), None)


def test_missing_credentials_stop_the_start() -> None:
    core: Any = botocore.session.Session()
    core.get_credentials = lambda: None
    with pytest.raises(NoCredentialsError):
        Clients.connect(SETTINGS, boto3.Session(botocore_session=core, region_name="eu-west-1"))
