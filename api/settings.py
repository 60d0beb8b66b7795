"""Settings of the API, read once from the environment and checked before anything is served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from contract import settings as contract
from contract.settings import TOMBSTONE_SECONDS, Reader, tombstone_outlives

MIN_KEY_BITS = 2048  # CloudFront Developer Guide, "Create key pairs for your signers"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtSettings:
    """Where bearer tokens come from, and what they must contain."""

    jwks_url: str
    issuer: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnSettings:
    """CloudFront in front of the bucket, with a trusted key pair for signed URLs."""

    url: str
    key_pair_id: str
    private_key: RSAPrivateKey = field(compare=False)  # two loaded keys are never equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the API reads. `jwt` is None with `AUTH=off`; a quota of None is no limit."""

    bucket: str
    region: str
    table: str = contract.DYNAMODB_TABLE.default
    endpoint_url: str | None = None
    thumbnail_widths: tuple[int, ...] = contract.THUMBNAIL_WIDTHS.default  # pixels, ascending
    max_upload_bytes: int = contract.MAX_UPLOAD_BYTES.default
    upload_url_seconds: int = contract.UPLOAD_URL_SECONDS.default
    view_url_seconds: int = contract.VIEW_URL_SECONDS.default
    expire_originals_days: int = contract.EXPIRE_ORIGINALS_DAYS.default  # 0: never
    cors_origins: tuple[str, ...] = ()
    jwt: JwtSettings | None = None
    cdn: CdnSettings | None = None
    quota_images: int | None = None
    quota_bytes: int | None = None
    max_pending_uploads: int = contract.MAX_PENDING_UPLOADS.default
    host: str = contract.HOST.default
    port: int = contract.PORT.default
    drain_seconds: int = contract.DRAIN_SECONDS.default

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every setting that is missing or invalid."""
        read = Reader(environment)
        settings = cls(
            bucket=read.read(contract.BUCKET),
            region=read.read(contract.AWS_REGION),
            table=read.read(contract.DYNAMODB_TABLE),
            endpoint_url=read.read_if_set(contract.AWS_ENDPOINT_URL),
            thumbnail_widths=read.read(contract.THUMBNAIL_WIDTHS),
            max_upload_bytes=read.read(contract.MAX_UPLOAD_BYTES),
            upload_url_seconds=_upload_url_seconds(read),
            view_url_seconds=read.read(contract.VIEW_URL_SECONDS),
            expire_originals_days=read.read(contract.EXPIRE_ORIGINALS_DAYS),
            cors_origins=read.read_if_set(contract.CORS_ORIGINS) or (),
            jwt=_jwt(read),
            cdn=_cdn(read),
            quota_images=read.read_if_set(contract.QUOTA_IMAGES),
            quota_bytes=read.read_if_set(contract.QUOTA_BYTES),
            max_pending_uploads=read.read(contract.MAX_PENDING_UPLOADS),
            host=read.read(contract.HOST),
            port=read.read(contract.PORT),
            drain_seconds=read.read(contract.DRAIN_SECONDS),
        )
        read.finish()
        return settings


def _upload_url_seconds(read: Reader) -> int:
    seconds = read.read(contract.UPLOAD_URL_SECONDS)
    if seconds and not tombstone_outlives(seconds):
        read.refuse(
            f"UPLOAD_URL_SECONDS is {seconds}: too long for the {TOMBSTONE_SECONDS} seconds "
            "for which the tombstone of a deleted image is kept"
        )
    return seconds


def _jwt(read: Reader) -> JwtSettings | None:
    auth = read.read(contract.AUTH, ": it must be jwt, or off on your own machine")
    if auth != "jwt":
        return None
    why = ", but AUTH=jwt needs it"
    return JwtSettings(
        jwks_url=read.read(contract.AUTH_JWKS_URL, why),
        issuer=read.read(contract.AUTH_ISSUER, why),
        audience=read.read(contract.AUTH_AUDIENCE, why),
    )


def _cdn(read: Reader) -> CdnSettings | None:
    url = read.read_if_set(contract.CDN_URL)
    if url is None:
        return None
    why = ", but CDN_URL needs it"
    return CdnSettings(
        url=url,
        key_pair_id=read.read(contract.CDN_KEY_PAIR_ID, why),
        private_key=_rsa_key(read, read.read(contract.CDN_PRIVATE_KEY, why)),
    )


def _rsa_key(read: Reader, pem: str | None) -> RSAPrivateKey:
    """The key of a PEM text; None if that was refused already."""
    if pem is None:
        return cast("RSAPrivateKey", None)
    try:
        key = load_pem_private_key(pem.encode(), None)
        if isinstance(key, RSAPrivateKey) and key.key_size >= MIN_KEY_BITS:
            return key
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # refused below, as any other key
    name = contract.CDN_PRIVATE_KEY.name
    read.refuse(f"{name}: it must be an RSA private key of at least {MIN_KEY_BITS} bits")
    return cast("RSAPrivateKey", None)
