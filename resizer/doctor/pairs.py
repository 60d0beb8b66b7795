"""Originals and records, paired from two sorted streams (S3 keys, the table's sort key). Pure."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from contract.record import ImageRecord
from resizer.storage import StoredObject

T = TypeVar("T")
Pair = tuple[StoredObject | None, ImageRecord | None]


def join(originals: Iterator[StoredObject], records: Iterator[ImageRecord]) -> Iterator[Pair]:
    """Pair one user's originals and records, both in key order; either may lack a partner.

    S3 and DynamoDB both order by the bytes of UTF-8.
    """
    stored, record = next(originals, None), next(records, None)
    while stored or record:
        left = stored.key.encode() if stored else None
        right = str(record.key).encode() if record else None
        take_left = right is None or (left is not None and left <= right)
        take_right = left is None or (right is not None and right <= left)
        yield (stored if take_left else None, record if take_right else None)
        if take_left:
            stored = next(originals, None)
        if take_right:
            record = next(records, None)


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
