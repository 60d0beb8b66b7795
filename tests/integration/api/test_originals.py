"""What storage says of an original when it is fetched by its signed URL."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from contract.record import Status
from tests.records import finished, key_of, put

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

START = 1763853422000
PAGE = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("changes", "content_type", "disposition"),
    [
        (
            {"content_type": "image/png", "filename": "crème.png"},
            "image/png",
            "inline; filename=\"cr_me.png\"; filename*=UTF-8''cr%C3%A8me.png",
        ),
        ({"content_type": "image/heic"}, "image/heic", 'attachment; filename="cat.jpg.heic"'),
        (
            {"status": Status.PROCESSING},
            "application/octet-stream",
            'attachment; filename="original.bin"',
        ),
    ],
    ids=["png", "heic", "processing"],
)
def test_an_original_is_served_by_its_bytes_and_not_as_it_was_declared(
    client: httpx.Client,
    dynamodb: "DynamoDBClient",
    s3: "S3Client",
    table: str,
    bucket: str,
    user_id: str,
    changes: dict[str, Any],
    content_type: str,
    disposition: str,
) -> None:
    record = finished(user_id, START, **changes)
    put(dynamodb, table, record)
    s3.put_object(Bucket=bucket, Key=str(key_of(record)), Body=PAGE, ContentType="text/html")
    path = f"/users/{user_id}/images/{record.image_id}"
    url = client.get(path).json()["originalUrl"]
    response = httpx.get(url)
    assert (response.status_code, response.content) == (200, PAGE)
    assert response.headers["content-type"] == content_type
    assert response.headers["content-disposition"] == disposition
    assert client.get(path).json()["originalUrl"] == url, "browsers keep it in their caches"
    altered = url.replace("response-content-type=", "response-content-type=text%2Fhtml")
    assert httpx.get(altered).status_code == 403
