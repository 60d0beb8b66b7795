from pathlib import Path

import pytest

from local.settings import Settings, SettingsError


def test_without_settings_the_usual_ports_and_folder_are_used() -> None:
    settings = Settings.from_environment({})
    assert (settings.api_port, settings.emulator_port) == (8000, 4566)
    assert settings.data == Path.cwd() / ".local"
    assert settings.parameters == {
        "CorsOrigins": "http://localhost:8000,http://127.0.0.1:8000,http://localhost:3000"
    }


def test_settings_of_the_resizer_become_parameters_of_the_template() -> None:
    settings = Settings.from_environment({"THUMBNAIL_WIDTHS": "100", "MAX_PIXELS": "5"})
    assert settings.parameters["ThumbnailWidths"] == "100"
    assert settings.parameters["MaxPixels"] == "5"
    assert "MaxUploadBytes" not in settings.parameters


@pytest.mark.parametrize("value", ["", "eighty", "0", "65536", "-1", "8000.0", "٨٠٨٠"])
@pytest.mark.parametrize("name", ["API_PORT", "EMULATOR_PORT"])
def test_a_bad_port_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is "):
        Settings.from_environment({name: value})


def test_one_port_cannot_serve_both() -> None:
    with pytest.raises(SettingsError, match="API_PORT and EMULATOR_PORT"):
        Settings.from_environment({"API_PORT": "4566"})
