"""The resizer's settings, read once from the environment that the entry module passes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from contract import settings as contract
from contract.settings import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    bucket: str
    table: str
    region: str | None  # always set in Lambda; elsewhere, the SDK may know it from its own files
    endpoint_url: str | None
    widths: tuple[int, ...]  # pixels, ascending
    max_upload_bytes: int
    max_pixels: int
    memory_mb: int  # that pictures may be decoded in, all of them together
    claim_seconds: int
    expire_originals_days: int  # 0: never
    failed_days: int = contract.FAILED_DAYS.default
    min_decoded_share: float = contract.MIN_DECODED_SHARE.default

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every setting that is missing or invalid."""
        read = Reader(environment)
        settings = cls(
            bucket=read.read(contract.BUCKET),
            table=read.read(contract.DYNAMODB_TABLE),
            region=read.read_if_set(contract.AWS_REGION),
            endpoint_url=read.read_if_set(contract.AWS_ENDPOINT_URL),
            widths=read.read(contract.THUMBNAIL_WIDTHS),
            max_upload_bytes=read.read(contract.MAX_UPLOAD_BYTES),
            max_pixels=read.read(contract.MAX_PIXELS),
            memory_mb=read.read(contract.AWS_LAMBDA_FUNCTION_MEMORY_SIZE),
            claim_seconds=read.read(contract.CLAIM_SECONDS),
            expire_originals_days=read.read(contract.EXPIRE_ORIGINALS_DAYS),
            failed_days=read.read(contract.FAILED_DAYS),
            min_decoded_share=read.read(contract.MIN_DECODED_SHARE),
        )
        read.finish()
        return settings
