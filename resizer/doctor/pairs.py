"""Originals and records, paired: every original and every record once.

Both come sorted by name. A record of another program may have any image id and name its original in
`originalKey`. Such a record comes alone, and its original does not come again (`names_elsewhere`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from contract.keys import (
    BOOKKEEPING,
    UPLOADS,
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    check_user_id,
    is_planned_id,
)
from contract.record import ImageRecord
from resizer.repository import Repository
from resizer.storage import Storage, StoredObject

T = TypeVar("T")
Pair = tuple[StoredObject | None, ImageRecord | None]

MAX_NAMED_ELSEWHERE = 100_000  # keys kept in memory, of one user


def all_pairs(storage: Storage, repository: Repository, only: str | None) -> Iterator[Pair]:
    """Those of the users in the bucket, then the records of users without an original.

    `only`: those of this user. Objects in no user's folder come first.
    """
    for stored in () if only else storage.outside_folders():
        yield stored, None
    for user_id in [only] if only else storage.users():
        yield from pairs_of_user(storage, repository, user_id)
    for user_id in () if only else repository.users():
        if not user_id.startswith(BOOKKEEPING) and not storage.has_originals(user_id):
            yield from ((None, record) for record in repository.of_user(user_id))


def pairs_of_user(storage: Storage, repository: Repository, user_id: str) -> Iterator[Pair]:
    originals = storage.originals(user_id)
    try:
        check_user_id(user_id)
    except InvalidUserIdError:
        yield from ((stored, None) for stored in originals)
        return
    named_elsewhere = _NamedElsewhere(repository, user_id)
    for stored, record in join(originals, repository.of_user(user_id)):
        if record or stored is None or not named_elsewhere.has(stored.key):
            yield stored, record


def names_elsewhere(record: ImageRecord) -> bool:
    """Whether the record's original has another name than the record."""
    return record.key is not None and record.key.image_id != record.image_id


class _NamedElsewhere:
    """The keys that records with another image id name, read when the first one is asked for."""

    def __init__(self, repository: Repository, user_id: str) -> None:
        self._repository = repository
        self._user_id = user_id
        self._keys: set[str] | None = None

    def has(self, key: str) -> bool:
        try:
            parsed = OriginalKey.parse(key)
        except InvalidKeyError:
            return False
        if is_planned_id(parsed.image_id):  # the API names the record like the object
            return False
        if self._keys is None:
            self._keys = set(islice(self._all(), MAX_NAMED_ELSEWHERE))
        if key in self._keys:
            return True
        full = len(self._keys) == MAX_NAMED_ELSEWHERE
        return full and self._repository.find_by_original_key(self._user_id, parsed) is not None

    def _all(self) -> Iterator[str]:
        for record in self._repository.of_user(self._user_id):
            if names_elsewhere(record):
                yield str(record.key)


def join(originals: Iterator[StoredObject], records: Iterator[ImageRecord]) -> Iterator[Pair]:
    """Pair one user's originals and records by name; either may lack a partner.

    S3 and DynamoDB both order by the bytes of UTF-8.
    """
    stored, record = next(originals, None), next(records, None)
    while stored or record:
        left = stored.key.encode() if stored else None
        right = f"{UPLOADS}/{record.user_id}/{record.image_id}".encode() if record else None
        take_left = right is None or (left is not None and left <= right)
        take_right = left is None or (right is not None and right <= left)
        if take_left and take_right and record and not _is_of(record, stored):
            yield stored, None  # the record is of another object: see the module's docstring
            take_left = False
            stored = next(originals, None)
        yield (stored if take_left else None, record if take_right else None)
        if take_left:
            stored = next(originals, None)
        if take_right:
            record = next(records, None)


def _is_of(record: ImageRecord, stored: StoredObject | None) -> bool:
    return stored is None or record.key is None or str(record.key) == stored.key


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
