import pytest

from resizer.settings import SettingError, Settings


def test_a_missing_bucket_ends_the_start_with_its_name() -> None:
    with pytest.raises(SettingError, match="BUCKET is not set"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THUMBNAIL_WIDTHS", "200,x"),
        ("THUMBNAIL_WIDTHS", "0"),
        ("THUMBNAIL_WIDTHS", "5000"),
        ("MAX_PIXELS", "-1"),
        ("MAX_UPLOAD_BYTES", "1.5"),
        ("CLAIM_SECONDS", "0"),
    ],
)
def test_a_bad_setting_ends_the_start_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_environment({"BUCKET": "b", name: value})
