"""Signs uploads: a POST form or a PUT that S3 accepts for exactly one key, type, size and name."""

from base64 import b64encode
from dataclasses import dataclass

from api.aws.s3.sigv4 import BucketEndpoint, SigningContext, UrlSigner, sign_post
from contract.metadata import FILENAME, encode_filename

# An original never changes once it is stored; its signed URL does.
ORIGINAL_CACHE_CONTROL = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """What a client declared about its file. `size` in bytes, `sha256` in hex."""

    filename: str
    content_type: str
    size: int
    sha256: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """A request that S3 accepts until `expires_at_ms`."""

    method: str
    url: str
    fields: dict[str, str]
    headers: dict[str, str]
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class UploadSigner:
    """Signs uploads to one bucket; each can be used for `lifetime_s` seconds."""

    bucket: str
    endpoint: BucketEndpoint
    post_url: str
    lifetime_s: int

    def sign(self, file: DeclaredFile, key: str, context: SigningContext) -> SignedUpload:
        expires_at_ms = (context.at_s + self.lifetime_s) * 1000
        if file.method == "PUT":
            return self._put(file, key, context, expires_at_ms)
        fields = {**_pinned(file), "success_action_status": "201"}
        if file.sha256 is not None:
            fields["x-amz-checksum-algorithm"] = "SHA256"
        size = (file.size, file.size)
        signed = sign_post(context, self.bucket, key, self.lifetime_s, fields, size)
        return SignedUpload("POST", self.post_url, signed, {}, expires_at_ms)

    def _put(
        self, file: DeclaredFile, key: str, context: SigningContext, expires_at_ms: int
    ) -> SignedUpload:
        headers = _pinned(file)
        # Content-Length is signed but not returned: browsers set it and do not let pages set it.
        signed = {**headers, "Content-Length": str(file.size)}
        signer = UrlSigner(context, self.endpoint, self.lifetime_s, "PUT", signed)
        return SignedUpload("PUT", signer.url(key), {}, headers, expires_at_ms)


def _pinned(file: DeclaredFile) -> dict[str, str]:
    """Headers or form fields that the upload must send with exactly these values."""
    pinned = {
        "Content-Type": file.content_type,
        "Cache-Control": ORIGINAL_CACHE_CONTROL,
        f"x-amz-meta-{FILENAME}": encode_filename(file.filename),
    }
    if file.sha256 is not None:
        pinned["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(file.sha256)).decode()
    return pinned
