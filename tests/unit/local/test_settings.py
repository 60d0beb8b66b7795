from collections.abc import Mapping
from pathlib import Path

import pytest

from api.settings import Settings as ApiSettings
from contract.settings import SettingsError
from local import settings as module
from local.settings import GIVEN, Settings, forget_account, inherited
from resizer.settings import Settings as ResizerSettings
from tests import template


def checked_settings(environment: Mapping[str, str]) -> Settings:
    """As `python -m local` checks them."""
    parts = ApiSettings.from_environment, ResizerSettings.from_environment
    return module.checked_settings(environment, *parts)


def test_without_settings_the_usual_ports_and_folder_are_used() -> None:
    settings = checked_settings({})
    assert (settings.api_port, settings.emulator_port) == (8000, 4566)
    assert settings.data == Path.cwd() / ".local"
    assert settings.parameters == {
        "CorsOrigins": "http://localhost:8000,http://127.0.0.1:8000,http://localhost:3000",
        "MaxPixels": template.PARAMETERS["MaxPixels"]["Default"],
        "MaxUploadBytes": template.PARAMETERS["MaxUploadBytes"]["Default"],
        "MinDecodedShare": template.PARAMETERS["MinDecodedShare"]["Default"],
        "ThumbnailWidths": template.PARAMETERS["ThumbnailWidths"]["Default"],
    }


def test_settings_become_parameters_that_the_template_accepts() -> None:
    settings = Settings.from_environment(
        {
            "CORS_ORIGINS": "https://a.example.com  http://[::1]:3000",
            "MAX_PIXELS": "5",
            "MAX_UPLOAD_BYTES": " 6 ",
            "MIN_DECODED_SHARE": "1",
            "THUMBNAIL_WIDTHS": "300 , 100",
        }
    )
    assert settings.parameters["ThumbnailWidths"] == "100,300"
    for parameter, text in settings.parameters.items():
        assert template.accepts(parameter, text)


def test_origins_are_written_as_browsers_send_them() -> None:
    settings = checked_settings({"API_PORT": "80"})
    assert settings.cors_origins[:2] == ("http://localhost", "http://127.0.0.1")
    assert template.accepts("CorsOrigins", settings.parameters["CorsOrigins"])
    ApiSettings.from_environment(
        {**GIVEN, "AUTH": "off", "CORS_ORIGINS": settings.parameters["CorsOrigins"]}
    )


def test_the_folder_may_be_in_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert checked_settings({"LOCAL_DATA": "~/images"}).data == Path("/home/ann/images")
    with pytest.raises(SettingsError, match=r"^LOCAL_DATA is '~nobody at all/images'"):
        checked_settings({"LOCAL_DATA": "~nobody at all/images"})


def test_nothing_of_an_account_is_left() -> None:
    environment = {"AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "a", "PATH": "/bin"}
    forget_account(environment)
    assert environment == {"PATH": "/bin"}


def test_one_port_cannot_serve_both() -> None:
    with pytest.raises(SettingsError, match="API_PORT and EMULATOR_PORT are both 4566"):
        Settings.from_environment({"API_PORT": "4566"})


def test_two_invalid_ports_are_not_reported_as_equal() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"API_PORT": "a", "EMULATOR_PORT": "b"})
    assert len(raised.value.problems) == 2


def test_problems_of_all_parts_are_reported_at_once_before_the_start() -> None:
    with pytest.raises(SettingsError) as raised:
        checked_settings(
            {
                "API_PORT": "abc",
                "AUTH": "jwt",
                "CLAIM_SECONDS": "0",
                "DRAIN_SECONDS": "x",
                "MAX_PIXELS": "0",
                "THUMBNAIL_WIDTHS": "5000",
            }
        )
    assert [problem.split()[0] for problem in raised.value.problems] == [
        *("API_PORT", "THUMBNAIL_WIDTHS", "MAX_PIXELS"),  # ours
        *("AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE", "DRAIN_SECONDS"),  # the API's
        "CLAIM_SECONDS",  # the doctor's
    ]


@pytest.mark.parametrize("name", ["BUCKET", "DYNAMODB_TABLE", "HOST", "PORT", "AWS_REGION"])
def test_settings_that_the_run_sets_are_not_read_from_the_environment(name: str) -> None:
    assert checked_settings({name: "!"}) == checked_settings({})


def test_a_part_inherits_no_aws_account_and_no_sign_in_by_default() -> None:
    ours = {"AWS_PROFILE": "production", "AUTH": " ", "UPLOAD_URL_SECONDS": "60"}
    assert inherited(ours) == {"AUTH": "off", "UPLOAD_URL_SECONDS": "60"}
    assert inherited({"AUTH": "jwt"}) == {"AUTH": "jwt"}
