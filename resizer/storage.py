"""Originals and thumbnails in the bucket: the resizer's only S3 calls.

Conditional requests ("Add preconditions to S3 operations", S3 User Guide) keep a thumbnail from
replacing one that was made from another user's original or from a newer upload.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from contract import metadata
from contract.keys import (
    THUMBNAILS,
    UPLOADS,
    InvalidFilenameError,
    OriginalKey,
    ThumbnailKey,
    check_filename,
)
from contract.missing_objects import is_missing
from contract.record import NO_SEQUENCER, is_normal_sequencer
from resizer.events import ObjectReference

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Standard retries: three attempts, so a call takes at most about 40 s of the function's 300.
S3_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)
# Private: no shared cache may keep it. The URL is signed anew long before a week is over.
CACHE_CONTROL = "private, max-age=604800, immutable"
# "Working with archived objects" (S3 User Guide). A listing shows neither the archive tiers of
# Intelligent-Tiering nor restored copies: those keep their storage class.
FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})
RESTORED = 'ongoing-request="false"'  # in x-amz-restore (S3 API Reference, HeadObject)
# An original with this tag expires: see the rule ExpireFailedOriginals of template.yaml.
FAILED_TAG = ("thumbline-status", "failed")
MAX_TAGS = 10  # per object (S3 User Guide, "Categorizing your objects using tags")
PUT_ATTEMPTS = 5  # one fails only if another write of the same key comes in between


class OriginalGoneError(Exception):
    """The original no longer exists."""


class OriginalFrozenError(Exception):
    """The original is in a storage class from which it must be restored before it can be read."""


class OriginalReplacedError(Exception):
    """The original is no longer the requested version."""


class KeyCollisionError(Exception):
    """Another user's thumbnail has this key."""


class NewerThumbnailError(Exception):
    """The stored thumbnail was made from a newer upload of the same original."""


@dataclass(frozen=True, slots=True)
class OpenOriginal:
    """An original while it downloads: read `body` once, then close it. `size` in bytes."""

    body: BinaryIO
    size: int
    filename: str | None
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing or HEAD says about an object; `e_tag` without quotes, `size` in bytes.

    A listing has no metadata and no content type. `is_frozen`: it must be restored before it can be
    read. `is_restored`: it can be read, but only until its copy expires. Only HEAD is right about
    these two.
    """

    key: str
    size: int
    e_tag: str
    modified_ms: int
    metadata: Mapping[str, str]
    content_type: str = ""
    is_frozen: bool = False
    is_restored: bool = False


def s3_client(region: str | None, endpoint_url: str | None) -> "S3Client":
    """A client without boto3, whose transfer manager is never used and slow to import.

    None: botocore looks in its own variables and files.
    """
    client = botocore.session.get_session().create_client(
        "s3", region_name=region, endpoint_url=endpoint_url, config=S3_CONFIG
    )
    return cast("S3Client", client)


@dataclass(frozen=True, slots=True)
class Storage:
    client: "S3Client"
    bucket: str

    def open_original(self, key: OriginalKey, e_tag: str) -> OpenOriginal:
        """Open exactly this version.

        Raises OriginalGoneError, OriginalReplacedError or OriginalFrozenError.
        """
        try:
            response = self.client.get_object(
                Bucket=self.bucket, Key=str(key), IfMatch=f'"{e_tag}"'
            )
        except ClientError as exc:
            if _status(exc) == 412:
                raise OriginalReplacedError(str(key)) from exc
            if exc.response["Error"]["Code"] == "InvalidObjectState":
                raise OriginalFrozenError(str(key)) from exc
            if self._is_missing(str(key), exc):
                raise OriginalGoneError(str(key)) from exc
            raise
        return OpenOriginal(
            body=cast("BinaryIO", response["Body"]),
            size=response["ContentLength"],
            filename=stored_filename(response["Metadata"]),
            tagged=response.get("TagCount", 0) > 0,
        )

    def put_thumbnail(
        self, key: ThumbnailKey, data: bytes, content_type: str, user_metadata: Mapping[str, str]
    ) -> None:
        """Store a thumbnail; `user_metadata` says whose it is and from which event.

        Raises KeyCollisionError or NewerThumbnailError if it must not replace the existing one, or
        OriginalGoneError if nothing tells which is newer.
        """
        stored: StoredObject | None = None
        for attempt in range(1, PUT_ATTEMPTS + 1):
            condition = {"IfMatch": f'"{stored.e_tag}"'} if stored else {"IfNoneMatch": "*"}
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=str(key),
                    Body=data,
                    ContentType=content_type,
                    CacheControl=CACHE_CONTROL,
                    Metadata=dict(user_metadata),
                    **condition,  # type: ignore[arg-type]  # one of two string arguments
                )
            except ClientError as exc:
                # 409: another conditional write was under way. 404: If-Match of a deleted object.
                if _status(exc) not in {404, 409, 412} or attempt == PUT_ATTEMPTS:
                    raise
                stored = self.head(str(key))
                if stored:
                    _check_replaceable(stored, user_metadata)
                    self._check_original(stored, key, user_metadata)
            else:
                return

    def _check_original(
        self, stored: StoredObject, key: ThumbnailKey, user_metadata: Mapping[str, str]
    ) -> None:
        e_tag = user_metadata[metadata.ORIGINAL_E_TAG]
        if not _shares_event(stored, user_metadata[metadata.SEQUENCER], e_tag):
            return
        original = self.head(str(OriginalKey(user_metadata[metadata.USER_ID], key.image_id)))
        if original is None:
            raise OriginalGoneError(stored.key)
        if original.e_tag != e_tag:
            raise NewerThumbnailError(stored.key)

    def remove_thumbnails(
        self, key: OriginalKey, widths: Iterable[int], up_to: ObjectReference | None = None
    ) -> None:
        """Remove the thumbnails of this original, made from the upload `up_to` or an older one.

        Another user's thumbnail under the same key stays.
        """
        for width in widths:
            name = str(key.thumbnail(width))
            stored = self.head(name)
            if stored is None or stored.metadata.get(metadata.USER_ID) != key.user_id:
                continue
            if up_to is None or not self._is_newer(stored, up_to):
                self.delete(name, stored.e_tag)

    def _is_newer(self, thumbnail: StoredObject, upload: ObjectReference) -> bool:
        if not _shares_event(thumbnail, upload.sequencer, upload.e_tag):
            return _sequencer(thumbnail) > upload.sequencer
        original = self.head(str(upload.key))
        return original is None or original.e_tag != upload.e_tag

    def delete(self, key: str, e_tag: str | None = None) -> None:
        """Delete the object, or only its version `e_tag`; no error if it is gone or replaced."""
        condition = {"IfMatch": f'"{e_tag}"'} if e_tag else {}
        try:
            self.client.delete_object(
                Bucket=self.bucket,
                Key=key,
                **condition,  # type: ignore[arg-type]
            )
        except ClientError as exc:
            if _status(exc) not in {404, 409, 412}:
                raise

    def tag_failed(self, key: str, e_tag: str) -> None:
        """Let the original `e_tag` expire.

        S3 has no precondition for tags, so a newer upload may have been tagged instead. Uploads
        after the tagging are not tagged, and the HEAD sees those before it (decision 0016).
        """
        self._change_tags(key, failed=True)
        stored = self.head(key)
        if stored and stored.e_tag != e_tag:
            self.untag_failed(key)

    def untag_failed(self, key: str) -> None:
        """Keep the original: what was wrong with an earlier one says nothing about it."""
        self._change_tags(key, failed=False)

    def _change_tags(self, key: str, *, failed: bool) -> None:
        """Set or remove our tag; tags of other programs stay. No error if the object is gone."""
        name, value = FAILED_TAG
        client, bucket = self.client, self.bucket
        try:
            tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            wanted = [tag for tag in tags if tag["Key"] != name]
            if failed and len(wanted) < MAX_TAGS:
                wanted.append({"Key": name, "Value": value})
            if wanted and wanted != tags:
                client.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": wanted})
            elif tags and not wanted:
                client.delete_object_tagging(Bucket=bucket, Key=key)
        except ClientError as exc:
            if not self._is_missing(key, exc):
                raise

    def head(self, key: str) -> StoredObject | None:
        """What S3 says about the object, None if there is none."""
        try:
            response = self.client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as exc:
            if self._is_missing(key, exc):
                return None
            raise
        archived = response.get("StorageClass") in FROZEN or "ArchiveStatus" in response
        restored = archived and RESTORED in response.get("Restore", "")
        return StoredObject(
            key=key,
            size=response["ContentLength"],
            e_tag=response["ETag"].strip('"'),
            modified_ms=int(response["LastModified"].timestamp() * 1000),
            metadata=response["Metadata"],
            content_type=response["ContentType"],
            is_frozen=archived and not restored,
            is_restored=restored,
        )

    def users(self) -> Iterator[str]:
        """The user ids that have objects under `uploads/`, in key order."""
        for prefix in self._prefixes(f"{UPLOADS}/"):
            yield prefix.split("/")[1]

    def outside_folders(self) -> Iterator[StoredObject]:
        """The objects under `uploads/` that are in no user's folder."""
        return self._objects(f"{UPLOADS}/", Delimiter="/")

    def originals(self, user_id: str) -> Iterator[StoredObject]:
        """The objects under `uploads/<user_id>/`, in key order."""
        return self._objects(f"{UPLOADS}/{user_id}/")

    def thumbnails(self) -> Iterator[StoredObject]:
        """The objects under `thumbnails/`, in key order."""
        return self._objects(f"{THUMBNAILS}/")

    def count(self, prefix: str) -> int:
        pages = self.client.get_paginator("list_objects_v2")
        return sum(page["KeyCount"] for page in pages.paginate(Bucket=self.bucket, Prefix=prefix))

    def has_originals(self, user_id: str) -> bool:
        return self._first(f"{UPLOADS}/{user_id}/") is not None

    def _prefixes(self, prefix: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
            for common in page.get("CommonPrefixes", []):
                yield common["Prefix"]

    def _objects(self, prefix: str, **options: Any) -> Iterator[StoredObject]:
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, **options):
            for entry in page.get("Contents", []):
                yield StoredObject(
                    key=entry["Key"],
                    size=entry["Size"],
                    e_tag=entry["ETag"].strip('"'),
                    modified_ms=int(entry["LastModified"].timestamp() * 1000),
                    metadata={},
                    is_frozen=entry.get("StorageClass") in FROZEN,
                )

    def _is_missing(self, key: str, exc: ClientError) -> bool:
        return is_missing(_status(exc), key, self._first)

    def _first(self, prefix: str) -> str | None:
        response = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=1)
        return response["Contents"][0]["Key"] if response["KeyCount"] else None


def _status(exc: ClientError) -> int:
    return exc.response["ResponseMetadata"]["HTTPStatusCode"]


def stored_filename(original_metadata: Mapping[str, str]) -> str | None:
    """The name that the user typed; None if another app stored none or an invalid one."""
    try:
        return check_filename(metadata.decode_filename(original_metadata[metadata.FILENAME]))
    except (KeyError, InvalidFilenameError):
        return None


def _check_replaceable(stored: StoredObject, user_metadata: Mapping[str, str]) -> None:
    if stored.metadata.get(metadata.USER_ID) != user_metadata[metadata.USER_ID]:
        raise KeyCollisionError(stored.key)
    if _sequencer(stored) > user_metadata[metadata.SEQUENCER]:
        raise NewerThumbnailError(stored.key)


def _shares_event(thumbnail: StoredObject, sequencer: str, e_tag: str) -> bool:
    """Whether it was made from another upload under the same sequencer.

    The doctor uses the record's sequencer for a replacement whose event has not come. Of the two
    uploads, the one that the bucket still holds is the newer one.
    """
    made_from = thumbnail.metadata.get(metadata.ORIGINAL_E_TAG)
    return _sequencer(thumbnail) == sequencer and made_from != e_tag


def _sequencer(thumbnail: StoredObject) -> str:
    """The oldest one where another program wrote none, or one in another form."""
    said = thumbnail.metadata.get(metadata.SEQUENCER, "")
    return said if is_normal_sequencer(said) else NO_SEQUENCER
