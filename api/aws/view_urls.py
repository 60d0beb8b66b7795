"""Signed URLs for viewing: how long one is valid, and who signs it.

URLs are signed as of the start of a time window that is half as long as their lifetime. Within a
window, an image has the same URL, so that browsers, CDNs and next/image find it in their caches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from api.aws.cloudfront import CdnSigner
from api.aws.s3.sigv4 import BucketEndpoint, Credentials, SigningContext, UrlSigner
from contract.archiving import removed_before_ms

# Promised for temporary credentials whose expiry is unknown (those in Lambda's environment).
UNKNOWN_EXPIRY_SECONDS = 900


class Sign(Protocol):
    """Signs the URL of an object key.

    `overrides`: response headers such as `response-content-type`, with names in lower case.
    """

    def __call__(self, key: str, overrides: Mapping[str, str] | None = None, /) -> str: ...


@dataclass(frozen=True, slots=True)
class ViewUrls:
    """Signs object keys; the URLs work until `expires_at_ms`.

    Originals created before `originals_from_ms` may have been removed and get no URL.
    """

    sign: Sign
    expires_at_ms: int
    originals_from_ms: int = 0


@dataclass(frozen=True, slots=True)
class ViewUrlSigner:
    """Signs with the process's credentials, or with CloudFront's key pair where there is one."""

    credentials: Callable[[], tuple[Credentials, int | None]]  # and when they expire, if known
    endpoint: BucketEndpoint
    region: str
    lifetime_s: int
    cdn: CdnSigner | None
    expire_originals_days: int = 0  # 0: never

    def at(self, now_s: int) -> ViewUrls:
        """The URLs to return at `now_s`; they stay the same for the whole window."""
        start = window_start(now_s, self.lifetime_s)
        end = start + self.lifetime_s
        originals_from = removed_before_ms(now_s * 1000, self.expire_originals_days)
        if self.cdn is not None:
            return ViewUrls(self.cdn.until(end), end * 1000, originals_from)
        credentials, credentials_end = self.credentials()
        if credentials_end is None and credentials.token is not None:
            credentials_end = now_s + UNKNOWN_EXPIRY_SECONDS
        context = SigningContext(credentials, self.region, start)
        signer = _signer(context, self.endpoint, self.lifetime_s)
        return ViewUrls(signer.url, min(end, credentials_end or end) * 1000, originals_from)


def window_start(now_s: int, lifetime_s: int) -> int:
    """The time as of which URLs that are returned at `now_s` are signed (seconds).

    At least half of their lifetime is always left.
    """
    window = lifetime_s // 2
    return now_s - now_s % window


@lru_cache(maxsize=4)
def _signer(context: SigningContext, endpoint: BucketEndpoint, lifetime_s: int) -> UrlSigner:
    return UrlSigner(context, endpoint, lifetime_s)
