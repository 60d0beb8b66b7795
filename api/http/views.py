"""Records as responses: images with signed, cacheable URLs. Pure."""

from api.aws.s3.uploads import SignedUpload
from api.aws.view_urls import ViewUrls
from api.http import schemas
from api.http.originals import served_as
from api.use_cases.plan_uploads import PlannedUpload
from contract.record import ImageRecord, Status

# Nothing is there yet; or it is no image, or was never judged, so nobody's browser may get it.
NOT_SERVED = frozenset({Status.PENDING, Status.FAILED})


def image(record: ImageRecord, urls: ViewUrls) -> schemas.Image:
    """The response for a record that is not `deleted`."""
    archived = record.archived or _is_older(record, urls.originals_from_ms)
    served = record.status not in NOT_SERVED
    thumbnails = [
        schemas.Thumbnail(
            width=fact.width,
            height=fact.height,
            bytes=fact.bytes,
            content_type=fact.content_type,
            key=fact.key,
            url=urls.sign(fact.key),
        )
        for _, fact in sorted(record.thumbnails.items())
    ]
    key = None if record.key is None else str(record.key)
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
        taken_at=record.taken_at,
        camera=_camera(record),
        placeholder=record.placeholder,
        original_key=key,
        original_url=urls.sign(key, served_as(record)) if key and not archived and served else None,
        archived=archived,
        partial=record.partial,
        thumbnails=thumbnails,
        src_set=_src_set(thumbnails),
        url_expires_at=urls.expires_at_ms,
    )


def _camera(record: ImageRecord) -> schemas.Camera | None:
    if record.camera is None:
        return None
    return schemas.Camera.model_construct(make=record.camera.make, model=record.camera.model)


def _is_older(record: ImageRecord, time_ms: int) -> bool:
    return record.created_at_ms is not None and record.created_at_ms < time_ms


def planned_upload(planned: PlannedUpload, urls: ViewUrls) -> schemas.PlannedUpload:
    return schemas.PlannedUpload.model_construct(
        image=image(planned.record, urls), upload=_upload(planned.upload)
    )


def _upload(signed: SignedUpload) -> schemas.Upload:
    return schemas.Upload.model_construct(
        method=signed.method,
        url=signed.url,
        fields=signed.fields,
        headers=signed.headers,
        expires_at=signed.expires_at_ms,
    )


def _src_set(thumbnails: list[schemas.Thumbnail]) -> str | None:
    """One per real width: two thumbnails of a small original are both as wide as the original."""
    by_width = {thumbnail.width: thumbnail.url for thumbnail in reversed(thumbnails)}
    return ", ".join(f"{by_width[width]} {width}w" for width in sorted(by_width)) or None
