"""AWS clients and the credentials that sign, created once for the life of the process."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from api.aws.s3.sigv4 import Credentials
from api.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# One request in flight for each thread: more threads would only compete for the interpreter lock,
# and a thread waits a few milliseconds for AWS.
THREADS = 16
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=THREADS,
    tcp_keepalive=True,
)
_TRY_AGAIN_LATER = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottlingException",
    "TransactionConflictException",
}


Session = boto3.Session


@dataclass(frozen=True, slots=True)
class Clients:
    session: Session
    s3: "S3Client"
    dynamodb: "DynamoDBClient"

    @classmethod
    def connect(cls, settings: Settings, session: Session | None = None) -> "Clients":
        """Create the clients; nothing is sent yet. Raises NoCredentialsError if none are found."""
        session = session or boto3.Session(region_name=settings.region)
        if session.get_credentials() is None:
            raise NoCredentialsError
        common: dict[str, Any] = {
            "region_name": settings.region,
            "endpoint_url": settings.endpoint_url,
        }
        # No wildcard certificate covers names with dots; an emulator has no host names for buckets.
        path_style = settings.endpoint_url is not None or "." in settings.bucket
        style = Config(
            signature_version="s3v4", s3={"addressing_style": "path" if path_style else "virtual"}
        )
        return cls(
            session=session,
            s3=session.client("s3", config=_CONFIG.merge(style), **common),
            dynamodb=session.client("dynamodb", config=_CONFIG, **common),
        )

    def credentials(self) -> tuple[Credentials, int | None]:
        """The current credentials, refreshed if due, and when they expire (seconds), if known."""
        found = self.session.get_credentials()
        assert found is not None, "checked in `connect`"
        frozen = found.get_frozen_credentials()
        # botocore keeps the expiry private; only credentials that it refreshes have one.
        expiry = getattr(found, "_expiry_time", None)
        return (
            Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token),
            int(expiry.timestamp()) if expiry is not None else None,
        )


def is_unavailable(exc: ClientError) -> bool:
    """Whether AWS asks to try again later."""
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or exc.response["Error"].get("Code") in _TRY_AGAIN_LATER
