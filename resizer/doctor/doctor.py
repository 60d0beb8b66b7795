"""Checks every image in the bucket and the table once, user by user, and repairs on request."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from contract import metadata
from contract.keys import (
    BOOKKEEPING,
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    ThumbnailKey,
    check_user_id,
)
from contract.record import ImageRecord
from resizer.doctor.diagnosis import diagnose, is_left_over, lacks_thumbnail
from resizer.doctor.findings import REPORTED_ONLY, Finding, Report
from resizer.doctor.pairs import Pair, batches, join
from resizer.doctor.repair import Repairs
from resizer.repository import RefusedError
from resizer.resize import ClaimHeldError, Resizer
from resizer.storage import StoredObject
from resizer.thumbnail_metadata import is_made_from

BATCH = 100  # images processed at a time

Verdict = tuple[Finding | None, bool | None]  # what is wrong; whether the repair worked, if tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    repair: bool = False
    redrive: bool = False  # retry what was given up
    user_id: str | None = None  # check this user's images only
    grace_ms: int = 120_000  # leave younger images alone

    def ask_for(self, finding: Finding) -> bool:
        """Whether `finding` is to be repaired."""
        if finding is Finding.GAVE_UP:
            return self.redrive
        return self.repair and finding not in REPORTED_ONLY


@dataclass(frozen=True, slots=True)
class Doctor:
    resizer: Resizer
    options: Options
    owner: str  # of the claims that repairs make
    threads: Executor  # never the resizer's own threads, which this waits for
    progress: Callable[[Report], None] = lambda report: None

    def examine(self) -> Report:
        report = Report()
        for pairs in batches(self._pairs(), BATCH):
            report.images += len(pairs)
            self._add(report, self.threads.map(self._examine_pair, pairs))
        for thumbnails in batches(self._thumbnails(), BATCH):
            report.thumbnails += len(thumbnails)
            self._add(report, self.threads.map(self._examine_thumbnail, thumbnails))
        return report

    def _add(self, report: Report, verdicts: Iterable[Verdict]) -> None:
        for finding, repaired in verdicts:
            if finding:
                report.add(finding, repaired)
        self.progress(report)

    def _pairs(self) -> Iterator[Pair]:
        """The images of every user in the bucket, then the records of users without an original."""
        storage, repository = self.resizer.storage, self.resizer.repository
        only = self.options.user_id
        for user_id in [only] if only else storage.users():
            yield from join(storage.originals(user_id), self._records(user_id))
        for user_id in () if only else repository.users():
            if not user_id.startswith(BOOKKEEPING) and not storage.has_originals(user_id):
                yield from ((None, record) for record in repository.of_user(user_id))

    def _records(self, user_id: str) -> Iterator[ImageRecord]:
        try:
            return self.resizer.repository.of_user(check_user_id(user_id))
        except InvalidUserIdError:
            return iter(())

    def _thumbnails(self) -> Iterator[StoredObject]:
        """All thumbnails; none for a single user, since finding theirs means reading them all."""
        return iter(()) if self.options.user_id else self.resizer.storage.thumbnails()

    def _examine_pair(self, pair: Pair) -> Verdict:
        stored, record = pair
        now_ms, grace_ms = self.resizer.now_ms(), self.options.grace_ms
        finding = diagnose(stored, record, now_ms, grace_ms, self._lacks_thumbnail)
        if finding is None or not self.options.ask_for(finding):
            return finding, None
        try:
            return finding, Repairs(self.resizer, self.owner).repair(finding, stored, record)
        except (ClaimHeldError, RefusedError):
            return finding, False  # another worker has it

    def _lacks_thumbnail(self, record: ImageRecord) -> bool:
        widths = self.resizer.settings.widths
        assert record.key is not None  # it is paired with an original
        key = record.key
        keys = (str(key.thumbnail(width)) for width in widths)
        return lacks_thumbnail(record, widths, map(self.resizer.storage.head, keys))

    def _examine_thumbnail(self, listed: StoredObject) -> Verdict:
        storage = self.resizer.storage
        try:
            key = ThumbnailKey.parse(listed.key)
        except InvalidKeyError:
            return Finding.FOREIGN_KEY, None
        thumbnail = storage.head(listed.key)
        if thumbnail is None:
            return None, None  # removed after the listing
        user_id = thumbnail.metadata.get(metadata.USER_ID)
        if user_id is None:
            return Finding.FOREIGN_KEY, None
        if not self._is_orphan(thumbnail, OriginalKey(user_id, key.image_id), key.width):
            return None, None
        if not self.options.ask_for(Finding.ORPHAN_THUMBNAIL):
            return Finding.ORPHAN_THUMBNAIL, None
        storage.delete(thumbnail.key, thumbnail.e_tag)
        return Finding.ORPHAN_THUMBNAIL, True

    def _is_orphan(self, thumbnail: StoredObject, key: OriginalKey, width: int) -> bool:
        """Whether the original is gone, or was replaced and the record has no such thumbnail."""
        original = self.resizer.storage.head(str(key))
        if original and is_made_from(thumbnail, key.user_id, original.e_tag):
            return False
        return is_left_over(width, original, self.resizer.repository.of_original(key))
