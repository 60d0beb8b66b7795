"""One rule for each setting, and the same verdict from every reader."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from api.settings import Settings as ApiSettings
from contract import settings as contract
from contract.settings import (
    API,
    LOCAL_RUN,
    RESIZER,
    SETTINGS,
    TOMBSTONE_SECONDS,
    Reader,
    Setting,
    SettingsError,
    tombstone_outlives,
)
from local.settings import Settings as LocalSettings
from resizer.settings import Settings as ResizerSettings
from tests import template

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PEM_SHAPE = "-----BEGIN PRIVATE KEY-----\\nMIIEvQ==\\n-----END PRIVATE KEY-----"
GOOD = {
    "AUTH": "jwt",
    "AUTH_AUDIENCE": "thumbline",
    "AUTH_ISSUER": "https://issuer.example.com/",
    "AUTH_JWKS_URL": "https://issuer.example.com/jwks",
    "AWS_REGION": "eu-west-1",
    "BUCKET": "my-bucket",
    "CDN_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
    "CDN_PRIVATE_KEY": PEM,
    "CDN_URL": "https://d111111abcdef8.cloudfront.net",
}
READERS: dict[str, Callable[[Mapping[str, str]], object]] = {
    API: ApiSettings.from_environment,
    RESIZER: ResizerSettings.from_environment,
    LOCAL_RUN: LocalSettings.from_environment,
}
BY_NAME = {setting.name: setting for setting in SETTINGS}
PARAMETERS = {
    name: expression[1]
    for environment in template.ENVIRONMENTS.values()
    for name, expression in environment.items()
    if expression[0] == "!Ref"
}

BAD = [
    ("API_PORT", "0"),
    ("API_PORT", "65536"),
    ("API_PORT", "٨٠٨٠"),
    ("AUTH", "none"),
    ("AUTH", "JWT"),
    ("AUTH_AUDIENCE", "thumb\nline"),
    ("AUTH_ISSUER", "ïssuer"),
    ("AUTH_JWKS_URL", "issuer.example.com/jwks"),
    ("AUTH_JWKS_URL", "ftp://issuer.example.com/jwks"),
    ("AUTH_JWKS_URL", "https://issuer.example.com/jwks#a"),
    ("AUTH_JWKS_URL", "https://issuer.example.com/my keys"),
    ("AUTH_JWKS_URL", "https://issuer.example.com:65536/jwks"),
    ("AUTH_JWKS_URL", "https://issuer.example.com:99999/jwks"),
    ("AUTH_JWKS_URL", "https://user@issuer.example.com/jwks"),
    ("AUTH_JWKS_URL", "https://issuer_example.com:abc"),
    ("AWS_ENDPOINT_URL", "localhost:4566"),
    ("AWS_ENDPOINT_URL", "http://[::1"),
    ("AWS_ENDPOINT_URL", "http://[::1::]"),
    ("AWS_ENDPOINT_URL", "http://my_host:4566"),
    ("AWS_ENDPOINT_URL", "http://localhost:65536"),
    ("AWS_ENDPOINT_URL", "http://localhost:4566/?a=b"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769MB"),
    ("AWS_REGION", "Ireland"),
    ("AWS_REGION", "eu-west-1a"),
    ("BUCKET", "My_Bucket"),
    ("BUCKET", "192.168.5.4"),
    ("BUCKET", "my"),
    ("BUCKET", "my-.bucket"),
    ("BUCKET", "my..bucket"),
    ("BUCKET", "my.-bucket"),
    ("BUCKET", "xn--my-bucket"),
    ("BUCKET", "sthree-my-bucket"),
    ("BUCKET", "amzn-s3-demo-bucket"),
    ("BUCKET", "my-bucket-s3alias"),
    ("BUCKET", "my-bucket--ol-s3"),
    ("BUCKET", "my-bucket.mrap"),
    ("BUCKET", "my-bucket--x-s3"),
    ("BUCKET", "my-bucket--table-s3"),
    ("BUCKET", "s3://my-bucket"),
    ("CDN_KEY_PAIR_ID", "K 1"),
    ("CDN_PRIVATE_KEY", "K2JCJMDEHXQW5F"),
    ("CDN_PRIVATE_KEY", PEM_SHAPE),
    ("CDN_PRIVATE_KEY", PEM_SHAPE.replace("PRIVATE", "PUBLIC")),
    ("CDN_PRIVATE_KEY", PEM_SHAPE.replace("PRIVATE", "ENCRYPTED PRIVATE")),
    ("CDN_URL", "cdn"),
    ("CDN_URL", "https://cdn.example.com?a=b"),
    ("CLAIM_SECONDS", "0"),
    ("CLAIM_SECONDS", "901"),
    ("CLAIM_SECONDS", "²"),
    ("CORS_ORIGINS", "localhost:3000"),
    ("CORS_ORIGINS", "https://app.example.com/"),
    ("CORS_ORIGINS", "https://App.example.com"),
    ("CORS_ORIGINS", "https://*.example.com"),
    ("CORS_ORIGINS", "https://app.example.com,"),
    ("CORS_ORIGINS", "null"),
    ("CORS_ORIGINS", "https://.."),
    ("CORS_ORIGINS", "http://[:::]"),
    ("CORS_ORIGINS", "http://[1:2:3:4:5:6:7]"),
    ("CORS_ORIGINS", "http://[1::2:3:4:5:6:7:8]"),
    ("CORS_ORIGINS", "http://a:80"),
    ("CORS_ORIGINS", "http://[::1]:80"),
    ("CORS_ORIGINS", "https://a.com:443"),
    ("CORS_ORIGINS", "https://a.com:65536"),
    ("CORS_ORIGINS", "https://a.com:99999"),
    ("DRAIN_SECONDS", "301"),
    ("DRAIN_SECONDS", "5s"),
    ("DYNAMODB_TABLE", "a table"),
    ("DYNAMODB_TABLE", "ab"),
    ("EMULATOR_PORT", "eighty"),
    ("HOST", "0.0.0.0:8000"),
    ("HOST", "256.0.0.1"),
    ("HOST", "::1%a b"),
    ("HOST", "every host"),
    ("HOST", "https://localhost"),
    ("MAX_PIXELS", "-1"),
    ("MAX_PIXELS", "1000000001"),
    ("MAX_PIXELS", "9" * 5000),
    ("MIN_DECODED_SHARE", "0"),
    ("MIN_DECODED_SHARE", "0.001"),
    ("MIN_DECODED_SHARE", "1.01"),
    ("MIN_DECODED_SHARE", "25%"),
    ("MAX_UPLOAD_BYTES", "0"),
    ("MAX_UPLOAD_BYTES", "050000000"),
    ("MAX_UPLOAD_BYTES", "1.5"),
    ("MAX_UPLOAD_BYTES", "1e6"),
    ("MAX_UPLOAD_BYTES", "5GB"),
    ("MAX_UPLOAD_BYTES", "5368709121"),
    ("MAX_UPLOAD_BYTES", "6000000000"),
    ("MAX_UPLOAD_BYTES", "50_000_000"),
    ("PORT", "abc"),
    ("PORT", "0"),
    ("PORT", "08000"),
    ("PORT", "65536"),
    ("QUOTA_BYTES", "1e9"),
    ("QUOTA_IMAGES", "0"),
    ("FAILED_DAYS", "-1"),
    ("FAILED_DAYS", "36501"),
    ("MAX_PENDING_UPLOADS", "0"),
    ("THUMBNAIL_WIDTHS", "5000"),
    ("THUMBNAIL_WIDTHS", "4097"),
    ("THUMBNAIL_WIDTHS", "200,0"),
    ("THUMBNAIL_WIDTHS", "200,200"),
    ("THUMBNAIL_WIDTHS", "100,200,300,100"),
    ("THUMBNAIL_WIDTHS", "1,2,3,4,5,6,7,8,9"),
    ("THUMBNAIL_WIDTHS", "200,0400"),
    ("THUMBNAIL_WIDTHS", "200,400,"),
    ("THUMBNAIL_WIDTHS", "200 400"),
    ("THUMBNAIL_WIDTHS", "wide"),
    ("THUMBNAIL_WIDTHS", "٢٠٠"),
    ("UPLOAD_URL_SECONDS", "9"),
    ("UPLOAD_URL_SECONDS", "604801"),
    ("VIEW_URL_SECONDS", "59"),
    ("VIEW_URL_SECONDS", "604801"),
]
ALLOWED = [
    ("API_PORT", "65535"),
    ("AUTH", "off"),
    ("AUTH_AUDIENCE", "my thumbline"),
    ("AUTH_JWKS_URL", "http://127.0.0.1:3000/.well-known/jwks.json"),
    ("AUTH_JWKS_URL", "https://issuer.example.com/application/jwks/"),
    ("AUTH_JWKS_URL", "https://login.example.com/common/keys?appid=1"),
    ("AUTH_JWKS_URL", "https://issuer.example.com:65535/jwks"),
    ("AWS_ENDPOINT_URL", "http://[::1]:4566"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "10240"),
    ("BUCKET", "images"),
    ("BUCKET", "my--x-s3-bucket"),
    ("CLAIM_SECONDS", "900"),
    ("CORS_ORIGINS", "*"),
    ("CORS_ORIGINS", "http://a:443,https://a:80,http://a:8080,http://[::80]"),
    ("CORS_ORIGINS", "https://my_host:65535"),
    ("CORS_ORIGINS", "http://[::1]:3000,http://[1:2:3:4:5:6:7:8],http://[2001:db8::1:2]"),
    ("CORS_ORIGINS", "https://app.example.com, http://localhost:3000"),
    ("DRAIN_SECONDS", "0"),
    ("DYNAMODB_TABLE", "my.Images_2-a"),
    ("HOST", "::"),
    ("HOST", "fe80::1%eth0"),
    ("HOST", "127.0.0.1"),
    ("HOST", "localhost"),
    ("LOCAL_DATA", "/var/lib/my thumbline"),
    ("MAX_PIXELS", "1000000000"),
    ("MIN_DECODED_SHARE", "0.5"),
    ("MIN_DECODED_SHARE", "1"),
    ("MAX_UPLOAD_BYTES", "1"),
    ("MAX_UPLOAD_BYTES", "5368709120"),
    ("PORT", " 8080 "),
    ("QUOTA_BYTES", "1000000000000"),
    ("THUMBNAIL_WIDTHS", "1,4096"),
    ("THUMBNAIL_WIDTHS", "800, 100"),
    ("THUMBNAIL_WIDTHS", "1,11,111,1111,2,22,222,2222"),
    ("UPLOAD_URL_SECONDS", "604800"),
    ("VIEW_URL_SECONDS", "60"),
]


def verdicts(name: str, value: str) -> Iterator[str | None]:
    """Each reader's objection to the value, None if it accepts it."""
    for part in BY_NAME[name].read_by:
        try:
            READERS[part]({**GOOD, name: value})
        except SettingsError as exc:
            yield str(exc)
        else:
            yield None


@pytest.fixture(autouse=True, scope="module")
def _keys_parsed_once() -> Iterator[None]:
    """Checking the same key for each of 240 settings takes nine seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.settings.load_pem_private_key", cache(load_pem_private_key))
        yield


@pytest.mark.parametrize(("name", "value"), BAD)
def test_every_reader_rejects_an_invalid_value_in_the_same_words(name: str, value: str) -> None:
    (verdict,) = set(verdicts(name, value))
    assert verdict is not None
    assert verdict.startswith(name)
    assert "; " not in verdict, "nothing else is wrong"
    assert len(verdict) < 300
    if name in PARAMETERS:
        assert not template.accepts(PARAMETERS[name], value)


@pytest.mark.parametrize(("name", "value"), ALLOWED)
def test_every_reader_accepts_a_valid_value(name: str, value: str) -> None:
    assert set(verdicts(name, value)) == {None}
    if name in PARAMETERS:
        assert template.accepts(PARAMETERS[name], value)


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_blank_is_unset(setting: Setting[object], blank: str) -> None:
    for part in setting.read_by:
        unset = {name: value for name, value in GOOD.items() if name != setting.name}
        outcomes = [_outcome(part, unset), _outcome(part, {**unset, setting.name: blank})]
        assert outcomes[0] == outcomes[1]


def _outcome(part: str, environment: Mapping[str, str]) -> object:
    try:
        return READERS[part](environment)
    except SettingsError as exc:
        return exc.problems


def test_a_default_follows_its_own_rule() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS if setting.default_text}
    assert defaults["THUMBNAIL_WIDTHS"] == (200, 400)
    assert defaults["MAX_UPLOAD_BYTES"] == 50_000_000


def test_a_secret_is_never_shown() -> None:
    with pytest.raises(SettingsError, match="CDN_PRIVATE_KEY") as raised:
        ApiSettings.from_environment({**GOOD, "CDN_PRIVATE_KEY": "s3cret"})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AUTH_JWKS_URL", "CDN_URL"])
def test_a_password_in_a_url_is_never_shown(name: str) -> None:
    for verdict in verdicts(name, "http://me:s3cret@my.example.com"):
        assert verdict is not None
        assert "s3cret" not in verdict
        assert "me:" not in verdict


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "http://localhost:4566"),
        ("CDN_URL", "https://cdn.example.com"),
        ("AUTH_JWKS_URL", "https://issuer.example.com/jwks/"),
    ],
)
def test_a_slash_is_cut_only_where_a_path_is_appended(name: str, value: str) -> None:
    setting = BY_NAME[name]
    assert setting.rule(value) == value
    assert setting.rule("http://a/") == ("http://a/" if name == "AUTH_JWKS_URL" else "http://a")


def test_what_botocore_must_not_find_blank_is_dropped() -> None:
    environment = {"AWS_ENDPOINT_URL": " ", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "p", "A": ""}
    contract.drop_blank(environment)
    assert environment == {"AWS_PROFILE": "p", "A": ""}


@given(st.text())
def test_a_rule_rejects_text_without_repeating_it(text: str) -> None:
    for setting in SETTINGS:
        complaint = ""
        try:
            setting.rule(text)
        except ValueError as exc:
            complaint = str(exc)
        assert not complaint or complaint.startswith("it must ")
        assert len(text) < 10 or text not in complaint


def test_the_rule_for_regions_accepts_all_of_them() -> None:
    session = boto3.Session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition):
            assert contract.AWS_REGION.rule(region) == region


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    reader = Reader({"PORT": "abc", "AUTH": "maybe"})
    reader.read(contract.BUCKET, ", and there is no other way")
    reader.read(contract.PORT)
    reader.read_if_set(contract.AUTH)
    reader.read_if_set(contract.CDN_URL)
    with pytest.raises(SettingsError) as raised:
        reader.finish()
    assert raised.value.problems == (
        "BUCKET is not set, and there is no other way",
        "PORT is 'abc': it must be a whole number from 1 to 65535",
        "AUTH is 'maybe': it must be jwt or off",
    )


@pytest.mark.parametrize("seconds", ["10", "3600", "604800"])
def test_a_tombstone_outlives_every_upload_url(seconds: str) -> None:
    longest = contract.UPLOAD_URL_SECONDS.rule(seconds)
    assert tombstone_outlives(longest)
    assert longest + contract.LATE_EVENT_SECONDS <= TOMBSTONE_SECONDS


@pytest.mark.parametrize(
    ("upload_url_seconds", "tombstone_seconds"),
    [(3600, 60), (604_800, 604_800), (604_800, 604_800 + 86_399), (10, 86_409)],
)
def test_a_tombstone_that_an_upload_could_outlive_is_rejected(
    upload_url_seconds: int, tombstone_seconds: int
) -> None:
    assert not tombstone_outlives(upload_url_seconds, tombstone_seconds)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("API_PORT", 1, 65535),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 1, 10**6),
        ("CLAIM_SECONDS", 1, 900),
        ("FAILED_DAYS", 0, 36500),
        ("MAX_PENDING_UPLOADS", 1, 10**6),
        ("DRAIN_SECONDS", 0, 300),
        ("EMULATOR_PORT", 1, 65535),
        ("MAX_PIXELS", 1, 10**9),
        ("MAX_UPLOAD_BYTES", 1, 5 * 1024**3),
        ("PORT", 1, 65535),
        ("QUOTA_BYTES", 1, 10**18),
        ("QUOTA_IMAGES", 1, 10**9),
        ("UPLOAD_URL_SECONDS", 10, 7 * 24 * 3600),
        ("VIEW_URL_SECONDS", 60, 7 * 24 * 3600),
    ],
)
def test_a_number_is_accepted_from_its_lowest_to_its_highest_value(
    name: str, low: int, high: int
) -> None:
    for value in (low, high):
        assert BY_NAME[name].rule(str(value)) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"from {low} to {high}"):
            BY_NAME[name].rule(str(value))
