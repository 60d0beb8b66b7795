"""Settings of the local run, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# Settings of the resizer, which reach it through the template.
PARAMETERS = {
    "MAX_PIXELS": "MaxPixels",
    "MAX_UPLOAD_BYTES": "MaxUploadBytes",
    "THUMBNAIL_WIDTHS": "ThumbnailWidths",
}


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`data` holds everything that outlives a run."""

    api_port: int
    emulator_port: int
    data: Path
    cors_origins: list[str]
    parameters: Mapping[str, str]  # of the template

    @property
    def address(self) -> str:
        return f"http://localhost:{self.api_port}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        api_port = _port(environment, "API_PORT", 8000)
        emulator_port = _port(environment, "EMULATOR_PORT", 4566)
        if api_port == emulator_port:
            raise SettingsError("API_PORT and EMULATOR_PORT are the same: give one another number.")
        own = [f"http://localhost:{api_port}", f"http://127.0.0.1:{api_port}"]
        others = environment.get("CORS_ORIGINS", "http://localhost:3000").split(",")
        cors_origins = own + [origin.strip() for origin in others if origin.strip()]
        for_resizer = {
            parameter: environment[name]
            for name, parameter in PARAMETERS.items()
            if name in environment
        }
        return cls(
            api_port=api_port,
            emulator_port=emulator_port,
            data=Path(environment.get("LOCAL_DATA", ".local")).resolve(),
            cors_origins=cors_origins,
            parameters={"CorsOrigins": ",".join(cors_origins), **for_resizer},
        )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise SettingsError(f"{name} is {text!r}: it must be a port number from 1 to 65535.")
    return int(text)
