"""CloudFront signed URLs, for functions whose role credentials rotate.

A URL that S3 verifies expires with the credentials that signed it. One that CloudFront verifies is
signed with its own key pair and is the same from every process. The signer is botocore's, but each
signature is computed only once: RSA costs a hundred times as much as HMAC, and the URL stays the
same for the whole window.
"""

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1

from api.settings import CdnSettings

if TYPE_CHECKING:  # which imports this module
    from api.aws.view_urls import Sign

CACHED_URLS = 20_000  # about 10 MB


class CdnSigner:
    """Signs URLs of objects behind one distribution."""

    def __init__(self, settings: CdnSettings) -> None:
        key = settings.private_key
        # CloudFront requires SHA-1 here (CloudFront Developer Guide, "Create a signature").
        self._signer = CloudFrontSigner(
            settings.key_pair_id,
            lambda message: key.sign(message, PKCS1v15(), SHA1()),  # noqa: S303
        )
        self._url = settings.url
        self._sign = lru_cache(maxsize=CACHED_URLS)(self._signed)

    def until(self, expires_at_s: int) -> "Sign":
        """Signs URLs of object keys, with the `overrides` of response headers that S3 knows."""

        def sign(key: str, overrides: Mapping[str, str] | None = None, /) -> str:
            query = f"?{urlencode(overrides, quote_via=quote)}" if overrides else ""
            return self._sign(f"{self._url}/{quote(key, safe='/~')}{query}", expires_at_s)

        return sign

    def _signed(self, url: str, expires_at_s: int) -> str:
        """The URL, valid until `expires_at_s`."""
        end = datetime.datetime.fromtimestamp(expires_at_s, datetime.UTC)
        signed: str = self._signer.generate_presigned_url(url, date_less_than=end)
        return signed
