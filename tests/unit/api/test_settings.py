import pytest

from api.settings import CdnSettings, JwtSettings, Settings, SettingsError

LEAST = {"BUCKET": "my-bucket", "AWS_REGION": "eu-west-1", "AUTH": "off"}
JWT = {
    "AUTH": "jwt",
    "AUTH_JWKS_URL": "https://issuer.example.com/jwks",
    "AUTH_ISSUER": "https://issuer.example.com/",
    "AUTH_AUDIENCE": "thumbline",
}


def test_the_least_settings_leave_the_rest_at_its_defaults() -> None:
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
            "DRAIN_SECONDS": "0",
            "CDN_URL": "https://cdn.example.com",
            "CDN_KEY_PAIR_ID": "K1",
            "CDN_PRIVATE_KEY": "-----BEGIN KEY-----\\nabc",
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
        drain_seconds=0,
        jwt=JwtSettings(
            jwks_url="https://issuer.example.com/jwks",
            issuer="https://issuer.example.com/",
            audience="thumbline",
        ),
        cdn=CdnSettings(
            url="https://cdn.example.com", key_pair_id="K1", private_key="-----BEGIN KEY-----\nabc"
        ),
    )


@pytest.mark.parametrize("name", [*LEAST])
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        Settings.from_environment({**LEAST, name: " "})


@pytest.mark.parametrize("name", ["AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_jwt_needs_to_know_its_issuer(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set, and AUTH=jwt needs it"):
        Settings.from_environment({**LEAST, **JWT, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUCKET", "My_Bucket"),
        ("AWS_REGION", "Ireland"),
        ("AUTH", "none"),
        ("DYNAMODB_TABLE", "a table"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("THUMBNAIL_WIDTHS", "200,200"),
        ("THUMBNAIL_WIDTHS", "0"),
        ("THUMBNAIL_WIDTHS", "wide"),
        ("MAX_UPLOAD_BYTES", "5GB"),
        ("MAX_UPLOAD_BYTES", "5368709121"),
        ("UPLOAD_URL_SECONDS", "9"),
        ("VIEW_URL_SECONDS", "604801"),
        ("CORS_ORIGINS", "app.example.com"),
        ("CORS_ORIGINS", "https://app.example.com/"),
        ("QUOTA_IMAGES", "-1"),
        ("QUOTA_BYTES", "1e9"),
        ("DRAIN_SECONDS", "²"),
        ("CDN_URL", "cdn"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} "):
        Settings.from_environment({**LEAST, name: value})


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"BUCKET": "x", "CDN_URL": "https://cdn.example.com"})
    for name in ("BUCKET", "AWS_REGION", "AUTH", "CDN_KEY_PAIR_ID", "CDN_PRIVATE_KEY"):
        assert f"{name} " in str(raised.value)
