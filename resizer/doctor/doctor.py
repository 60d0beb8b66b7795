"""Checks every image in the bucket and the table once, user by user, and repairs on request.

One item never decides for another: what raises an exception is reported by its key, and the run
goes on. Only if AWS rejects one item after another is none of them to blame, and the run ends.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from contract import metadata
from contract.archiving import removed_before_ms
from contract.keys import (
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    ThumbnailKey,
    is_planned_id,
)
from contract.record import ImageRecord, Status
from resizer.doctor.diagnosis import diagnose, is_left_over, lacks_thumbnail
from resizer.doctor.findings import FORGETTABLE, REDRIVEN, REPORTED_ONLY, Finding, Report, Verdict
from resizer.doctor.pairs import Pair, all_pairs, batches, names_elsewhere
from resizer.doctor.repair import Repairs
from resizer.failures import DEFECTS
from resizer.repository import RefusedError
from resizer.resize import ClaimHeldError, Resizer
from resizer.storage import StoredObject
from resizer.thumbnail_metadata import is_made_from

BATCH = 100  # images processed at a time
OUTAGE_ERRORS = 50  # in a row: AWS or a permission is at fault, and no image
REJECTED_ITEM = "ValidationException"  # DynamoDB's word for an item that is too large, for example

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    repair: bool = False
    redrive: bool = False  # retry what was given up or quarantined
    forget_missing: bool = False  # remove what is left of originals that are gone
    user_id: str | None = None  # check this user's images only
    grace_ms: int = 120_000  # leave younger images alone
    expire_originals_days: int = 0  # as the bucket's lifecycle rule does; 0: never

    def ask_for(self, finding: Finding) -> bool:
        """Whether `finding` is to be repaired."""
        if finding in REDRIVEN:
            return self.redrive
        if finding in FORGETTABLE:
            return self.forget_missing
        return self.repair and finding not in REPORTED_ONLY


@dataclass(frozen=True, slots=True)
class Doctor:
    resizer: Resizer
    options: Options
    owner: str  # of the claims that repairs make
    threads: Executor  # never the resizer's own threads, which this waits for
    progress: Callable[[Report], None] = lambda report: None

    def examine(self) -> Report:
        """Raises AWS's error (BotoCoreError or ClientError) if it rejects 50 items in a row."""
        report = Report()
        errors: list[Exception] = []
        storage, repository = self.resizer.storage, self.resizer.repository
        everything = all_pairs(storage, repository, self.options.user_id)
        for pairs in batches(everything, BATCH):
            report.images += len(pairs)
            self._add(report, self.threads.map(self._examine_pair, pairs), errors)
        for thumbnails in batches(self._thumbnails(), BATCH):
            report.thumbnails += len(thumbnails)
            self._add(report, self.threads.map(self._examine_thumbnail, thumbnails), errors)
        return report

    def _add(
        self, report: Report, verdicts: Iterable[Verdict | None], errors: list[Exception]
    ) -> None:
        """`errors` are AWS's for the last items in a row."""
        for verdict in verdicts:
            if verdict:
                report.add(verdict)
            if verdict and verdict.error and _may_be_outage(verdict.error):
                errors.append(verdict.error)
            else:
                errors.clear()
            if len(errors) >= OUTAGE_ERRORS:
                raise errors[-1]
        self.progress(report)

    def _thumbnails(self) -> Iterator[StoredObject]:
        """All thumbnails; none for a single user, since finding theirs means reading them all."""
        return iter(()) if self.options.user_id else self.resizer.storage.thumbnails()

    def _examine_pair(self, pair: Pair) -> Verdict | None:
        stored, record = pair
        key = stored.key if stored else f"{record.user_id}/{record.image_id}" if record else ""
        return self._isolated(key, lambda: self._verdict_on_pair(key, stored, record))

    def _isolated(self, key: str, examine: Callable[[], Verdict | None]) -> Verdict | None:
        try:
            return examine()
        except Exception as exc:  # whatever it is, the other images are not to blame
            defect = exc if isinstance(exc, DEFECTS) else None
            log.warning("an image could not be checked: %s", type(exc).__name__, exc_info=defect)
            return Verdict(Finding.ERROR, f"{key} ({type(exc).__name__})", error=exc)

    def _verdict_on_pair(
        self, key: str, stored: StoredObject | None, record: ImageRecord | None
    ) -> Verdict | None:
        options, now_ms = self.options, self.resizer.now_ms()
        if stored is None and record and names_elsewhere(record):
            stored = self.resizer.storage.head(str(record.key))
        elif stored and (stored.is_frozen or (record and record.archived)):
            stored = self.resizer.storage.head(stored.key)  # which knows what a listing does not
        finding = diagnose(
            stored,
            record,
            now_ms,
            options.grace_ms,
            options.expire_originals_days,
            self._lacks_thumbnail,
        )
        if finding is None or (finding is Finding.UNDELETED and self._has_another_record(record)):
            return None
        if not options.ask_for(finding):
            return Verdict(finding, key)
        try:
            repaired = Repairs(self.resizer, self.owner).repair(finding, stored, record)
        except (ClaimHeldError, RefusedError):
            repaired = False  # another worker has it
        return Verdict(finding, key, repaired)

    def _has_another_record(self, tombstone: ImageRecord | None) -> bool:
        """Whether another program gave the object of a deleted image a new row."""
        if tombstone is None or tombstone.key is None or is_planned_id(tombstone.key.image_id):
            return False
        record = self.resizer.repository.of_original(tombstone.key)
        return record is not None and record.status is not Status.DELETED

    def _lacks_thumbnail(self, record: ImageRecord) -> bool:
        widths = self.resizer.settings.widths
        assert record.key is not None  # it is paired with an original
        key = record.key
        keys = (str(key.thumbnail(width)) for width in widths)
        return lacks_thumbnail(record, widths, map(self.resizer.storage.head, keys))

    def _examine_thumbnail(self, listed: StoredObject) -> Verdict | None:
        return self._isolated(listed.key, lambda: self._verdict_on_thumbnail(listed))

    def _verdict_on_thumbnail(self, listed: StoredObject) -> Verdict | None:
        storage = self.resizer.storage
        try:
            key = ThumbnailKey.parse(listed.key)
        except InvalidKeyError:
            return Verdict(Finding.FOREIGN_KEY, listed.key)
        thumbnail = storage.head(listed.key)
        if thumbnail is None:
            return None  # removed after the listing
        try:
            original = OriginalKey(thumbnail.metadata.get(metadata.USER_ID, ""), key.image_id)
        except InvalidUserIdError:
            return Verdict(Finding.FOREIGN_KEY, listed.key)
        finding = self._orphan(thumbnail, original, key.width)
        if finding is None:
            return None
        if finding is Finding.LAST_THUMBNAIL and self._restored(original, thumbnail):
            return Verdict(Finding.ARCHIVED, listed.key, repaired=True)
        if not self.options.ask_for(finding):
            return Verdict(finding, listed.key)
        storage.delete(thumbnail.key, thumbnail.e_tag)
        return Verdict(finding, listed.key, repaired=True)

    def _restored(self, key: OriginalKey, thumbnail: StoredObject) -> bool:
        """Whether the record of an archived original was rebuilt from what its thumbnails say."""
        removed = removed_before_ms(self.resizer.now_ms(), self.options.expire_originals_days)
        if not self.options.repair or thumbnail.modified_ms >= removed:
            return False
        return Repairs(self.resizer, self.owner).restore_archived(key)

    def _orphan(self, thumbnail: StoredObject, key: OriginalKey, width: int) -> Finding | None:
        """Whether the original is gone, or was replaced and the record has no such thumbnail."""
        original = self.resizer.storage.head(str(key))
        if original and is_made_from(thumbnail, key.user_id, original.e_tag):
            return None
        record = self.resizer.repository.of_original(key)
        if original is None and record is None:
            return Finding.LAST_THUMBNAIL
        return Finding.ORPHAN_THUMBNAIL if is_left_over(width, original, record) else None


def _may_be_outage(error: Exception) -> bool:
    """Whether AWS raised it for a reason that may have nothing to do with the item."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] != REJECTED_ITEM
    return isinstance(error, BotoCoreError)
