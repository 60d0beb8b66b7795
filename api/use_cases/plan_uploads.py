"""Plan uploads for a user: quota, then records, then the signed requests."""

from collections.abc import Sequence

from api.aws.s3.sigv4 import Moment
from api.http import schemas, views
from api.http.problem_documents import Code, ProblemError
from api.services import Services
from api.use_cases.idempotency import Plan
from api.use_cases.quota import Usage
from api.use_cases.uploads import File, SignedUpload, plan
from contract.record import ImageRecord, Status


def plan_uploads(
    needed: Services, user_id: str, files: Sequence[File], idempotency_key: str | None
) -> schemas.PlannedUploads:
    """Put the records and sign the uploads, in the order of `files`."""
    _check_sizes(files, needed.settings.max_upload_bytes)
    the_plan = _plan(needed, user_id, files, idempotency_key)
    url_seconds = needed.settings.upload_url_seconds
    planned = [
        plan(user_id, file, the_plan.planned_at_ms, the_plan.nonce(number), url_seconds)
        for number, file in enumerate(files)
    ]
    records = needed.repository.plan_all(planned)
    if any(record.status is Status.DELETED for record in records):
        raise ProblemError(Code.IMAGE_DELETED)
    return _answer(needed, files, records, the_plan.planned_at_ms // 1000)


def _check_sizes(files: Sequence[File], max_bytes: int) -> None:
    if any(file.size > max_bytes for file in files):
        raise ProblemError(Code.FILE_TOO_LARGE, f"at most {max_bytes} bytes")


def _plan(needed: Services, user_id: str, files: Sequence[File], key: str | None) -> Plan:
    """A plan whose files are reserved: that of an earlier request with this key, or a new one."""
    new = Plan.new(needed.now_ms(), needed.seed(), files)
    wanted = Usage(len(files), sum(file.size for file in files))
    now_seconds = new.planned_at_ms // 1000
    if key is None:
        needed.quota.reserve(user_id, wanted, now_seconds)
        return new
    earlier = needed.quota.on and needed.idempotency_keys.find(user_id, key, now_seconds)
    if earlier:
        return _same_request(earlier, new)
    needed.quota.reserve(user_id, wanted, now_seconds)
    standing = needed.idempotency_keys.claim(user_id, key, new)
    if standing != new:  # reserved by the other request
        needed.quota.release(user_id, wanted)
    return _same_request(standing, new)


def _same_request(standing: Plan, new: Plan) -> Plan:
    if standing.fingerprint != new.fingerprint:
        raise ProblemError(Code.IDEMPOTENCY_KEY_REUSED)
    return standing


def _answer(
    needed: Services, files: Sequence[File], records: Sequence[ImageRecord], planned_at_ms: int
) -> schemas.PlannedUploads:
    """Signed as of `planned_at_ms` (seconds): a repeated request gets the same upload again."""
    signer, addresses = needed.upload_signer, needed.addresses()
    credentials, _ = needed.storage.credentials()
    moment = Moment(credentials, needed.settings.region, planned_at_ms)
    items = [
        schemas.PlannedUpload.model_construct(
            image=views.image(record, addresses),
            upload=_upload(signer.sign(file, str(record.key), moment)),
        )
        for file, record in zip(files, records, strict=True)
    ]
    return schemas.PlannedUploads.model_construct(items=items)


def _upload(signed: SignedUpload) -> schemas.Upload:
    return schemas.Upload.model_construct(
        method=signed.method,
        url=signed.url,
        fields=signed.fields,
        headers=signed.headers,
        expires_at=signed.expires_at_ms,
    )
