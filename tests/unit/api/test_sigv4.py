"""Our signatures against botocore's, byte for byte, at the same context."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.auth
import botocore.signers
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from api.aws.s3.sigv4 import BucketEndpoint, Credentials, SigningContext, UrlSigner, sign_post

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = (
    Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    Credentials("ASIA+/=EXAMPLE", "sécret", "IQoJb3JpZ2luX2VjE/+== ~token&?" * 9),
)
SESSION = boto3.Session()  # reads the data of botocore once for all clients
# Region, addressing, endpoint
PLACES = (
    ("us-east-1", "virtual", None),
    ("us-east-1", "path", None),
    ("eu-central-1", "virtual", None),
    ("eu-central-1", "path", None),
    ("cn-north-1", "virtual", None),
    ("us-gov-west-1", "virtual", None),
    ("eu-west-1", "path", "http://127.0.0.1:4566"),
    ("eu-west-1", "path", "https://Storage.Example.com:443/below/"),
    ("eu-west-1", "virtual", "http://storage.example.com:9000"),
    ("eu-west-1", "path", "http://[::1]:4566"),
)
BUCKETS = ("my-bucket", "my.dotted.bucket")
MOMENTS = st.integers(946684800, 4102444800)  # 2000 to 2100
LIFETIMES = st.integers(1, 604800)
# Every kind of character that a key may have; a lone surrogate is not valid Unicode.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
KEYS = TEXT | st.text("abcXYZ019/._~-%+ &=?#!*'()@:;,é", min_size=1)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
OVERRIDES = st.dictionaries(
    st.sampled_from(
        ["ContentType", "CacheControl", "ContentDisposition", "ContentLanguage", "ContentEncoding"]
    ),
    TEXT,
)


@cache
def client(place: tuple[str, str, str | None], credentials: Credentials) -> "S3Client":
    region, style, endpoint = place
    addressing: Any = {"addressing_style": style}
    made: S3Client = SESSION.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(signature_version="s3v4", s3=addressing),
    )
    return made


@contextmanager
def botocore_at(seconds: int) -> Iterator[None]:
    """Set botocore's clock, which cannot be passed as an argument."""
    now = datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        patch.setattr(botocore.signers, "get_current_datetime", lambda: now)
        yield


def address(oracle: "S3Client", bucket: str) -> BucketEndpoint:
    return BucketEndpoint.parse(oracle.generate_presigned_post(bucket, "x")["url"])


@given(
    st.sampled_from(PLACES),
    st.sampled_from(CREDENTIALS),
    st.sampled_from(BUCKETS),
    KEYS,
    MOMENTS,
    LIFETIMES,
    OVERRIDES,
)
def test_a_get_url_equals_botocores(
    place: tuple[str, str, str | None],
    credentials: Credentials,
    bucket: str,
    key: str,
    seconds: int,
    lifetime: int,
    overrides: dict[str, str],
) -> None:
    oracle = client(place, credentials)
    parameters: dict[str, Any] = {f"Response{name}": text for name, text in overrides.items()}
    with botocore_at(seconds):
        expected = oracle.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key, **parameters}, ExpiresIn=lifetime
        )
    names = {
        f"response-{kebab(name)}": text for name, text in in_botocore_order(overrides, expected)
    }
    signer = UrlSigner(
        SigningContext(credentials, place[0], seconds), address(oracle, bucket), lifetime
    )
    assert signer.url(key, names) == expected


def kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def in_botocore_order(overrides: dict[str, str], url: str) -> list[tuple[str, str]]:
    """botocore writes parameters in the order of its model; the signature does not depend on it."""
    return sorted(overrides.items(), key=lambda item: url.index(f"response-{kebab(item[0])}="))


@given(
    st.sampled_from(PLACES),
    st.sampled_from(CREDENTIALS),
    KEYS,
    MOMENTS,
    LIFETIMES,
    PRINTABLE.map(str.strip).filter(bool),
    st.integers(0, 5 * 1024**3),
)
def test_a_put_url_with_signed_headers_equals_botocores(
    place: tuple[str, str, str | None],
    credentials: Credentials,
    key: str,
    seconds: int,
    lifetime: int,
    text: str,
    size: int,
) -> None:
    oracle = client(place, credentials)
    with botocore_at(seconds):
        expected = oracle.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": "my-bucket",
                "Key": key,
                "ContentType": "image/png",
                "ContentLength": size,
                "CacheControl": text,
                "Metadata": {"filename": text},
                "ChecksumSHA256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            },
            ExpiresIn=lifetime,
        )
    headers = {
        "Content-Type": "image/png",
        "Content-Length": str(size),
        "Cache-Control": text,
        "x-amz-meta-filename": text,
        "x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    }
    context = SigningContext(credentials, place[0], seconds)
    signer = UrlSigner(context, address(oracle, "my-bucket"), lifetime, "PUT", headers)
    assert signer.url(key) == expected


@given(
    st.sampled_from(PLACES),
    st.sampled_from(CREDENTIALS),
    st.sampled_from(BUCKETS),
    TEXT.filter(lambda key: not key.endswith("${filename}")),
    MOMENTS,
    LIFETIMES,
    st.dictionaries(st.sampled_from(["Content-Type", "x-amz-meta-filename", "acl"]), TEXT),
    st.integers(0, 10**10),
    st.integers(0, 10**10),
)
def test_a_post_policy_equals_botocores(
    place: tuple[str, str, str | None],
    credentials: Credentials,
    bucket: str,
    key: str,
    seconds: int,
    lifetime: int,
    fields: dict[str, str],
    least: int,
    most: int,
) -> None:
    conditions: list[Any] = [{name: text} for name, text in fields.items()]
    with botocore_at(seconds):
        expected = client(place, credentials).generate_presigned_post(
            bucket,
            key,
            Fields=dict(fields),
            Conditions=[*conditions, ["content-length-range", least, most]],
            ExpiresIn=lifetime,
        )
    context = SigningContext(credentials, place[0], seconds)
    assert sign_post(context, bucket, key, lifetime, fields, (least, most)) == expected["fields"]


def test_signatures_follow_a_change_of_credentials_and_of_the_day() -> None:
    where = BucketEndpoint.parse("https://my-bucket.s3.eu-west-1.amazonaws.com/")

    def signature(credentials: Credentials, seconds: int) -> str:
        url = UrlSigner(SigningContext(credentials, "eu-west-1", seconds), where, 60).url("key")
        return url.rpartition("=")[2]

    first, second = CREDENTIALS
    day = 24 * 3600
    signatures = {
        signature(credentials, seconds)
        for credentials in (first, second)
        for seconds in (1763853422, 1763853423, 1763853422 + day)
    }
    assert len(signatures) == 6
