"""Every setting once: its name, its rule, its default, what it means and who reads it.

Pure functions of a mapping; the entry modules pass the environment in. A plain list instead of a
settings library, so that API, resizer and local run share it without sharing a dependency.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from contract import setting_rules as rules
from contract.setting_rules import matching, one_of, whole_number

T = TypeVar("T")

API, RESIZER, LOCAL_RUN = "API", "resizer", "local run"

DAY_SECONDS = 24 * 3600
MAX_POST_BYTES = 5 * 1024**3  # S3 User Guide, "Uploading objects": 5 GB in one POST or PUT
MAX_URL_SECONDS = 7 * DAY_SECONDS  # SigV4 query signing: X-Amz-Expires is at most 604800
LATE_EVENT_SECONDS = DAY_SECONDS  # Lambda tries an event for up to six hours
TOMBSTONE_SECONDS = MAX_URL_SECONDS + LATE_EVENT_SECONDS  # decision 0012
FRONT_END_ORIGIN = "http://localhost:3000"  # of a developer's front end

MAX_SHOWN = 60  # characters of an invalid value


class SettingsError(ValueError):
    """Settings are missing or invalid; the text names each of them and says what is wrong."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One environment variable. Without a default, its reader decides whether it is required."""

    name: str
    rule: Callable[[str], T]
    meaning: str
    read_by: tuple[str, ...]
    default_text: str = ""  # in the form that the environment has
    is_secret: bool = False

    @property
    def default(self) -> T:
        return self.rule(self.default_text)


BUCKET = Setting(
    "BUCKET",
    rules.bucket_name,
    "bucket of originals and thumbnails",
    (API, RESIZER),
)
DYNAMODB_TABLE = Setting(
    "DYNAMODB_TABLE",
    # DynamoDB Developer Guide, "Naming rules"
    matching(r"[A-Za-z0-9_.-]{3,255}", "a table name: 3 to 255 of a-z, A-Z, 0-9, '_', '.', '-'"),
    "table of the image records",
    (API, RESIZER),
    "Images",
)
AWS_REGION = Setting(
    "AWS_REGION",
    matching(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", "an AWS region, like eu-west-1"),
    "region of the bucket and the table",
    (API, RESIZER),
)
AWS_ENDPOINT_URL = Setting(
    "AWS_ENDPOINT_URL",
    rules.base_url,
    "endpoint to use instead of AWS, for tests and the local run",
    (API, RESIZER),
)
THUMBNAIL_WIDTHS = Setting(
    "THUMBNAIL_WIDTHS",
    rules.widths,
    "widths of the thumbnails, in pixels",
    (API, RESIZER, LOCAL_RUN),
    "200,400",
)
MAX_UPLOAD_BYTES = Setting(
    "MAX_UPLOAD_BYTES",
    whole_number(1, MAX_POST_BYTES),
    "largest original, in bytes",
    (API, RESIZER, LOCAL_RUN),
    "50000000",
)
MAX_PIXELS = Setting(
    "MAX_PIXELS",
    whole_number(1, 10**9),
    "largest original, in pixels",
    (RESIZER, LOCAL_RUN),
    "100000000",
)
MIN_DECODED_SHARE = Setting(
    "MIN_DECODED_SHARE",
    rules.share,
    "share of the rows of a cut image that must have arrived for it to get thumbnails",
    (RESIZER, LOCAL_RUN),
    "0.25",
)
AWS_LAMBDA_FUNCTION_MEMORY_SIZE = Setting(
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    whole_number(1, 10**6),
    "memory in MB, set by Lambda; limits the size of images in formats that are decoded whole",
    (RESIZER,),
    "1769",
)
CLAIM_SECONDS = Setting(
    "CLAIM_SECONDS",
    # At most as long as a Lambda function can run; by default over before its first retry (60 s).
    whole_number(1, 900),
    "seconds after which another worker may take over a dead worker's claim",
    (RESIZER,),
    "50",
)
FAILED_DAYS = Setting(
    "FAILED_DAYS",
    whole_number(0, 36500),
    "days after which the original of an image that is `failed` for good is deleted; 0: never",
    (RESIZER,),
    "30",
)
UPLOAD_URL_SECONDS = Setting(
    "UPLOAD_URL_SECONDS",
    whole_number(10, MAX_URL_SECONDS),
    "seconds within which a planned upload must start",
    (API,),
    "3600",
)
VIEW_URL_SECONDS = Setting(
    "VIEW_URL_SECONDS",
    whole_number(60, MAX_URL_SECONDS),
    "longest time in seconds that signed image URLs are valid",
    (API,),
    "21600",
)
EXPIRE_ORIGINALS_DAYS = Setting(
    "EXPIRE_ORIGINALS_DAYS",
    whole_number(0, 36500),
    "days after which the bucket's lifecycle rule removes originals; 0: never",
    (API, RESIZER),
    "0",
)
CORS_ORIGINS = Setting(
    "CORS_ORIGINS",
    rules.origins,
    "origins of the front end, separated by commas; "
    f"the local run adds its own, and accepts {FRONT_END_ORIGIN} if none is set",
    (API, LOCAL_RUN),
)
QUOTA_IMAGES = Setting(
    "QUOTA_IMAGES", whole_number(1, 10**9), "maximum images per user; unset: no limit", (API,)
)
QUOTA_BYTES = Setting(
    "QUOTA_BYTES",
    whole_number(1, 10**18),
    "maximum bytes of originals per user; unset: no limit",
    (API,),
)
MAX_PENDING_UPLOADS = Setting(
    "MAX_PENDING_UPLOADS",
    whole_number(1, 10**6),
    "maximum upload URLs per user that are neither used nor expired, also of deleted images",
    (API,),
    "1000",
)
HOST = Setting(
    "HOST",
    rules.host,
    "address that the API listens on",
    (API,),
    "0.0.0.0",  # noqa: S104 -- a container's port is its door
)
PORT = Setting("PORT", whole_number(1, 65535), "port that the API listens on", (API,), "8000")
DRAIN_SECONDS = Setting(
    "DRAIN_SECONDS",
    whole_number(0, 300),
    "seconds for which `/readyz` reports that the process is stopping before it stops",
    (API,),
    "5",
)
AUTH = Setting(
    "AUTH",
    one_of("jwt", "off"),
    "`jwt`, or `off` on your own machine (as in the local run); no default",
    (API,),
)
AUTH_JWKS_URL = Setting(
    "AUTH_JWKS_URL", rules.url, "URL of the public keys that verify tokens", (API,)
)
_CLAIM = matching(r"[!-~]([ -~]*[!-~])?", "ASCII text in one line")
AUTH_ISSUER = Setting("AUTH_ISSUER", _CLAIM, "required `iss` of a token", (API,))
AUTH_AUDIENCE = Setting("AUTH_AUDIENCE", _CLAIM, "required `aud` of a token", (API,))
CDN_URL = Setting(
    "CDN_URL",
    rules.base_url,
    "URL of a CloudFront distribution for the bucket, used instead of S3 URLs",
    (API,),
)
CDN_KEY_PAIR_ID = Setting(
    "CDN_KEY_PAIR_ID",
    matching(r"[A-Za-z0-9]{1,64}", "letters and digits"),
    "CloudFront's id for the key that signs URLs",
    (API,),
)
CDN_PRIVATE_KEY = Setting(
    "CDN_PRIVATE_KEY", rules.private_key, "that key, in PEM", (API,), is_secret=True
)
API_PORT = Setting(
    "API_PORT", whole_number(1, 65535), "port of the API and the page", (LOCAL_RUN,), "8000"
)
EMULATOR_PORT = Setting(
    "EMULATOR_PORT", whole_number(1, 65535), "port of the emulated AWS", (LOCAL_RUN,), "4566"
)
LOCAL_DATA = Setting(
    "LOCAL_DATA", Path, "folder for everything that is kept between runs", (LOCAL_RUN,), ".local"
)

SETTINGS: tuple[Setting[Any], ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Setting)
)


class Reader:
    """Reads settings one after the other and collects what is wrong with them.

    Unset and blank are the same. What is returned for an invalid or missing value is never used:
    `finish` raises.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[str] = []

    def read(self, setting: Setting[T], why: str = "") -> T:
        """The setting or its default. Without a default, it is required; `why` may say for what."""
        text = self._environment.get(setting.name, "").strip() or setting.default_text
        if not text:
            self.refuse(f"{setting.name} is not set{why}")
            return cast("T", None)
        try:
            return setting.rule(text)
        except ValueError as exc:
            shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
            may_be_secret = setting.is_secret or "@" in text  # after a URL's user and password
            value = "" if may_be_secret else f" is {shown!r}"
            self.refuse(f"{setting.name}{value}: {exc}")
            return cast("T", None)

    def read_if_set(self, setting: Setting[T]) -> T | None:
        if not self._environment.get(setting.name, "").strip():
            return None
        return self.read(setting)

    def refuse(self, problem: str) -> None:
        self._problems.append(problem)

    def finish(self) -> None:
        """Raise SettingsError with everything that is wrong, if anything is."""
        if self._problems:
            raise SettingsError(*self._problems)


def drop_blank(environment: MutableMapping[str, str]) -> None:
    """Remove blank `AWS_` variables: botocore reads them itself and does not see them as unset."""
    for name in [name for name in environment if name.startswith("AWS_")]:
        if not environment[name].strip():
            del environment[name]


def problems(
    read: Callable[[Mapping[str, str]], object], environment: Mapping[str, str]
) -> list[str]:
    """What is wrong with the environment for this reader of settings."""
    try:
        read(environment)
    except SettingsError as exc:
        return list(exc.problems)
    return []


def tombstone_outlives(upload_url_seconds: int, tombstone_seconds: int = TOMBSTONE_SECONDS) -> bool:
    """Whether a deleted image's tombstone outlives every upload of the image.

    The upload URL may be used until its last second, and the event of that upload may be late.
    """
    return tombstone_seconds >= upload_url_seconds + LATE_EVENT_SECONDS
