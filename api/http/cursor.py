"""Cursors for a listing: opaque, and valid only for the user whose listing returned them.

A cursor is the last image id with an authentication tag over it and the user. Decision 0031 says
why the key comes from the settings.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest, digest

_TAG_BYTES = 12
_MAX_CURSOR_CHARS = 1400  # a sort key has at most 1,024 bytes


class InvalidCursorError(ValueError):
    """The cursor does not belong to this listing."""


def cursor_key(*names: str) -> bytes:
    """The key shared by all processes that serve the same bucket and table."""
    return sha256("\n".join(("thumbline cursor 1", *names)).encode()).digest()


def encode_cursor(key: bytes, user_id: str, image_id: str) -> str:
    """A cursor for the page after `image_id` in the user's listing."""
    tag = _tag(key, user_id, image_id)
    return urlsafe_b64encode(tag + image_id.encode()).decode().rstrip("=")


def decode_cursor(key: bytes, user_id: str, cursor: str) -> str:
    """The image id in a cursor; raises InvalidCursorError if it is forged or another user's.

    Any row can be the last of a page, so any image id that has its tag is accepted.
    """
    try:
        if len(cursor) > _MAX_CURSOR_CHARS:
            raise ValueError("too long")
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        image_id = raw[_TAG_BYTES:].decode()
    except ValueError as exc:
        raise InvalidCursorError("not a cursor") from exc
    if not compare_digest(encode_cursor(key, user_id, image_id), cursor):
        raise InvalidCursorError("not a cursor of this listing")
    return image_id


def _tag(key: bytes, user_id: str, image_id: str) -> bytes:
    text = f"{user_id}\n{image_id}"  # no user id contains a line break
    return digest(key, text.encode(), "sha256")[:_TAG_BYTES]
