"""The routes under `/users/{userId}`: from HTTP to use cases and back, and nothing else."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api.aws.dynamodb.visibility import is_visible
from api.aws.s3.uploads import DeclaredFile
from api.http import schemas, views
from api.http.auth import GuardedRoute, bearer
from api.http.cursor import InvalidCursorError, decode_cursor, encode_cursor
from api.http.problem_documents import MEDIA_TYPE, Code, ProblemError
from api.http.services import Services
from api.use_cases.errors import ImageNotFoundError
from contract.keys import USER_ID_PATTERN, InvalidKeyError, check_image_id
from contract.record import ImageRecord, Status


def services_of(request: Request) -> Services:
    """The process's services."""
    services: Services = request.app.state.services
    return services


def problems(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """Descriptions of problem responses for OpenAPI."""
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
    Code.TOO_MANY_UPLOADS,
    Code.IMAGE_DELETED,
    Code.IDEMPOTENCY_KEY_REUSED,
)

router = APIRouter(
    prefix="/users/{userId}",
    route_class=GuardedRoute,
    dependencies=[Depends(bearer)],
)

ProcessServices = Annotated[Services, Depends(services_of)]
UserId = Annotated[
    str,
    Path(
        alias="userId",
        description="The user who owns the images: 1 to 128 of `A-Z a-z 0-9 . _ : | @ + = -`.",
        json_schema_extra={"pattern": f"^{USER_ID_PATTERN}$"},
        examples=["user_2abc"],
    ),
]
ImageId = Annotated[
    str,
    Path(
        alias="imageId",
        description="As returned when the upload was planned, and in the listing. An image of "
        "another program may have any id of 1 to 800 bytes without `/` and control characters.",
        examples=["1763853422123-9f86d081-cat.jpg"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any unique text that the client chooses. While the upload URL works, the same "
        "key with the same request returns the same images instead of new ones.",
    ),
]
RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to ask again. Only if the image is unfinished and the "
        "request did not wait for as long as it asked to.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
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
    services: ProcessServices,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    (planned,) = services.upload_planner.plan(user_id, [_file(body)], idempotency_key)
    return _json(views.planned_upload(planned, services.view_urls()), 201)


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
    services: ProcessServices,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    files = [_file(file) for file in body.files]
    urls = services.view_urls()
    planned = services.upload_planner.plan(user_id, files, idempotency_key)
    items = [views.planned_upload(each, urls) for each in planned]
    return _json(schemas.PlannedUploads.model_construct(items=items), 201)


@router.get(
    "/images",
    operation_id="listImages",
    tags=["images"],
    summary="List a user's images, newest first",
    description="By image id, descending. Ids that the API makes begin with the time, so the "
    "newest is first; ids of other programs are sorted among them by their bytes.",
    response_model=schemas.Page,
    responses={
        200: {"links": PAGE_LINKS},
        **problems(*ALWAYS, Code.FORBIDDEN, Code.INVALID_CURSOR),
    },
)
def list_images(
    user_id: UserId,
    services: ProcessServices,
    limit: Annotated[int, Query(ge=1, le=schemas.MAX_PAGE)] = schemas.DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="`nextCursor` of the previous page.")] = None,
    status: Annotated[
        schemas.VisibleStatus | None,
        Query(description="Only images with this status."),
    ] = None,
) -> Response:
    try:
        before = decode_cursor(services.cursor_key, user_id, cursor) if cursor else None
    except InvalidCursorError as exc:
        raise ProblemError(Code.INVALID_CURSOR) from exc
    wanted = Status(status) if status else None
    found = services.repository.page(user_id, wanted, before, limit, services.now_s())
    urls = services.view_urls()
    page = schemas.Page.model_construct(
        items=[views.image(record, urls) for record in found.records],
        next_cursor=encode_cursor(services.cursor_key, user_id, found.last) if found.last else None,
    )
    return _json(page, 200)


@router.get(
    "/images/{imageId}",
    operation_id="getImage",
    tags=["images"],
    summary="Get one image, or wait until it is finished",
    response_model=schemas.Image,
    responses={200: {"headers": RETRY_AFTER}, **problems(*ALWAYS, Code.IMAGE_NOT_FOUND)},
)
async def get_image(
    request: Request,
    user_id: UserId,
    image_id: ImageId,
    services: ProcessServices,
    wait: Annotated[
        int,
        Query(
            ge=0,
            le=schemas.MAX_WAIT_SECONDS,
            description="Seconds to wait for the image to be `done` or `failed`; after that, it is "
            "returned as it is. If too many requests wait already, it is returned at once, with "
            "`Retry-After`.",
        ),
    ] = 0,
) -> Response:
    _check_image_id(image_id)

    async def read() -> ImageRecord | None:
        if wait == 0:
            return await run_in_threadpool(services.repository.get, user_id, image_id)
        item = await services.waited_for.read((user_id, image_id))
        return ImageRecord.from_item(item) if item else None

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    awaited = await services.waiting.until_final(user_id, read, wait, disconnected)
    if awaited.record is None or not is_visible(awaited.record, services.clock()):
        raise ImageNotFoundError
    response = _json(views.image(awaited.record, services.view_urls()), 200)
    if awaited.retry_after_s is not None:
        response.headers["Retry-After"] = str(awaited.retry_after_s)
    return response


@router.delete(
    "/images/{imageId}",
    operation_id="deleteImage",
    tags=["images"],
    summary="Delete an image: original, thumbnails and record",
    status_code=204,
    response_class=Response,
    responses=problems(*ALWAYS, Code.IMAGE_NOT_FOUND),
)
def delete_image(user_id: UserId, image_id: ImageId, services: ProcessServices) -> Response:
    _check_image_id(image_id)
    services.image_deleter.delete(user_id, image_id)
    return Response(status_code=204)


def _check_image_id(image_id: str) -> None:
    try:
        check_image_id(image_id)
    except InvalidKeyError as exc:
        raise ImageNotFoundError from exc


def _file(body: schemas.UploadRequest) -> DeclaredFile:
    return DeclaredFile(body.filename, body.content_type, body.size, body.sha256, body.method)


def _json(model: schemas.ResponseModel, status: int) -> Response:
    """From the model straight to bytes: FastAPI would validate it again, a third of the cost."""
    return Response(model.to_json(), status_code=status, media_type="application/json")
