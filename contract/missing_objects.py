"""How to tell from a rejected S3 request that there is no such object."""

from collections.abc import Callable


def is_missing(status: int, key: str, first_key: Callable[[str], str | None]) -> bool:
    """Whether the HTTP `status` of a rejected GET or HEAD means that no object has this `key`.

    Without `s3:ListBucket` on the whole bucket, S3 returns 403 for a missing object too (Amazon S3
    API Reference, HeadObject, "Permissions"). A listing by prefix, which the roles may do, tells
    the two apart: `first_key` returns the first key that begins with a prefix, None if none does.
    """
    if status == 403:
        return first_key(key) != key
    return status == 404
