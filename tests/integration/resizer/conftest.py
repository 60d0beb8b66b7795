"""A resizer under the identity and policies that the template gives it."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from contract import metadata
from contract.keys import OriginalKey
from contract.record import ImageRecord, Status, normal_sequencer
from resizer.events import ObjectReference
from resizer.repository import DYNAMODB_CONFIG, Repository
from resizer.resize import Resizer
from resizer.settings import Settings
from resizer.storage import S3_CONFIG, Storage, StoredObject
from tests.sandbox import shared_sandbox
from tools.pictures import jpeg

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


def sequencer(number: int) -> str:
    return normal_sequencer(f"{number:018X}")


@pytest.fixture(scope="session")
def settings(bucket: str, table: str) -> Settings:
    return Settings.from_environment({"BUCKET": bucket, "DYNAMODB_TABLE": table})


def make_resizer(session: boto3.Session, settings: Settings) -> Resizer:
    return Resizer(
        storage=Storage(session.client("s3", config=S3_CONFIG), settings.bucket),
        repository=Repository(session.client("dynamodb", config=DYNAMODB_CONFIG), settings.table),
        settings=settings,
        now_ms=lambda: time.time_ns() // 1_000_000,
        sandbox=shared_sandbox(settings),
        threads=ThreadPoolExecutor(4),
    )


@pytest.fixture(scope="session")
def resizer(resizer_session: boto3.Session, settings: Settings) -> Resizer:
    return make_resizer(resizer_session, settings)


@pytest.fixture(scope="session")
def operators_resizer(root_session: boto3.Session, settings: Settings) -> Resizer:
    """The same with an operator's rights, for the doctor."""
    return make_resizer(root_session, settings)


@dataclass(frozen=True)
class Image:
    """One user's image, as root sees it and sets it up."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    settings: Settings
    key: OriginalKey

    def of(self, user_id: str) -> "Image":
        """Another user's image of the same name: their thumbnails share their keys."""
        return replace(self, key=OriginalKey(user_id, self.key.image_id))

    def upload(self, data: bytes | None = None, number: int = 1) -> ObjectReference:
        """Put the original and return what its event would say."""
        data = jpeg() if data is None else data
        response = self.s3.put_object(
            Bucket=self.settings.bucket,
            Key=str(self.key),
            Body=data,
            Metadata={metadata.FILENAME: metadata.encode_filename("Cät.jpg")},
        )
        e_tag = response["ETag"].strip('"')
        return ObjectReference(self.key, len(data), e_tag, sequencer(number))

    def remove_original(self) -> None:
        self.s3.delete_object(Bucket=self.settings.bucket, Key=str(self.key))

    def original(self) -> StoredObject | None:
        return Storage(self.s3, self.settings.bucket).head(str(self.key))

    def record(self) -> ImageRecord | None:
        repository = Repository(self.dynamodb, self.settings.table)
        return repository.get(self.key.user_id, self.key.image_id)

    def remove_record(self) -> None:
        self.dynamodb.delete_item(
            TableName=self.settings.table,
            Key={"userId": {"S": self.key.user_id}, "imageId": {"S": self.key.image_id}},
        )

    def in_status(self, status: Status) -> ImageRecord:
        record = self.record()
        assert record is not None
        assert record.status is status, record
        return record

    def put_record(self, status: Status, **fields: Any) -> None:
        record = ImageRecord(
            user_id=self.key.user_id,
            image_id=self.key.image_id,
            status=status,
            created_at_ms=self.key.created_at_ms,
            **fields,
        )
        self.dynamodb.put_item(TableName=self.settings.table, Item=record.to_item())

    def thumbnail(self, width: int) -> StoredObject | None:
        return Storage(self.s3, self.settings.bucket).head(str(self.key.thumbnail(width)))

    def bytes_of(self, width: int) -> bytes:
        key = str(self.key.thumbnail(width))
        return self.s3.get_object(Bucket=self.settings.bucket, Key=key)["Body"].read()


@pytest.fixture
def image(s3: "S3Client", dynamodb: "DynamoDBClient", settings: Settings, user_id: str) -> Image:
    """An image that no other test uses."""
    nonce = secrets.token_hex(4)
    return Image(s3, dynamodb, settings, OriginalKey(user_id, f"1763853422123-{nonce}-cat.jpg"))
