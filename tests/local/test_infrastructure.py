from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from contract.keys import OriginalKey
from tests.invocations import RecordedInvocations

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_object_under_uploads_invokes_the_resizer(
    s3: "S3Client", bucket: str, user_id: str, invocations: RecordedInvocations
) -> None:
    key = str(OriginalKey(user_id, "1763853422123-9f86d081-cat.jpg"))
    s3.put_object(Bucket=bucket, Key=key, Body=b"cat")
    (event,) = invocations.wait_for(key)
    record = event["Records"][0]
    assert record["eventName"].startswith("ObjectCreated:")
    assert record["s3"]["bucket"]["name"] == bucket


@pytest.mark.parametrize("key", ["uploads/somebody/1763853422123-cat.jpg", "elsewhere/cat.jpg"])
def test_the_resizer_writes_nothing_but_thumbnails(
    resizer_session: boto3.Session, bucket: str, key: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        resizer_session.client("s3").put_object(Bucket=bucket, Key=key, Body=b"cat")
