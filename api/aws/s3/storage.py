"""Originals and thumbnails in the bucket: every S3 call of the API."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from api.aws.s3.sigv4 import BucketEndpoint
from contract.keys import THUMBNAILS, UPLOADS, InvalidKeyError, OriginalKey, ThumbnailKey
from contract.metadata import USER_ID
from contract.missing_objects import is_missing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 3  # to delete a thumbnail that is replaced again and again
_RETRY_SECONDS = 0.05
_ANY_IMAGE_ID = "1000000000000-x"


class ThumbnailBusyError(Exception):
    """A thumbnail was replaced each time it was about to be deleted."""


class Storage:
    """Originals and thumbnails in one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self.bucket = bucket
        # botocore knows the hosts of all partitions.
        self.post_url = client.generate_presigned_post(bucket, "x")["url"]
        self.endpoint = BucketEndpoint.parse(self.post_url)

    def check(self) -> None:
        """Send a cheap read; raises the client's error if the bucket cannot be read."""
        self._client.list_objects_v2(Bucket=self.bucket, Prefix=f"{UPLOADS}/", MaxKeys=1)

    def delete_original(self, key: OriginalKey) -> None:
        self._client.delete_object(Bucket=self.bucket, Key=str(key))

    def delete_thumbnail(self, key: ThumbnailKey, user_id: str) -> None:
        """Delete a thumbnail if it belongs to this user: another user's can have the same key.

        Raises ThumbnailBusyError.
        """
        for _ in range(_ATTEMPTS):
            head = self._head(str(key))
            if head is None or head["Metadata"].get(USER_ID) != user_id:
                return
            try:
                self._client.delete_object(Bucket=self.bucket, Key=str(key), IfMatch=head["ETag"])
            except ClientError as exc:
                if _status(exc) not in {404, 409, 412}:
                    raise
                time.sleep(_RETRY_SECONDS)  # it was written in between: look again
            else:
                return
        raise ThumbnailBusyError(str(key))

    def thumbnail_widths(self) -> Iterator[int]:
        """Every width that the bucket has thumbnails of, by the prefixes under `thumbnails/`."""
        response = self._client.list_objects_v2(
            Bucket=self.bucket, Prefix=f"{THUMBNAILS}/", Delimiter="/"
        )
        for common in response.get("CommonPrefixes", ()):
            width = common["Prefix"].removeprefix(f"{THUMBNAILS}/").rstrip("/")
            try:
                yield ThumbnailKey.parse(f"{THUMBNAILS}/{width}/{_ANY_IMAGE_ID}").width
            except InvalidKeyError:
                continue

    def _head(self, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as exc:
            if is_missing(_status(exc), key, self._first_key):
                return None
            raise

    def _first_key(self, prefix: str) -> str | None:
        response = self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=1)
        return next((found["Key"] for found in response.get("Contents", ())), None)


def _status(exc: ClientError) -> int:
    return exc.response["ResponseMetadata"]["HTTPStatusCode"]
