"""The record of an upload that is planned but has not arrived. Pure.

It expires a day after the upload URL does, so that it never disappears before its upload can
arrive, and so that a repeated request (decision 0032) can get the same upload again.
"""

from api.aws.s3.uploads import DeclaredFile
from contract.keys import new_image_id
from contract.record import ImageRecord, Status

GRACE_SECONDS = 24 * 3600  # between the end of the upload URL and that of the record


def pending_record(
    user_id: str, file: DeclaredFile, now_ms: int, nonce: str, url_lifetime_s: int
) -> ImageRecord:
    upload_until_s = now_ms // 1000 + url_lifetime_s
    return ImageRecord(
        user_id=user_id,
        image_id=new_image_id(now_ms, nonce, file.filename),
        status=Status.PENDING,
        created_at_ms=now_ms,
        filename=file.filename,
        content_type=file.content_type,
        size=file.size,
        upload_until_s=upload_until_s,
        expires_at_s=upload_until_s + GRACE_SECONDS,
    )
