"""Plan an upload: the record to be, and the signed request that storage will accept. Pure.

The record's `expires_at_s` lies a day behind the policy's end, so that a record never goes before
its upload can come, and a retried request (see decision 0032) can be given a fresh policy.
"""

from base64 import b64encode
from dataclasses import dataclass

from api.aws.s3.sigv4 import Address, Moment, UrlSigner, sign_post
from contract.keys import new_image_id
from contract.metadata import FILENAME, encode_filename
from contract.record import ImageRecord, Status

DAY_SECONDS = 24 * 3600
GRACE_SECONDS = DAY_SECONDS  # between the end of the policy and that of the record
# An original never changes once it is there; its signed address does.
ORIGINAL_CACHE_CONTROL = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """What a client said about its file. `size` in bytes, `sha256` in hex."""

    filename: str
    content_type: str
    size: int
    sha256: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class SignedUpload:
    """A request that storage accepts until `expires_at_ms`."""

    method: str
    url: str
    fields: dict[str, str]
    headers: dict[str, str]
    expires_at_ms: int


def plan(user_id: str, file: File, now_ms: int, nonce: str, url_seconds: int) -> ImageRecord:
    """The `pending` record of a new upload."""
    return ImageRecord(
        user_id=user_id,
        image_id=new_image_id(now_ms, nonce, file.filename),
        status=Status.PENDING,
        created_at_ms=now_ms,
        filename=file.filename,
        content_type=file.content_type,
        size=file.size,
        expires_at_s=now_ms // 1000 + url_seconds + GRACE_SECONDS,
    )


def usable_until(record: ImageRecord) -> int:
    """Until when (seconds) an upload URL of a `pending` record may be used."""
    return (record.expires_at_s or 0) - GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class UploadSigner:
    """Signs uploads to one bucket; `url_seconds` is how long each may be used."""

    bucket: str
    address: Address
    post_url: str
    url_seconds: int

    def sign(self, file: File, key: str, moment: Moment) -> SignedUpload:
        expires_at_ms = (moment.seconds + self.url_seconds) * 1000
        if file.method == "PUT":
            return self._put(file, key, moment, expires_at_ms)
        fields = {**_pinned(file), "success_action_status": "201"}
        if file.sha256 is not None:
            fields["x-amz-checksum-algorithm"] = "SHA256"
        size = (file.size, file.size)
        signed = sign_post(moment, self.bucket, key, self.url_seconds, fields, size)
        return SignedUpload("POST", self.post_url, signed, {}, expires_at_ms)

    def _put(self, file: File, key: str, moment: Moment, expires_at_ms: int) -> SignedUpload:
        headers = _pinned(file)
        # A browser sets Content-Length itself and lets no page do so: signed, but not handed out.
        signed = {**headers, "Content-Length": str(file.size)}
        signer = UrlSigner(moment, self.address, self.url_seconds, "PUT", signed)
        return SignedUpload("PUT", signer.url(key), {}, headers, expires_at_ms)


def _pinned(file: File) -> dict[str, str]:
    pinned = {
        "Content-Type": file.content_type,
        "Cache-Control": ORIGINAL_CACHE_CONTROL,
        f"x-amz-meta-{FILENAME}": encode_filename(file.filename),
    }
    if file.sha256 is not None:
        pinned["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(file.sha256)).decode()
    return pinned
