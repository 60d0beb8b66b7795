import pytest

from contract.settings import SettingsError
from resizer.settings import Settings


def test_with_only_the_bucket_set_the_rest_has_its_defaults() -> None:
    assert Settings.from_environment({"BUCKET": "my-bucket"}) == Settings(
        bucket="my-bucket",
        table="Images",
        region=None,
        endpoint_url=None,
        widths=(200, 400),
        max_upload_bytes=50_000_000,
        max_pixels=100_000_000,
        memory_mb=1769,
        claim_seconds=50,
        expire_originals_days=0,
        failed_days=30,
    )


def test_every_setting_is_read() -> None:
    settings = Settings.from_environment(
        {
            "BUCKET": "my-bucket",
            "DYNAMODB_TABLE": "Pictures",
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
            "THUMBNAIL_WIDTHS": "800,100",
            "MAX_UPLOAD_BYTES": "1",
            "MAX_PIXELS": "2",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3",
            "CLAIM_SECONDS": "4",
            "FAILED_DAYS": "0",
            "MIN_DECODED_SHARE": "0.5",
        }
    )
    assert settings == Settings(
        bucket="my-bucket",
        table="Pictures",
        region="eu-west-1",
        endpoint_url="http://127.0.0.1:4566",
        widths=(100, 800),
        max_upload_bytes=1,
        max_pixels=2,
        memory_mb=3,
        claim_seconds=4,
        expire_originals_days=0,
        failed_days=0,
        min_decoded_share=0.5,
    )


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"MAX_PIXELS": "0", "CLAIM_SECONDS": "0"})
    assert [problem.split()[0] for problem in raised.value.problems] == [
        *("BUCKET", "MAX_PIXELS", "CLAIM_SECONDS"),
    ]
