"""What is wrong with an image, given its stored object, its record and the time. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping

from contract.archiving import removed_before_ms
from contract.keys import InvalidKeyError, OriginalKey
from contract.record import REDRIVEN, UNUSABLE, ImageRecord, Reason, Status
from resizer.doctor.findings import Finding
from resizer.storage import StoredObject
from resizer.thumbnail_metadata import is_made_from

FINDING_OF_REASON: Mapping[str, Finding] = {
    Reason.GAVE_UP: Finding.GAVE_UP,
    Reason.ENGINE_ERROR: Finding.ENGINE_ERROR,
    Reason.ARCHIVED: Finding.GAVE_UP,
}


def diagnose(
    stored: StoredObject | None,
    record: ImageRecord | None,
    now_ms: int,
    grace_ms: int,
    expire_originals_days: int,
    lacks_thumbnail: Callable[[ImageRecord], bool],
) -> Finding | None:
    """None if nothing is wrong, or if a worker or an event may still fix it.

    The event of an original younger than `grace_ms` may be on its way. `lacks_thumbnail` is
    called only for records that agree with their original.
    """
    if record and _is_claimed(record, now_ms):
        return None
    if stored is None:
        return _without_original(record, now_ms, expire_originals_days) if record else None
    if not _is_original(stored.key):
        return Finding.FOREIGN_KEY
    lost_event = _lost_event(stored, record)
    if lost_event:
        young = now_ms - stored.modified_ms < grace_ms
        return None if young else lost_event
    return _wrong_result(stored, record, lacks_thumbnail) if record else None


def _without_original(
    record: ImageRecord, now_ms: int, expire_originals_days: int
) -> Finding | None:
    """Only a tombstone says that the user deleted it. See docs/decisions/0015."""
    if record.status in {Status.PENDING, Status.DELETED}:
        return None
    if record.status is Status.DONE and record.archived:
        return None
    if record.is_bare or record.key is None:
        return Finding.FOREIGN_RECORD  # its upload may be on its way
    if record.status is Status.FAILED and record.error not in REDRIVEN:
        return None  # originals of failed images expire
    if not record.thumbnails:
        return Finding.RECORD_WITHOUT_ORIGINAL
    expired = (record.created_at_ms or now_ms) < removed_before_ms(now_ms, expire_originals_days)
    unfinished = record.status is not Status.DONE  # and nothing can finish it any more
    return Finding.ARCHIVED if expired or unfinished else Finding.ORIGINAL_MISSING


def _is_claimed(record: ImageRecord, now_ms: int) -> bool:
    """By one of our workers: what another program's row says of claims does not count."""
    claimed = record.status is Status.PROCESSING and not record.is_bare
    return claimed and (record.claimed_until_ms or 0) >= now_ms


def _is_original(key: str) -> bool:
    try:
        OriginalKey.parse(key)
    except InvalidKeyError:
        return False
    return True


def _lost_event(stored: StoredObject, record: ImageRecord | None) -> Finding | None:
    """What is wrong if the event of this original has changed nothing yet."""
    if record is None:
        return Finding.ORIGINAL_WITHOUT_RECORD
    if record.status is Status.PENDING:
        return Finding.UNPROCESSED
    if record.status is Status.PROCESSING:
        return Finding.STUCK
    replaced = record.e_tag != stored.e_tag and record.status is not Status.DELETED
    return Finding.REPLACED if replaced else None


def _wrong_result(
    stored: StoredObject,
    record: ImageRecord,
    lacks_thumbnail: Callable[[ImageRecord], bool],
) -> Finding | None:
    if record.status is Status.DELETED:
        return Finding.UNDELETED
    if record.status is Status.FAILED:
        retried = Finding.FAILED if stored.is_frozen else FINDING_OF_REASON.get(record.error or "")
        return retried or Finding.FAILED
    if stored.is_frozen:  # what lacks a thumbnail has to wait for the original
        return None if record.archived else Finding.ARCHIVED
    if record.archived and not stored.is_restored:
        return Finding.RETURNED
    return Finding.MISSING_THUMBNAIL if lacks_thumbnail(record) else None


def lacks_thumbnail(
    record: ImageRecord, widths: Collection[int], stored: Iterable[StoredObject | None]
) -> bool:
    """Whether the record or the bucket lacks a thumbnail of one of `widths`.

    `stored` holds the thumbnails in the bucket; it is read only as far as needed.
    """
    if set(widths) - set(record.thumbnails):
        return True
    return not all(head and is_made_from(head, record.user_id, record.e_tag) for head in stored)


def is_left_over(width: int, original: StoredObject | None, record: ImageRecord | None) -> bool:
    """Whether a thumbnail of this requested width, not made from `original`, is useless."""
    if original is None:
        return record is not None and _removed_thumbnails(record)
    return (
        record is not None
        and record.e_tag == original.e_tag
        and record.status in {Status.DONE, Status.FAILED}
        and width not in record.thumbnails
    )


def _removed_thumbnails(record: ImageRecord) -> bool:
    """Whether the image was deleted or found unusable, so that a crash left its thumbnails.

    What was only given up or quarantined kept those of an earlier upload, and the status of another
    program's row says nothing about them.
    """
    if record.status is Status.FAILED:
        return record.error in UNUSABLE and not record.is_bare
    return record.status is Status.DELETED
