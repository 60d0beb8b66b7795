"""Records as answers: images with signed, cacheable addresses. Pure.

Addresses are signed at the start of a time window, half as long as they live: within it the same
image has the same address, so that browsers, CDNs and next/image find it in their caches.
"""

from collections.abc import Callable
from dataclasses import dataclass

from api.http import schemas
from contract.record import ImageRecord, Status

# Of temporary credentials whose end nobody tells (Lambda's environment): what is promised.
UNKNOWN_CREDENTIALS_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Addresses:
    """Signs object keys; what it signs works until `expires_at_ms`."""

    sign: Callable[[str], str]
    expires_at_ms: int


def window_start(now_seconds: int, lifetime_seconds: int) -> int:
    """When addresses that are handed out now were signed (seconds).

    What is left of their lifetime is never less than half of it.
    """
    window = lifetime_seconds // 2
    return now_seconds - now_seconds % window


def image(record: ImageRecord, addresses: Addresses) -> schemas.Image:
    """The answer for a record that is not `deleted`."""
    thumbnails = [
        schemas.Thumbnail(
            width=fact.width,
            height=fact.height,
            bytes=fact.bytes,
            content_type=fact.content_type,
            key=fact.key,
            url=addresses.sign(fact.key),
        )
        for _, fact in sorted(record.thumbnails.items())
    ]
    key = str(record.key)
    return schemas.Image.model_construct(
        user_id=record.user_id,
        image_id=record.image_id,
        status=str(record.status),
        created_at=record.created_at_ms,
        filename=record.filename,
        content_type=record.content_type,
        size=record.size,
        width=record.width,
        height=record.height,
        e_tag=record.e_tag,
        error=record.error,
        color=record.color,
        placeholder=record.placeholder,
        original_key=key,
        original_url=None if record.status is Status.PENDING else addresses.sign(key),
        thumbnails=thumbnails,
        src_set=_src_set(thumbnails),
        url_expires_at=addresses.expires_at_ms,
    )


def _src_set(thumbnails: list[schemas.Thumbnail]) -> str | None:
    """Candidates by real width: two thumbnails of a small original are as wide as it is."""
    by_width = {thumbnail.width: thumbnail.url for thumbnail in reversed(thumbnails)}
    return ", ".join(f"{by_width[width]} {width}w" for width in sorted(by_width)) or None
