"""The resizer's settings, read once from the environment that the entry module passes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

DEFAULT_TABLE = "Images"
DEFAULT_WIDTHS = "200,400"  # pixels
DEFAULT_MAX_UPLOAD_BYTES = 50_000_000
DEFAULT_MAX_PIXELS = 100_000_000
DEFAULT_MEMORY_MB = 1769  # the template's; Lambda itself says how large the function is
DEFAULT_CLAIM_SECONDS = 50  # a dead worker's claim is free before Lambda's first retry (60 s)


class SettingError(ValueError):
    """A setting is missing or bad; the text names it and says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    bucket: str
    table: str
    widths: tuple[int, ...]  # pixels, ascending
    max_upload_bytes: int
    max_pixels: int
    memory_mb: int  # that pictures may be decoded in, all of them together
    claim_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of the first bad one."""
        if not environment.get("BUCKET"):
            raise SettingError("BUCKET is not set: the bucket that holds uploads/ and thumbnails/")
        return cls(
            bucket=environment["BUCKET"],
            table=environment.get("DYNAMODB_TABLE") or DEFAULT_TABLE,
            widths=_widths(environment),
            max_upload_bytes=_positive(environment, "MAX_UPLOAD_BYTES", DEFAULT_MAX_UPLOAD_BYTES),
            max_pixels=_positive(environment, "MAX_PIXELS", DEFAULT_MAX_PIXELS),
            memory_mb=_positive(environment, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", DEFAULT_MEMORY_MB),
            claim_seconds=_positive(environment, "CLAIM_SECONDS", DEFAULT_CLAIM_SECONDS),
        )


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingError(f"{name} is {text!r}: it must be a whole number above 0")
    return int(text)


def _widths(environment: Mapping[str, str]) -> tuple[int, ...]:
    text = environment.get("THUMBNAIL_WIDTHS") or DEFAULT_WIDTHS
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 4096 for part in parts):
        raise SettingError(f"THUMBNAIL_WIDTHS is {text!r}: it must be like 200,400 (1 to 4096)")
    return tuple(sorted({int(part) for part in parts}))
