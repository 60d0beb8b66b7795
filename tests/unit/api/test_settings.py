from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import settings as module
from api.settings import CdnSettings, JwtSettings, Settings
from contract.settings import SettingsError
from tests.unit.contract.test_settings import KEY, PEM, PEM_SHAPE

LEAST = {"BUCKET": "my-bucket", "AWS_REGION": "eu-west-1", "AUTH": "off"}
JWT = {
    "AUTH": "jwt",
    "AUTH_JWKS_URL": "https://issuer.example.com/jwks",
    "AUTH_ISSUER": "https://issuer.example.com/",
    "AUTH_AUDIENCE": "thumbline",
}


def test_the_required_settings_leave_the_rest_at_its_defaults() -> None:
    assert Settings.from_environment(LEAST) == Settings(bucket="my-bucket", region="eu-west-1")


def test_every_setting_is_read() -> None:
    settings = Settings.from_environment(
        {
            **LEAST,
            **JWT,
            "DYNAMODB_TABLE": "Pictures",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566/",
            "THUMBNAIL_WIDTHS": "800, 100",
            "MAX_UPLOAD_BYTES": "1000",
            "UPLOAD_URL_SECONDS": "60",
            "VIEW_URL_SECONDS": "120",
            "CORS_ORIGINS": "https://a.example.com, http://localhost:3000",
            "QUOTA_IMAGES": "5",
            "QUOTA_BYTES": "6",
            "HOST": "127.0.0.1",
            "PORT": "8080",
            "DRAIN_SECONDS": "0",
            "CDN_URL": "https://cdn.example.com",
            "CDN_KEY_PAIR_ID": "K1",
            "CDN_PRIVATE_KEY": PEM,
        }
    )
    assert settings == Settings(
        bucket="my-bucket",
        region="eu-west-1",
        table="Pictures",
        endpoint_url="http://127.0.0.1:4566",
        thumbnail_widths=(100, 800),
        max_upload_bytes=1000,
        upload_url_seconds=60,
        view_url_seconds=120,
        cors_origins=("https://a.example.com", "http://localhost:3000"),
        quota_images=5,
        quota_bytes=6,
        host="127.0.0.1",
        port=8080,
        drain_seconds=0,
        jwt=JwtSettings(
            jwks_url="https://issuer.example.com/jwks",
            issuer="https://issuer.example.com/",
            audience="thumbline",
        ),
        cdn=CdnSettings(url="https://cdn.example.com", key_pair_id="K1", private_key=KEY),
    )


@pytest.mark.parametrize("name", [*LEAST])
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set"):
        Settings.from_environment({**LEAST, name: " "})


@pytest.mark.parametrize("name", ["AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_jwt_requires_its_settings(name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not set, but AUTH=jwt needs it$"):
        Settings.from_environment({**LEAST, **JWT, name: ""})


CDN = {**LEAST, "CDN_URL": "https://cdn.example.com", "CDN_KEY_PAIR_ID": "K1"}


def pem_of(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    text: str = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    return text


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_cdn_key_may_have_either_form_of_pem_and_escaped_line_breaks(form: PrivateFormat) -> None:
    for pem in (pem_of(KEY, form), pem_of(KEY, form).replace("\n", "\\n")):
        cdn = Settings.from_environment({**CDN, "CDN_PRIVATE_KEY": pem}).cdn
        assert cdn is not None
        assert cdn.private_key.private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(pem_of(ec.generate_private_key(ec.SECP256R1())), id="EC"),
        pytest.param(pem_of(ed25519.Ed25519PrivateKey.generate()), id="Ed25519"),
        pytest.param(pem_of(rsa.generate_private_key(65537, 1024)), id="RSA, too short"),
        pytest.param(PEM_SHAPE, id="no key"),
    ],
)
def test_a_key_that_cloudfront_would_not_accept_is_reported_with_all_that_is_wrong(
    pem: str,
) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({**CDN, "BUCKET": "", "CDN_PRIVATE_KEY": pem})
    assert raised.value.problems == (
        "BUCKET is not set",
        "CDN_PRIVATE_KEY: it must be an RSA private key of at least 2048 bits",
    )


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"BUCKET": "x", "CDN_URL": "https://cdn.example.com"})
    assert [problem.split()[0] for problem in raised.value.problems] == [
        *("BUCKET", "AWS_REGION", "AUTH", "CDN_KEY_PAIR_ID", "CDN_PRIVATE_KEY"),
    ]


def test_a_tombstone_that_an_upload_could_outlive_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "tombstone_outlives", lambda seconds: seconds < 604_800)
    Settings.from_environment({**LEAST, "UPLOAD_URL_SECONDS": "604799"})
    with pytest.raises(SettingsError, match=r"^UPLOAD_URL_SECONDS is 604800: too long"):
        Settings.from_environment({**LEAST, "UPLOAD_URL_SECONDS": "604800"})
