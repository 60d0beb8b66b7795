"""Settings of the API, read once from the environment and checked before anything is served.

A plain dataclass instead of a settings library: every rule is one line here, and a bad setting is
reported by its name together with all the others that are wrong.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

MAX_POST_BYTES = 5 * 1024**3  # S3 User Guide, "Uploading objects": 5 GB in one POST or PUT
MAX_URL_SECONDS = 7 * 24 * 3600  # SigV4 query signing: X-Amz-Expires is at most 604800
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class SettingsError(ValueError):
    """One or more settings are missing or bad; the text names each one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtSettings:
    """Where bearer tokens come from, and what they must say."""

    jwks_url: str
    issuer: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnSettings:
    """CloudFront in front of the bucket, with a trusted key pair for signed URLs."""

    url: str
    key_pair_id: str
    private_key: str  # PEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the API is told. `jwt` is None with `AUTH=off`; a quota of None is no limit."""

    bucket: str
    region: str
    table: str = "Images"
    endpoint_url: str | None = None
    thumbnail_widths: tuple[int, ...] = (200, 400)
    max_upload_bytes: int = 50_000_000
    upload_url_seconds: int = 3600
    view_url_seconds: int = 6 * 3600
    cors_origins: tuple[str, ...] = ()
    jwt: JwtSettings | None = None
    cdn: CdnSettings | None = None
    quota_images: int | None = None
    quota_bytes: int | None = None
    drain_seconds: int = 5

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingsError naming every one that is missing or bad."""
        read = _Reader(environment)
        values: dict[str, Any] = {
            "bucket": read.needed("BUCKET", _matching(_BUCKET, "is no S3 bucket name")),
            "region": read.needed("AWS_REGION", _matching(_REGION, "is no AWS region")),
            "table": read.value("DYNAMODB_TABLE", _matching(_TABLE, "is no table name"), "Images"),
            "endpoint_url": read.value("AWS_ENDPOINT_URL", _url, None),
            "thumbnail_widths": read.value("THUMBNAIL_WIDTHS", _widths, (200, 400)),
            "max_upload_bytes": read.value(
                "MAX_UPLOAD_BYTES", _whole(1, MAX_POST_BYTES), 50_000_000
            ),
            "upload_url_seconds": read.value(
                "UPLOAD_URL_SECONDS", _whole(10, MAX_URL_SECONDS), 3600
            ),
            "view_url_seconds": read.value(
                "VIEW_URL_SECONDS", _whole(60, MAX_URL_SECONDS), 6 * 3600
            ),
            "cors_origins": read.value("CORS_ORIGINS", _origins, ()),
            "quota_images": read.value("QUOTA_IMAGES", _whole(1, 10**9), None),
            "quota_bytes": read.value("QUOTA_BYTES", _whole(1, 10**18), None),
            "drain_seconds": read.value("DRAIN_SECONDS", _whole(0, 300), 5),
            "jwt": _jwt(read),
            "cdn": _cdn(read),
        }
        if read.problems:
            raise SettingsError("; ".join(read.problems))
        return cls(**values)


class _Reader:
    """Reads one variable after the other and remembers what was wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def value(self, name: str, parse: Callable[[str], T], default: Any) -> T | Any:
        """The parsed variable, or `default` where it is unset or empty."""
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as exc:
            self.problems.append(f"{name} {exc}")
            return None

    def needed(self, name: str, parse: Callable[[str], T], why: str = "") -> T | None:
        if not self._environment.get(name, "").strip():
            self.problems.append(f"{name} is not set{why}")
            return None
        return self.value(name, parse, None)


def _jwt(read: _Reader) -> JwtSettings | None:
    auth = read.needed("AUTH", _auth, " (jwt, or off for a machine of your own)")
    if auth != "jwt":
        return None
    why = ", and AUTH=jwt needs it"
    return JwtSettings(
        jwks_url=read.needed("AUTH_JWKS_URL", _url, why) or "",
        issuer=read.needed("AUTH_ISSUER", str, why) or "",
        audience=read.needed("AUTH_AUDIENCE", str, why) or "",
    )


def _cdn(read: _Reader) -> CdnSettings | None:
    url = read.value("CDN_URL", _url, None)
    if url is None:
        return None
    why = ", and CDN_URL needs it"
    return CdnSettings(
        url=url,
        key_pair_id=read.needed("CDN_KEY_PAIR_ID", str, why) or "",
        private_key=read.needed("CDN_PRIVATE_KEY", _private_key, why) or "",
    )


def _auth(text: str) -> Literal["jwt", "off"]:
    if text == "jwt":
        return "jwt"
    if text == "off":
        return "off"
    raise ValueError(f"is {text!r}, not jwt or off")


def _matching(pattern: re.Pattern[str], complaint: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{complaint}: {text!r}")
        return text

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"is {text!r}, not a whole number from {low} to {high}")
        return int(text)

    return parse


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"is {text!r}, not an http or https address")
    return text.rstrip("/")


def _widths(text: str) -> tuple[int, ...]:
    width = _whole(1, 99999)
    widths = [width(part.strip()) for part in text.split(",")]
    if len(set(widths)) != len(widths) or len(widths) > 8:
        raise ValueError("names a width twice, or more than 8")
    return tuple(sorted(widths))


def _origins(text: str) -> tuple[str, ...]:
    return tuple(part if part == "*" else _origin(part) for part in re.split(r"[\s,]+", text))


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"names {text!r}, not an origin like https://app.example.com")
    return text


def _private_key(text: str) -> str:
    """A PEM text; `\\n` stands for a line break, as environment files write it."""
    pem = text.replace("\\n", "\n")
    if "-----BEGIN" not in pem:
        raise ValueError("is no PEM private key")
    return pem
