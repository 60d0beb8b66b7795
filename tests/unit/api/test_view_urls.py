import re
from base64 import b64decode

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import given
from hypothesis import strategies as st

from api.aws.cloudfront import CdnSigner
from api.aws.s3.sigv4 import BucketEndpoint, Credentials
from api.aws.view_urls import UNKNOWN_EXPIRY_SECONDS, ViewUrls, ViewUrlSigner, window_start
from api.settings import CdnSettings

START = 1763852400  # the start of a window of half an hour
LIFETIME = 3600
LASTING = Credentials("AKIA", "secret")
TEMPORARY = Credentials("ASIA", "secret", "token")


def view_urls(
    now_s: int,
    credentials: Credentials = LASTING,
    expire_at_s: int | None = None,
    cdn: CdnSigner | None = None,
) -> ViewUrls:
    endpoint = BucketEndpoint.parse("https://my-bucket.s3.eu-west-1.amazonaws.com/")
    signer = ViewUrlSigner(lambda: (credentials, expire_at_s), endpoint, "eu-west-1", LIFETIME, cdn)
    return signer.at(now_s)


@given(st.integers(0, 10**10), st.integers(60, 604800))
def test_a_returned_url_lives_at_least_half_of_its_lifetime(now: int, lifetime: int) -> None:
    start = window_start(now, lifetime)
    assert start <= now
    assert start + lifetime - now >= lifetime / 2
    assert window_start(start, lifetime) == start


def test_a_url_stays_the_same_for_a_window_and_changes_with_the_next() -> None:
    first, last, after = (view_urls(now).sign("key") for now in (START, START + 1799, START + 1800))
    assert first == last != after


def test_urls_report_when_temporary_credentials_expire_first() -> None:
    found = view_urls(START + 7, TEMPORARY, expire_at_s=START + 1200)
    assert found.expires_at_ms == (START + 1200) * 1000
    assert "X-Amz-Security-Token=token" in found.sign("key")


def test_credentials_that_outlive_the_url_do_not_prolong_it() -> None:
    found = view_urls(START + 7, TEMPORARY, expire_at_s=START + LIFETIME + 1)
    assert found.expires_at_ms == (START + LIFETIME) * 1000


def test_credentials_of_unknown_expiry_are_trusted_for_a_quarter_of_an_hour() -> None:
    assert UNKNOWN_EXPIRY_SECONDS == 900
    assert view_urls(START + 7, TEMPORARY).expires_at_ms == (START + 7 + 900) * 1000


def test_permanent_credentials_sign_for_the_whole_lifetime() -> None:
    assert view_urls(START + 7).expires_at_ms == (START + LIFETIME) * 1000


def test_behind_a_cdn_urls_are_signed_with_its_key_pair() -> None:
    key = rsa.generate_private_key(65537, 2048)
    settings = CdnSettings(url="https://cdn.example.com", key_pair_id="K123", private_key=key)
    found = view_urls(START + 9, cdn=CdnSigner(settings))
    url = found.sign("uploads/user|1/1-a b.jpg")
    assert found.expires_at_ms == (START + LIFETIME) * 1000
    match = re.fullmatch(
        r"(https://cdn\.example\.com/uploads/user%7C1/1-a%20b\.jpg)"
        rf"\?Expires={START + LIFETIME}&Signature=(\S+)&Key-Pair-Id=K123",
        url,
    )
    assert match
    policy = (
        f'{{"Statement":[{{"Resource":"{match[1]}","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{START + LIFETIME}}}}}}}]}}'
    )
    key.public_key().verify(_decode(match[2]), policy.encode(), padding.PKCS1v15(), SHA1())
    later = view_urls(START + 10, cdn=CdnSigner(settings))
    assert later.sign("uploads/user|1/1-a b.jpg") == url


def test_behind_a_cdn_response_headers_are_part_of_the_signed_url() -> None:
    key = rsa.generate_private_key(65537, 2048)
    settings = CdnSettings(url="https://cdn.example.com", key_pair_id="K123", private_key=key)
    overrides = {"response-content-type": "image/png", "response-content-disposition": "a; b=c'd"}
    url = view_urls(START, cdn=CdnSigner(settings)).sign("uploads/u/x", overrides)
    signed, _, rest = url.partition("&Expires=")
    assert signed == (
        "https://cdn.example.com/uploads/u/x"
        "?response-content-type=image%2Fpng&response-content-disposition=a%3B%20b%3Dc%27d"
    )
    policy = (
        f'{{"Statement":[{{"Resource":"{signed}","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{START + LIFETIME}}}}}}}]}}'
    )
    signature = rest.partition("&Signature=")[2].partition("&")[0]
    key.public_key().verify(_decode(signature), policy.encode(), padding.PKCS1v15(), SHA1())


def _decode(text: str) -> bytes:
    """CloudFront's own base64."""
    return b64decode(text.translate(str.maketrans("-_~", "+=/")))
