"""Plan uploads for a user: records first, then the signed requests."""

from collections.abc import Sequence

from api import schemas, views
from api.problems import Code, ProblemError
from api.services import Services
from api.uploads import File, SignedUpload, plan
from contract.record import ImageRecord, Status


def plan_uploads(
    needed: Services, user_id: str, files: Sequence[File], idempotency_key: str | None
) -> schemas.PlannedUploads:
    """Put the records and sign the uploads, in the order of `files`."""
    _check_sizes(files, needed.settings.max_upload_bytes)
    now_ms = needed.now_ms()
    planned = [
        plan(user_id, file, now_ms, needed.nonce(), needed.settings.upload_url_seconds)
        for file in files
    ]
    records = needed.repository.plan_all(planned)
    return _answer(needed, files, records)


def _check_sizes(files: Sequence[File], max_bytes: int) -> None:
    if any(file.size > max_bytes for file in files):
        raise ProblemError(Code.FILE_TOO_LARGE, f"at most {max_bytes} bytes")


def _answer(
    needed: Services, files: Sequence[File], records: Sequence[ImageRecord]
) -> schemas.PlannedUploads:
    if any(record.status is Status.DELETED for record in records):
        raise ProblemError(Code.IMAGE_DELETED)
    signer, moment, addresses = needed.upload_signer(), needed.moment(), needed.addresses()
    return schemas.PlannedUploads.model_construct(
        items=[
            schemas.PlannedUpload.model_construct(
                image=views.image(record, addresses),
                upload=_upload(signer.sign(file, str(record.key), moment)),
            )
            for file, record in zip(files, records, strict=True)
        ]
    )


def _upload(signed: SignedUpload) -> schemas.Upload:
    return schemas.Upload.model_construct(
        method=signed.method,
        url=signed.url,
        fields=signed.fields,
        headers=signed.headers,
        expires_at=signed.expires_at,
    )
