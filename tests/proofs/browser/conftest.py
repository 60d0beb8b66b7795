"""The API's fixtures, for a browser."""

from tests.integration.api.conftest import api_settings, emulator_url, make_app

__all__ = ["api_settings", "emulator_url", "make_app"]
