"""SigV4 for S3: POST policies and query-signed URLs, byte for byte what botocore produces.

Our own code, because signing is most of what a listing costs: botocore builds and discards a whole
request for each URL. Here everything that the URLs of one page share is computed once.

Rules: "Authenticating Requests: Using Query Parameters" and "Browser-Based Uploads Using POST"
(Amazon S3 API Reference, Signature Version 4).
"""

import re
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from json.encoder import encode_basestring_ascii as _json
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.~/-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. `token` is set for temporary credentials."""

    access_key: str
    secret_key: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class BucketEndpoint:
    """Where requests for a bucket go: `url` without a trailing slash, its Host header, its path."""

    url: str
    host: str
    path: str

    @classmethod
    def parse(cls, url: str) -> "BucketEndpoint":
        """Parse a bucket's URL, such as `https://name.s3.eu-west-1.amazonaws.com/`."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        default_port = {"http": 80, "https": 443}.get(parts.scheme)
        if ":" in host:
            host = f"[{host}]"
        if parts.port is not None and parts.port != default_port:
            host = f"{host}:{parts.port}"
        return cls(url.rstrip("/"), host, parts.path.rstrip("/"))


@dataclass(frozen=True, slots=True)
class SigningContext:
    """Who signs, for which region, and when (`at_s` in seconds since the epoch)."""

    credentials: Credentials
    region: str
    at_s: int


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all signatures made in one context share."""

    stamp: str
    scope: str
    key: bytes
    post_fields: dict[str, str]
    post_conditions: str  # JSON of `post_fields` as conditions


@lru_cache(maxsize=16)
def _prepare(context: SigningContext) -> _Prepared:
    credentials = context.credentials
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(context.at_s))
    scope = f"{stamp[:8]}/{context.region}/s3/aws4_request"
    fields = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{scope}",
        "x-amz-date": stamp,
    }
    if credentials.token is not None:
        fields["x-amz-security-token"] = credentials.token
    key = _signing_key(credentials.secret_key, stamp[:8], context.region)
    return _Prepared(stamp, scope, key, fields, _conditions(fields))


@lru_cache(maxsize=16)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=16)
def _expiration(at_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


class UrlSigner:
    """Signs URLs of one bucket that share context, lifetime, method and signed headers.

    `lifetime_s` is at most 604800 seconds. A client of the URL must send `headers` as given.
    """

    def __init__(
        self,
        context: SigningContext,
        endpoint: BucketEndpoint,
        lifetime_s: int,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        prepared = _prepare(context)
        token = context.credentials.token
        signed = {name.lower(): " ".join(text.split()) for name, text in (headers or {}).items()}
        signed["host"] = endpoint.host
        names = ";".join(sorted(signed))
        common = (
            f"X-Amz-Algorithm={ALGORITHM}"
            f"&X-Amz-Credential={quote(prepared.post_fields['x-amz-credential'], safe='-._~')}"
            f"&X-Amz-Date={prepared.stamp}&X-Amz-Expires={lifetime_s}"
        )
        token_parameter = f"&X-Amz-Security-Token={quote(token, safe='-._~')}" if token else ""
        names_parameter = f"&X-Amz-SignedHeaders={quote(names, safe='-._~')}"
        self._parameters = common + names_parameter + token_parameter
        self._canonical_parameters = common + token_parameter + names_parameter
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        self._tail = f"\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        self._head = f"{method}\n{endpoint.path}/"
        self._base = f"{endpoint.url}/"
        self._to_sign = f"{ALGORITHM}\n{prepared.stamp}\n{prepared.scope}\n"
        self._key = prepared.key

    def url(self, key: str, overrides: Mapping[str, str] | None = None) -> str:
        """The signed URL of an object key.

        `overrides`: response headers such as `response-content-type`, with names in lower case.
        """
        path = key if _PLAIN_KEY.fullmatch(key) else quote(key, safe="/~")
        query = canonical_query = ""
        if overrides:
            pairs = [(name, _quoted(value)) for name, value in overrides.items()]
            query = "".join(f"{name}={value}&" for name, value in pairs)
            canonical_query = "".join(f"&{name}={value}" for name, value in sorted(pairs))
        canonical = f"{self._head}{path}\n{self._canonical_parameters}{canonical_query}{self._tail}"
        to_sign = self._to_sign + sha256(canonical.encode()).hexdigest()
        signature = digest(self._key, to_sign.encode(), "sha256").hex()
        return f"{self._base}{path}?{query}{self._parameters}&X-Amz-Signature={signature}"


@lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    return quote(value, safe="-._~")


def sign_post(
    context: SigningContext,
    bucket: str,
    key: str,
    lifetime_s: int,
    fields: Mapping[str, str],
    length_range: tuple[int, int],
) -> dict[str, str]:
    """The form fields of a POST upload of `key`, including the policy and its signature.

    The policy accepts exactly these values of `fields`, and a file of `length_range` bytes
    (minimum, maximum).
    """
    prepared = _prepare(context)
    pinned = f"{_conditions(fields)}, " if fields else ""
    # The text that json.dumps would write, assembled from parts in half the time.
    policy = (
        f'{{"expiration": "{_expiration(context.at_s + lifetime_s)}", "conditions": [{pinned}'
        f'["content-length-range", {length_range[0]}, {length_range[1]}], '
        f'{{"bucket": {_json(bucket)}}}, {{"key": {_json(key)}}}, {prepared.post_conditions}]}}'
    )
    encoded = b64encode(policy.encode())
    return {
        **fields,
        "key": key,
        **prepared.post_fields,
        "policy": encoded.decode(),
        "x-amz-signature": digest(prepared.key, encoded, "sha256").hex(),
    }


def _conditions(fields: Mapping[str, str]) -> str:
    """Exact matches, as `json.dumps` would write them."""
    return ", ".join([f"{{{_json(name)}: {_json(value)}}}" for name, value in fields.items()])
