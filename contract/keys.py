"""Object keys: building and parsing them, and the rules for user ids, image ids and file names.

`image_id` is the object's own name. The API makes `<13 digits of milliseconds>-<8 hex
digits>-<filename>`, so that names sort by time. Other programs may choose any other name: see
`check_image_id` and decision 0014.
"""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from contract.timestamps import leading_timestamp

UPLOADS = "uploads"
THUMBNAILS = "thumbnails"

# Partition keys of rows that are not image records begin with it; no user id does.
BOOKKEEPING = "#"

MAX_FILENAME_BYTES = 255  # what file systems allow; percent-encoded it fits S3's 2 kB of metadata
MAX_REDUCED_FILENAME_CHARS = 80
MAX_IMAGE_ID_BYTES = 800  # key <= 1,024 bytes (S3, "Object key naming") for every user id and width

USER_ID_PATTERN = r"[A-Za-z0-9._:|@+=-]{1,128}"
_USER_ID = re.compile(USER_ID_PATTERN)
_PLANNED_ID = re.compile(r"\d{13}-[0-9a-f]{8}-[A-Za-z0-9._-]{1,80}", re.ASCII)
_WIDTH = re.compile(r"[1-9]\d{0,4}", re.ASCII)
_NONCE = re.compile(r"[0-9a-f]{8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SLASH_OR_CONTROL = re.compile(r"[/\x00-\x1f\x7f]")
_LOG_HASH_DIGITS = 16
_NOT_KEPT = re.compile(r"[^A-Za-z0-9._-]+")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}")


class InvalidKeyError(ValueError):
    """Not one of this product's object keys."""


class InvalidUserIdError(ValueError):
    """Not a valid user id: see `check_user_id`."""


class InvalidFilenameError(ValueError):
    """Not a valid file name: see `check_filename`."""


def check_user_id(user_id: str) -> str:
    """Return `user_id` if it is 1 to 128 of `[A-Za-z0-9._:|@+=-]`, but not `.` or `..`."""
    if not _USER_ID.fullmatch(user_id) or user_id in {".", ".."}:
        raise InvalidUserIdError("a user id has 1 to 128 characters of A-Z a-z 0-9 . _ : | @ + = -")
    return user_id


def check_filename(filename: str) -> str:
    """Return `filename` if it is 1 to 255 bytes of UTF-8 without control characters."""
    try:
        size_bytes = len(filename.encode())
    except UnicodeEncodeError as exc:  # a lone surrogate, which JSON can carry
        raise InvalidFilenameError("a file name must be valid Unicode") from exc
    if not 1 <= size_bytes <= MAX_FILENAME_BYTES or _CONTROL.search(filename):
        raise InvalidFilenameError("a file name has 1 to 255 bytes and no control characters")
    return filename


def reduce_filename(filename: str) -> str:
    """Reduce a file name to at most 80 of `[A-Za-z0-9._-]`: accents folded, extension kept.

    A stem that ends up empty becomes `image`.
    """
    folded = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    stem, dot, suffix = folded.rpartition(".")
    extension = dot + suffix
    if not _EXTENSION.fullmatch(extension):
        stem, extension = folded, ""
    stem = _NOT_KEPT.sub("-", stem).strip("-.")
    stem = stem[: MAX_REDUCED_FILENAME_CHARS - len(extension)].rstrip("-.")
    return (stem or "image") + extension


def new_image_id(timestamp_ms: int, nonce: str, filename: str) -> str:
    """Name a new object: `<timestamp>-<nonce>-<reduced filename>`.

    `nonce`, 8 random lower-case hex digits, keeps two users' images out of one thumbnail key.
    """
    if not 10**12 <= timestamp_ms < 10**13:
        raise ValueError("timestamp_ms must have 13 digits")
    if not _NONCE.fullmatch(nonce):
        raise ValueError("nonce must be 8 lower-case hex digits")
    return f"{timestamp_ms}-{nonce}-{reduce_filename(filename)}"


def check_image_id(image_id: str) -> str:
    """Return `image_id` if it is 1 to 800 bytes of UTF-8 without `/` and control characters.

    Nor may it be `.` or `..`, which no URL can have as a segment of its path (URL Standard,
    "Path state"; percent-encoding them does not help). Raises InvalidKeyError.
    """
    try:
        size_bytes = len(image_id.encode())
    except UnicodeEncodeError as exc:  # a lone surrogate, which JSON can carry
        raise InvalidKeyError("an image id must be valid Unicode") from exc
    if not 1 <= size_bytes <= MAX_IMAGE_ID_BYTES or _SLASH_OR_CONTROL.search(image_id):
        raise InvalidKeyError("an image id has 1 to 800 bytes, no `/` and no control characters")
    if image_id in {".", ".."}:
        raise InvalidKeyError("an image id must not be . or ..")
    return image_id


def is_planned_id(image_id: str) -> bool:
    """Whether the image id has the form that `new_image_id` makes."""
    return _PLANNED_ID.fullmatch(image_id) is not None


def id_created_at_ms(image_id: str) -> int | None:
    """The point in time with which an image id begins (milliseconds), None if with none."""
    found = leading_timestamp(image_id)
    return found[0] if found else None


def id_filename(image_id: str) -> str:
    """What follows the timestamp in an image id; all of it where nothing does."""
    found = leading_timestamp(image_id)
    rest = image_id[found[1] :] if found else ""
    return rest[1:] if len(rest) > 1 and rest[0] in "-_ " else image_id


@dataclass(frozen=True, slots=True)
class OriginalKey:
    """`uploads/<user_id>/<image_id>`"""

    user_id: str
    image_id: str

    def __post_init__(self) -> None:
        check_user_id(self.user_id)
        check_image_id(self.image_id)

    def __str__(self) -> str:
        return f"{UPLOADS}/{self.user_id}/{self.image_id}"

    @property
    def created_at_ms(self) -> int | None:
        return id_created_at_ms(self.image_id)

    @property
    def filename(self) -> str:
        return id_filename(self.image_id)

    @property
    def log_fields(self) -> dict[str, str | int]:
        """What identifies the image in logs, without the file name: its timestamp, or a hash.

        `idHash` is the first 16 hex digits of the image id's SHA-256.
        """
        if self.created_at_ms is not None:
            return {"userId": self.user_id, "createdAt": self.created_at_ms}
        id_hash = sha256(self.image_id.encode()).hexdigest()[:_LOG_HASH_DIGITS]
        return {"userId": self.user_id, "idHash": id_hash}

    @property
    def log_name(self) -> str:
        """`log_fields` as the text of an error."""
        return "/".join(map(str, self.log_fields.values()))

    def thumbnail(self, width: int) -> "ThumbnailKey":
        return ThumbnailKey(width, self.image_id)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Parse an object key; `str(parse(key)) == key` for every accepted key."""
        match key.split("/"):
            case [prefix, user_id, image_id] if prefix == UPLOADS:
                try:
                    return cls(user_id, image_id)
                except InvalidUserIdError as exc:
                    raise InvalidKeyError(str(exc)) from exc
        raise InvalidKeyError("an original's key must be uploads/<userId>/<imageId>")


@dataclass(frozen=True, slots=True)
class ThumbnailKey:
    """`thumbnails/<width>/<image_id>`; it names no user: see decision 0002."""

    width: int
    image_id: str

    def __post_init__(self) -> None:
        if not _WIDTH.fullmatch(str(self.width)):
            raise InvalidKeyError("a thumbnail's width must be 1 to 99999 pixels")
        check_image_id(self.image_id)

    def __str__(self) -> str:
        return f"{THUMBNAILS}/{self.width}/{self.image_id}"

    @classmethod
    def parse(cls, key: str) -> Self:
        match key.split("/"):
            case [prefix, width, image_id] if prefix == THUMBNAILS and _WIDTH.fullmatch(width):
                return cls(int(width), image_id)
        raise InvalidKeyError("a thumbnail's key must be thumbnails/<width>/<imageId>")
