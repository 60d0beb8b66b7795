"""The bucket: its address, the credentials that sign, and removing objects. S3 calls only here."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError

from api.aws.s3.sigv4 import Address, Credentials
from api.settings import Settings
from contract.keys import THUMBNAILS, UPLOADS, InvalidKeyError, OriginalKey, ThumbnailKey
from contract.metadata import USER_ID

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# One request in flight for each thread: more threads would only take turns at the interpreter
# lock, and a thread waits for AWS a few milliseconds.
THREADS = 16
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=THREADS,
    tcp_keepalive=True,
)
_TRIES = 3  # of a thumbnail that somebody replaces again and again


@dataclass(frozen=True, slots=True)
class Clients:
    """AWS clients, made once for the life of the process, and what signs."""

    session: boto3.Session
    s3: "S3Client"
    dynamodb: "DynamoDBClient"

    @classmethod
    def connect(cls, settings: Settings, session: boto3.Session | None = None) -> "Clients":
        """Make the clients; nothing is sent yet. Raises NoCredentialsError if none are found."""
        session = session or boto3.Session(region_name=settings.region)
        if session.get_credentials() is None:
            raise NoCredentialsError
        common: dict[str, Any] = {
            "region_name": settings.region,
            "endpoint_url": settings.endpoint_url,
        }
        # A name with dots fits no wildcard certificate; an emulator has no names for buckets.
        path_style = settings.endpoint_url is not None or "." in settings.bucket
        style = Config(
            signature_version="s3v4", s3={"addressing_style": "path" if path_style else "virtual"}
        )
        return cls(
            session=session,
            s3=session.client("s3", config=_CONFIG.merge(style), **common),
            dynamodb=session.client("dynamodb", config=_CONFIG, **common),
        )


class Storage:
    """Originals and thumbnails in one bucket."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._client = clients.s3
        self._credentials = clients.session.get_credentials()
        self.bucket = bucket
        # botocore knows the addresses of all partitions; asked once.
        self.post_url = self._client.generate_presigned_post(bucket, "x")["url"]
        self.address = Address.parse(self.post_url)

    def check(self) -> None:
        """Read something cheap; raises what the client raises if the bucket cannot be read."""
        self._client.list_objects_v2(Bucket=self.bucket, Prefix=f"{UPLOADS}/", MaxKeys=1)

    def credentials(self) -> tuple[Credentials, int | None]:
        """What signs now, refreshed if due, and when it ends (seconds), if that is known."""
        assert self._credentials is not None
        frozen = self._credentials.get_frozen_credentials()
        # botocore keeps the end to itself; only credentials that it refreshes have one.
        ends = getattr(self._credentials, "_expiry_time", None)
        return (
            Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token),
            int(ends.timestamp()) if ends is not None else None,
        )

    def delete_original(self, key: OriginalKey) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=str(key))

    def delete_thumbnail(self, key: ThumbnailKey, user_id: str) -> None:
        """Remove a thumbnail if it is this user's: another user's can have the same key."""
        for _ in range(_TRIES):
            head = self._head(str(key))
            if head is None or head["Metadata"].get(USER_ID) != user_id:
                return
            try:
                self._client.delete_object(Bucket=self.bucket, Key=str(key), IfMatch=head["ETag"])
            except ClientError as exc:
                if _status(exc) not in {404, 409, 412}:
                    raise
                time.sleep(0.05)  # somebody wrote it in between; look again
            else:
                return
        raise ThumbnailBusyError(str(key))

    def thumbnail_widths(self) -> Iterator[int]:
        """All widths of which the bucket holds thumbnails, by its folders."""
        listed = self._client.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{THUMBNAILS}/", Delimiter="/"
        )
        for folder in listed.get("CommonPrefixes", ()):
            width = folder["Prefix"].removeprefix(f"{THUMBNAILS}/").rstrip("/")
            try:
                yield ThumbnailKey.parse(f"{THUMBNAILS}/{width}/{_ANY_IMAGE_ID}").width
            except InvalidKeyError:
                continue

    def _head(self, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as exc:
            if _status(exc) == 404 or (_status(exc) == 403 and not self._exists(key)):
                return None
            raise

    def _exists(self, key: str) -> bool:
        """Without s3:ListBucket on the whole bucket, S3 answers 403 for a missing object too."""
        listed = self._client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        return any(found["Key"] == key for found in listed.get("Contents", ()))


_ANY_IMAGE_ID = "1000000000000-x"


class ThumbnailBusyError(Exception):
    """A thumbnail was replaced each time that it was about to be removed."""


def _status(exc: ClientError) -> int:
    return exc.response["ResponseMetadata"]["HTTPStatusCode"]
