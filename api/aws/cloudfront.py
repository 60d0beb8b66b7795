"""CloudFront signed URLs, for functions whose role credentials rotate.

A URL that S3 verifies expires with the credentials that signed it. One that CloudFront verifies is
signed with its own key pair and is the same from every process. The signer is botocore's, but each
signature is computed only once: RSA costs a hundred times as much as HMAC, and the URL stays the
same for the whole window.
"""

import datetime
from functools import lru_cache
from urllib.parse import quote

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from api.settings import CdnSettings
from contract.settings import SettingsError

CACHED_URLS = 20_000  # about 10 MB


class CdnSigner:
    """Signs URLs of objects behind one distribution."""

    def __init__(self, settings: CdnSettings) -> None:
        key = _load(settings.private_key)
        # CloudFront requires SHA-1 here (CloudFront Developer Guide, "Create a signature").
        self._signer = CloudFrontSigner(
            settings.key_pair_id,
            lambda message: key.sign(message, PKCS1v15(), SHA1()),  # noqa: S303
        )
        self._url = settings.url
        self.sign = lru_cache(maxsize=CACHED_URLS)(self._sign)

    def _sign(self, key: str, expires_at_s: int) -> str:
        """The URL of an object key, valid until `expires_at_s`."""
        end = datetime.datetime.fromtimestamp(expires_at_s, datetime.UTC)
        url = f"{self._url}/{quote(key, safe='/~')}"
        signed: str = self._signer.generate_presigned_url(url, date_less_than=end)
        return signed


def _load(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as exc:
        raise SettingsError("CDN_PRIVATE_KEY is not a PEM private key without a password") from exc
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError("CDN_PRIVATE_KEY is not an RSA key")
    return key
