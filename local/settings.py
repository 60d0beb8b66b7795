"""Settings of the local run, and what the parts that it starts inherit from its environment."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from contract import settings as contract
from contract.settings import Reader, SettingsError, problems
from local.emulator import REGION
from local.infrastructure import BUCKET

# The run sets these for its parts itself. Blank stands for the default.
GIVEN = {"AWS_REGION": REGION, "BUCKET": BUCKET, "DYNAMODB_TABLE": "", "HOST": "", "PORT": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`data` holds everything that outlives a run."""

    api_port: int
    emulator_port: int
    data: Path
    cors_origins: tuple[str, ...]  # of the front end and of our own page
    thumbnail_widths: tuple[int, ...]  # pixels, ascending
    max_upload_bytes: int
    max_pixels: int
    min_decoded_share: float

    @property
    def url(self) -> str:
        return f"http://localhost:{self.api_port}"

    @property
    def parameters(self) -> dict[str, str]:
        """The settings that the template passes on to the functions."""
        return {
            "CorsOrigins": ",".join(self.cors_origins),
            "MaxPixels": str(self.max_pixels),
            "MinDecodedShare": str(self.min_decoded_share),
            "MaxUploadBytes": str(self.max_upload_bytes),
            "ThumbnailWidths": ",".join(map(str, self.thumbnail_widths)),
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every setting that is invalid."""
        read = Reader(environment)
        api_port = read.read(contract.API_PORT)
        emulator_port = read.read(contract.EMULATOR_PORT)
        if api_port and api_port == emulator_port:
            read.refuse(f"API_PORT and EMULATOR_PORT are both {api_port}: they must differ")
        port = "" if api_port == 80 else f":{api_port}"  # a browser leaves out the default
        front_end = read.read_if_set(contract.CORS_ORIGINS) or (contract.FRONT_END_ORIGIN,)
        settings = cls(
            api_port=api_port,
            emulator_port=emulator_port,
            data=_folder(read),
            cors_origins=(f"http://localhost{port}", f"http://127.0.0.1{port}", *front_end),
            thumbnail_widths=read.read(contract.THUMBNAIL_WIDTHS),
            max_upload_bytes=read.read(contract.MAX_UPLOAD_BYTES),
            max_pixels=read.read(contract.MAX_PIXELS),
            min_decoded_share=read.read(contract.MIN_DECODED_SHARE),
        )
        read.finish()
        return settings


def _folder(read: Reader) -> Path:
    data = read.read(contract.LOCAL_DATA)
    try:
        return data.expanduser().resolve()
    except RuntimeError as exc:  # ~ of an unknown user
        read.refuse(f"LOCAL_DATA is {str(data)!r}: {exc}")
        return data


def checked_settings(
    environment: Mapping[str, str], *parts: Callable[[Mapping[str, str]], object]
) -> Settings:
    """Our settings; raises SettingsError with all problems for us and the parts that we start."""
    theirs = {**inherited(environment), **GIVEN}
    wrong = problems(Settings.from_environment, environment)
    for part in parts:
        wrong += problems(part, theirs)
    if wrong:
        raise SettingsError(*dict.fromkeys(wrong))
    return Settings.from_environment(environment)


def forget_account(environment: MutableMapping[str, str]) -> None:
    """Remove what leads boto3 to an AWS account: a profile, keys, an endpoint."""
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Our environment for a part: no sign-in by default, and never access to an AWS account."""
    ours = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    return {**ours, "AUTH": ours.get("AUTH", "").strip() or "off"}
