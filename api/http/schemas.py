"""Requests and responses as clients see them: camelCase, and every field always present.

Times are in milliseconds since the epoch, sizes in bytes, widths and heights in pixels.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from contract.formats import CONTENT_TYPES, normal_content_type
from contract.keys import InvalidFilenameError, check_filename
from contract.record import Reason, Status

MAX_BATCH = 100  # DynamoDB: 100 items in one transaction
MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_WAIT_SECONDS = 20  # API Gateway ends a request after 30 s

if TYPE_CHECKING:  # mypy cannot follow a Literal that is made from a tuple
    ContentType = str
    FailureReason = str
    VisibleStatus = str
else:
    ContentType = Literal[*CONTENT_TYPES]
    FailureReason = Literal[*map(str, Reason)]
    VisibleStatus = Literal[*(str(status) for status in Status if status is not Status.DELETED)]


def _filename(value: str) -> str:
    try:
        return check_filename(value)
    except InvalidFilenameError as exc:
        raise PydanticCustomError("invalid_filename", "{why}", {"why": str(exc)}) from exc


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


def _whole(value: object) -> object:
    """1.0 is an integer in JSON Schema and in JavaScript."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _content_type(value: object) -> object:
    return normal_content_type(value) if isinstance(value, str) else value


class ResponseModel(_Model):
    """The base of all responses."""

    def to_json(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self, by_alias=True)


class UploadRequest(_Model):
    """A file to upload."""

    filename: Annotated[
        str,
        AfterValidator(_filename),
        Field(
            json_schema_extra={
                "minLength": 1,
                "maxLength": 255,
                "pattern": "^[^\\x00-\\x1f\\x7f]+$",
            },
            description="The original name: 1 to 255 bytes of UTF-8 without control characters.",
        ),
    ]
    content_type: Annotated[
        ContentType,
        Field(
            description="Other names that everybody knows (`image/jpg`), other case and parameters "
            "are accepted too and mean these types. Storage accepts only the `Content-Type` that "
            "the response says."
        ),
        BeforeValidator(_content_type),
    ]
    size: Annotated[
        StrictInt,
        Field(ge=1, description="In bytes. Storage rejects a longer or shorter file."),
        BeforeValidator(_whole),
    ]
    sha256: Annotated[
        str | None,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="Of the file, in lower-case hex. If set, storage rejects any other bytes.",
        ),
    ] = None
    method: Annotated[
        Literal["POST", "PUT"],
        Field(description="`POST` sends a form, `PUT` only the bytes with the signed headers."),
    ] = "POST"

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filename": "cat.jpg", "contentType": "image/jpeg", "size": 123456}]
        }
    )


class BatchRequest(_Model):
    """Several files: either all of them are planned, or none."""

    files: Annotated[list[UploadRequest], Field(min_length=1, max_length=MAX_BATCH)]


class Thumbnail(ResponseModel):
    """One stored thumbnail with a signed URL."""

    width: int
    height: int
    bytes: int
    content_type: str
    key: Annotated[str, Field(description="Object key in the bucket.")]
    url: str


class Camera(ResponseModel):
    """As the camera names itself in the photo."""

    make: str | None
    model: str | None


IMAGE_EXAMPLE: dict[str, Any] = {
    "userId": "user_2abc",
    "imageId": "1763853422123-9f86d081-cat.jpg",
    "status": "done",
    "createdAt": 1763853422123,
    "filename": "cat.jpg",
    "contentType": "image/jpeg",
    "size": 123456,
    "width": 1200,
    "height": 800,
    "eTag": "9b2cf535f27731c974343645a3985328",
    "error": None,
    "color": "#8a7f6d",
    "placeholder": "data:image/webp;base64,UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+",
    "takenAt": "2025-11-22T18:30:00+01:00",
    "camera": {"make": "Apple", "model": "iPhone 15 Pro"},
    "originalKey": "uploads/user_2abc/1763853422123-9f86d081-cat.jpg",
    "originalUrl": "https://bucket.s3.eu-west-1.amazonaws.com/uploads/user_2abc/"
    "1763853422123-9f86d081-cat.jpg?X-Amz-Algorithm=…",
    "archived": False,
    "partial": False,
    "thumbnails": [
        {
            "width": 200,
            "height": 133,
            "bytes": 5120,
            "contentType": "image/webp",
            "key": "thumbnails/200/1763853422123-9f86d081-cat.jpg",
            "url": "https://bucket.s3.eu-west-1.amazonaws.com/thumbnails/200/"
            "1763853422123-9f86d081-cat.jpg?X-Amz-Algorithm=…",
        }
    ],
    "srcSet": "https://bucket.s3.eu-west-1.amazonaws.com/thumbnails/200/"
    "1763853422123-9f86d081-cat.jpg?X-Amz-Algorithm=… 200w",
    "urlExpiresAt": 1763874000000,
}


class Image(ResponseModel):
    """An image with everything that `next/image` needs."""

    user_id: str
    image_id: str
    status: Annotated[
        VisibleStatus,
        Field(description="`pending` until the upload arrives; `done` and `failed` are final."),
    ]
    created_at: Annotated[
        int | None,
        Field(description="When the upload was planned. Null if another program left it out."),
    ]
    filename: Annotated[str | None, Field(description="The original name.")]
    content_type: str | None
    size: Annotated[int | None, Field(description="Size of the original, in bytes.")]
    width: Annotated[int | None, Field(description="In pixels, of the upright original.")]
    height: int | None
    e_tag: str | None
    error: Annotated[
        FailureReason | None,
        Field(description="Why the image is `failed`."),
    ]
    color: Annotated[str | None, Field(description="`#rrggbb`, the dominant color.")]
    placeholder: Annotated[str | None, Field(description="`data:` URL for `blurDataURL`.")]
    taken_at: Annotated[
        str | None,
        Field(
            description="When the photo was taken, by its camera: ISO 8601 with the camera's "
            "offset. Without one, it is the local time of the place. Null if it does not say."
        ),
    ]
    camera: Annotated[
        Camera | None, Field(description="What took the photo. Null if it does not say.")
    ]
    original_key: Annotated[
        str | None, Field(description="Null if another program wrote a record that names none.")
    ]
    original_url: Annotated[
        str | None,
        Field(description="Signed; null while `pending`, and if `failed` or `archived`."),
    ]
    archived: Annotated[
        bool, Field(description="The original was removed or frozen; the thumbnails stay.")
    ]
    partial: Annotated[
        bool,
        Field(
            description="The original is cut off; the thumbnails show what there is, and are "
            "transparent where a part is missing."
        ),
    ]
    thumbnails: list[Thumbnail]
    src_set: Annotated[str | None, Field(description="For `<img srcset>`, by width.")]
    url_expires_at: Annotated[int, Field(description="When the signed URLs expire.")]


class Upload(ResponseModel):
    """How to send the bytes; Uppy's `getUploadParameters` accepts it as it is."""

    method: Literal["POST", "PUT"]
    url: str
    fields: Annotated[
        dict[str, str],
        Field(description="Form fields of a POST; send all of them before the `file` field."),
    ]
    headers: Annotated[
        dict[str, str], Field(description="Headers of a PUT; send them exactly as given.")
    ]
    expires_at: Annotated[int, Field(description="When storage stops accepting the upload.")]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "method": "POST",
                    "url": "https://bucket.s3.eu-west-1.amazonaws.com/",
                    "fields": {
                        "Content-Type": "image/jpeg",
                        "key": "uploads/user_2abc/1763853422123-9f86d081-cat.jpg",
                        "policy": "eyJleHBpcmF0aW9uIjog…",
                    },
                    "headers": {},
                    "expiresAt": 1763857022123,
                }
            ]
        }
    )


class PlannedUpload(ResponseModel):
    """The planned image, and how to upload it."""

    image: Image
    upload: Upload


class PlannedUploads(ResponseModel):
    """In the order of the request."""

    items: list[PlannedUpload]


class Page(ResponseModel):
    """One page of images by image id, descending: newest first for ids that the API makes."""

    items: list[Image]
    next_cursor: Annotated[
        str | None,
        Field(
            description="For the next page; null on the last one. With a `status` filter, a page "
            "can have fewer than `limit` images, or none, and still not be the last one."
        ),
    ]


class Health(ResponseModel):
    """`ok`; anything else is a problem document."""

    status: Literal["ok"]


class ProblemEntry(_Model):
    """One thing that is wrong with the request."""

    pointer: Annotated[str, Field(description="Where: a JSON pointer, or the name of a parameter.")]
    detail: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it. Switch on `code`; the texts may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[ProblemEntry] | None = None
    request_id: Annotated[str | None, Field(alias="requestId")] = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:thumbline:problem:image_not_found",
                    "title": "Image not found",
                    "status": 404,
                    "code": "image_not_found",
                    "requestId": "5f0c9f1d2b7a4c5e",
                }
            ]
        }
    )
