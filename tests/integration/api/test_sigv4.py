"""Our signatures against storage; `tests/unit/api/test_sigv4.py` has them against botocore's."""

import time
from typing import TYPE_CHECKING

import boto3
import httpx

from api.aws.s3.sigv4 import BucketEndpoint, Credentials, SigningContext, UrlSigner
from local.emulator import REGION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_storage_accepts_a_signed_url_and_rejects_an_altered_one(
    api_session: boto3.Session, s3: "S3Client", bucket: str, user_id: str, emulator_url: str
) -> None:
    key = f"uploads/{user_id}/1763853422123-a b+ü.jpg"
    s3.put_object(Bucket=bucket, Key=key, Body=b"bytes")
    frozen = api_session.get_credentials()
    assert frozen is not None
    credentials = Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)
    context = SigningContext(credentials, REGION, int(time.time()))
    signer = UrlSigner(context, BucketEndpoint.parse(f"{emulator_url}/{bucket}"), 60)
    good = signer.url(key, {"response-content-type": "image/x-mine"})
    response = httpx.get(good)
    assert (response.status_code, response.content) == (200, b"bytes")
    assert response.headers["content-type"] == "image/x-mine"
    assert httpx.get(good.replace("x-mine", "x-more")).status_code == 403
