"""The routes under `/users/{userId}`: HTTP to functions, nothing else."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.http import schemas, views
from api.http.auth import GuardedRoute, bearer
from api.http.cursor import InvalidCursorError, decode_cursor, encode_cursor
from api.http.problem_documents import MEDIA_TYPE, Code, ProblemError
from api.services import Services
from api.use_cases.delete_image import delete_image as remove_image
from api.use_cases.plan_uploads import plan_uploads
from api.use_cases.uploads import File
from contract.keys import InvalidKeyError, parse_image_id
from contract.record import ImageRecord, Status

USER_ID_PATTERN = r"^[A-Za-z0-9._:|@+=-]{1,128}$"


def services(request: Request) -> Services:
    """The process's services."""
    found: Services = request.app.state.services
    return found


def problems(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """Descriptions of problem answers for OpenAPI."""
    described: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        entry = described.setdefault(code.status, {"description": ""})
        entry["description"] += f"{', ' if entry['description'] else ''}`{code.code}`"
        entry["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return described


ALWAYS = (
    Code.UNAUTHENTICATED,
    Code.INVALID_TOKEN,
    Code.INVALID_USER_ID,
    Code.INVALID_REQUEST,
    Code.INTERNAL_ERROR,
    Code.STORAGE_UNAVAILABLE,
    Code.AUTH_UNAVAILABLE,
)
PLANNING = (
    Code.MALFORMED_JSON,
    Code.FORBIDDEN,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.INVALID_FILENAME,
    Code.UNSUPPORTED_CONTENT_TYPE,
    Code.FILE_TOO_LARGE,
    Code.QUOTA_EXCEEDED,
    Code.IMAGE_DELETED,
    Code.IDEMPOTENCY_KEY_REUSED,
)

router = APIRouter(
    prefix="/users/{userId}",
    route_class=GuardedRoute,
    dependencies=[Depends(bearer)],
)

ServicesNeeded = Annotated[Services, Depends(services)]
UserId = Annotated[
    str,
    Path(
        alias="userId",
        description="Whose images: 1 to 128 of `A-Z a-z 0-9 . _ : | @ + = -`.",
        json_schema_extra={"pattern": USER_ID_PATTERN},
        examples=["user_2abc"],
    ),
]
ImageId = Annotated[
    str,
    Path(
        alias="imageId",
        description="As the upload's answer and the listing give it.",
        examples=["1763853422123-9f86d081-cat.jpg"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any unique text of the client's. While its upload URL lasts, the same key "
        "with the same request answers the same images instead of new ones.",
    ),
]
IMAGE_LINKS = {
    "image": {
        "operationId": "getImage",
        "parameters": {
            "userId": "$request.path.userId",
            "imageId": "$response.body#/image/imageId",
        },
    },
    "delete": {
        "operationId": "deleteImage",
        "parameters": {
            "userId": "$request.path.userId",
            "imageId": "$response.body#/image/imageId",
        },
    },
}
PAGE_LINKS = {
    "nextPage": {
        "operationId": "listImages",
        "parameters": {
            "userId": "$request.path.userId",
            "cursor": "$response.body#/nextCursor",
        },
    }
}


@router.post(
    "/uploads",
    operation_id="planUpload",
    tags=["uploads"],
    summary="Plan the upload of one image",
    status_code=201,
    response_model=schemas.PlannedUpload,
    responses={201: {"links": IMAGE_LINKS}, **problems(*ALWAYS, *PLANNING)},
)
def plan_upload(
    body: schemas.UploadRequest,
    user_id: UserId,
    needed: ServicesNeeded,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    planned = plan_uploads(needed, user_id, [_file(body)], idempotency_key)
    return _json(planned.items[0], 201)


@router.post(
    "/uploads/batch",
    operation_id="planUploads",
    tags=["uploads"],
    summary="Plan the upload of several images",
    status_code=201,
    response_model=schemas.PlannedUploads,
    responses=problems(*ALWAYS, *PLANNING),
)
def plan_upload_batch(
    body: schemas.BatchRequest,
    user_id: UserId,
    needed: ServicesNeeded,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    files = [_file(file) for file in body.files]
    return _json(plan_uploads(needed, user_id, files, idempotency_key), 201)


@router.get(
    "/images",
    operation_id="listImages",
    tags=["images"],
    summary="List a user's images, newest first",
    response_model=schemas.Page,
    responses={
        200: {"links": PAGE_LINKS},
        **problems(*ALWAYS, Code.FORBIDDEN, Code.INVALID_CURSOR),
    },
)
def list_images(
    user_id: UserId,
    needed: ServicesNeeded,
    limit: Annotated[int, Query(ge=1, le=schemas.MAX_PAGE)] = schemas.DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="`nextCursor` of the page before.")] = None,
    status: Annotated[
        Literal["pending", "processing", "done", "failed"] | None,
        Query(description="Only images of this status."),
    ] = None,
) -> Response:
    try:
        before = decode_cursor(needed.cursor_key, user_id, cursor) if cursor else None
    except InvalidCursorError as exc:
        raise ProblemError(Code.INVALID_CURSOR) from exc
    wanted = Status(status) if status else None
    found = needed.repository.page(user_id, wanted, before, limit, int(needed.clock()))
    addresses = needed.addresses()
    page = schemas.Page.model_construct(
        items=[views.image(record, addresses) for record in found.records],
        next_cursor=encode_cursor(needed.cursor_key, user_id, found.last) if found.last else None,
    )
    return _json(page, 200)


@router.get(
    "/images/{imageId}",
    operation_id="getImage",
    tags=["images"],
    summary="Get one image, or wait until it is finished",
    response_model=schemas.Image,
    responses=problems(*ALWAYS, Code.IMAGE_NOT_FOUND),
)
async def get_image(
    user_id: UserId,
    image_id: ImageId,
    needed: ServicesNeeded,
    wait: Annotated[
        int,
        Query(
            ge=0,
            le=schemas.MAX_WAIT_SECONDS,
            description="Seconds: answer as soon as the image is `done` or `failed`, or after "
            "this long.",
        ),
    ] = 0,
) -> Response:
    _check_image_id(image_id)

    async def read() -> ImageRecord | None:
        return await run_in_threadpool(needed.repository.get, user_id, image_id)

    record = await needed.waiting.until_final(read, wait)
    if record is None or not is_visible(record, needed.clock()):
        raise ProblemError(Code.IMAGE_NOT_FOUND)
    return _json(views.image(record, needed.addresses()), 200)


@router.delete(
    "/images/{imageId}",
    operation_id="deleteImage",
    tags=["images"],
    summary="Delete an image: original, thumbnails and record",
    status_code=204,
    response_class=Response,
    responses=problems(*ALWAYS, Code.IMAGE_NOT_FOUND),
)
def delete_image(user_id: UserId, image_id: ImageId, needed: ServicesNeeded) -> Response:
    _check_image_id(image_id)
    if not remove_image(needed, user_id, image_id):
        raise ProblemError(Code.IMAGE_NOT_FOUND)
    return Response(status_code=204)


def is_visible(record: ImageRecord, now_seconds: float) -> bool:
    """DynamoDB's TTL deletes days late, so what is over is hidden until then."""
    if record.status is Status.PENDING:
        return record.expires_at_s is None or record.expires_at_s > now_seconds
    return record.status is not Status.DELETED


def _check_image_id(image_id: str) -> None:
    try:
        parse_image_id(image_id)
    except InvalidKeyError as exc:
        raise ProblemError(Code.IMAGE_NOT_FOUND) from exc


def _file(body: schemas.UploadRequest) -> File:
    return File(body.filename, body.content_type, body.size, body.sha256, body.method)


def _json(model: schemas.Answer, status: int) -> Response:
    """Straight from the model to bytes: a second validation of our own answer costs a third."""
    return Response(model.to_json(), status_code=status, media_type="application/json")
