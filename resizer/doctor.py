"""Compares bucket and table, and mends the table from the bucket: the bucket is the truth.

Goes through the bucket user by user, joining two sorted streams (S3 keys, the table's sort key),
so that memory does not grow with the number of images. Safe to stop at any point and to run while
traffic goes on: every repair is one of the resizer's own conditional steps.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from contract import metadata
from contract.keys import (
    BOOKKEEPING,
    InvalidKeyError,
    InvalidUserIdError,
    OriginalKey,
    ThumbnailKey,
    check_user_id,
)
from contract.record import NO_SEQUENCER, ImageRecord, Reason, Status, ThumbnailFacts
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.repository import Finished, RefusedError
from resizer.resize import ClaimHeldError, Outcome, Resizer
from resizer.storage import StoredObject, stored_filename

BATCH = 100  # images in hand at a time

T = TypeVar("T")
Verdict = tuple["Finding | None", bool | None]  # what is wrong, and whether it was mended
Pair = tuple[StoredObject | None, ImageRecord | None]


class Finding(StrEnum):
    """What can be wrong with an image; the values are the report's field names."""

    ORIGINAL_WITHOUT_RECORD = "original_without_record"
    RECORD_WITHOUT_ORIGINAL = "record_without_original"
    UNPROCESSED = "unprocessed"  # uploaded, and its event never came
    STUCK = "stuck_in_processing"
    REPLACED = "replaced_without_event"  # the original is newer than the record
    MISSING_THUMBNAIL = "missing_thumbnail"
    ORPHAN_THUMBNAIL = "thumbnail_without_original"
    UNDELETED = "deleted_but_stored"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    FOREIGN_KEY = "foreign_key"  # not a key of this product: reported, never touched


@dataclass(slots=True)
class Report:
    """How many objects were looked at, and what was found and mended, by kind."""

    images: int = 0
    thumbnails: int = 0
    found: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unrepaired: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        return {
            "images": self.images,
            "thumbnails": self.thumbnails,
            "found": dict(self.found),
            "repaired": dict(self.repaired),
            "unrepaired": dict(self.unrepaired),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do. Images younger than `grace_ms` are left alone: their event may be on its way."""

    repair: bool = False
    redrive: bool = False
    user_id: str | None = None
    grace_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Doctor:
    resizer: Resizer
    plan: Plan
    owner: str  # of the claims that repairs make
    threads: Executor  # never the resizer's own, whose work this waits for
    progress: Callable[[Report], None] = lambda report: None

    def examine(self) -> Report:
        """Look at every image and thumbnail once; repairs as the plan says."""
        report = Report()
        for pairs in _batches(self._pairs()):
            report.images += len(pairs)
            self._count(report, self.threads.map(self._examine_pair, pairs))
        for thumbnails in _batches(self._thumbnails()):
            report.thumbnails += len(thumbnails)
            self._count(report, self.threads.map(self._examine_thumbnail, thumbnails))
        return report

    def _thumbnails(self) -> Iterator[StoredObject]:
        """All thumbnails; none for one user, whose own could only be told by reading them all."""
        return iter(()) if self.plan.user_id else self.resizer.storage.thumbnails()

    def _count(self, report: Report, results: Iterable[Verdict]) -> None:
        for finding, repaired in results:
            if finding:
                report.found[finding] += 1
                if repaired is not None:
                    (report.repaired if repaired else report.unrepaired)[finding] += 1
        self.progress(report)

    def _pairs(self) -> Iterator[Pair]:
        storage, repository = self.resizer.storage, self.resizer.repository
        for user_id in [self.plan.user_id] if self.plan.user_id else storage.users():
            try:
                records = repository.of_user(check_user_id(user_id))
            except InvalidUserIdError:
                records = iter(())
            yield from _join(storage.originals(user_id), records)
        for user_id in () if self.plan.user_id else repository.users():
            if not user_id.startswith(BOOKKEEPING) and not storage.has_originals(user_id):
                yield from ((None, record) for record in repository.of_user(user_id))

    def _examine_pair(self, pair: Pair) -> Verdict:
        stored, record = pair
        finding = self._diagnose(stored, record)
        if finding is None or not self._wanted(finding):
            return finding, None
        try:
            return finding, self._repair(finding, stored, record)
        except (ClaimHeldError, RefusedError):
            return finding, False  # somebody else is at it

    def _wanted(self, finding: Finding) -> bool:
        if finding is Finding.GAVE_UP:
            return self.plan.redrive
        return self.plan.repair and finding not in {Finding.FAILED, Finding.FOREIGN_KEY}

    def _diagnose(self, stored: StoredObject | None, record: ImageRecord | None) -> Finding | None:
        now_ms = self.resizer.now_ms()
        if (
            record
            and record.status is Status.PROCESSING
            and (record.claimed_until_ms or 0) >= now_ms
        ):
            return None  # under way
        if stored is None:
            waiting = record is None or record.status in {Status.PENDING, Status.DELETED}
            return None if waiting else Finding.RECORD_WITHOUT_ORIGINAL
        try:
            OriginalKey.parse(stored.key)
        except InvalidKeyError:
            return Finding.FOREIGN_KEY
        young = now_ms - stored.modified_ms < self.plan.grace_ms
        return self._diagnose_record(stored, record, young)

    def _diagnose_record(
        self, stored: StoredObject, record: ImageRecord | None, young: bool
    ) -> Finding | None:
        status = record.status if record else None
        if record is None or status is Status.PENDING:
            waiting = Finding.UNPROCESSED if record else Finding.ORIGINAL_WITHOUT_RECORD
            return None if young else waiting
        if status is Status.DELETED:
            return Finding.UNDELETED
        if status is Status.PROCESSING:
            return None if young else Finding.STUCK
        if record.e_tag != stored.e_tag:
            return None if young else Finding.REPLACED
        if status is Status.FAILED:
            return Finding.GAVE_UP if record.error == Reason.GAVE_UP else Finding.FAILED
        return Finding.MISSING_THUMBNAIL if self._lacks_thumbnail(record) else None

    def _lacks_thumbnail(self, record: ImageRecord) -> bool:
        widths = set(self.resizer.settings.widths)
        if widths - set(record.thumbnails):
            return True
        heads = (self.resizer.storage.head(str(record.key.thumbnail(width))) for width in widths)
        return not all(head and _made_from(head, record.user_id, record.e_tag) for head in heads)

    def _repair(
        self, finding: Finding, stored: StoredObject | None, record: ImageRecord | None
    ) -> bool:
        if stored is None:
            assert record is not None
            return self._forget(record)
        ref = ObjectReference(
            key=OriginalKey.parse(stored.key),
            size=stored.size,
            e_tag=stored.e_tag,
            sequencer=(record and record.sequencer) or NO_SEQUENCER,
        )
        if finding is Finding.UNDELETED:
            assert record is not None
            self.resizer.remove_everything(ref, record)
            return True
        if finding is Finding.MISSING_THUMBNAIL:
            assert record is not None
            return self.resizer.refresh(ref, record) is Outcome.DONE
        if finding is Finding.ORIGINAL_WITHOUT_RECORD and self._rebuild(ref):
            return True
        outcome = self.resizer.resize(ref, self.owner, Transition.REDO)
        return outcome in {Outcome.DONE, Outcome.FAILED}

    def _forget(self, record: ImageRecord) -> bool:
        if self.resizer.storage.head(str(record.key)):
            return False  # it came back since the listing
        ref = ObjectReference(
            key=record.key,
            size=record.size or 0,
            e_tag=record.e_tag or "",
            sequencer=record.sequencer or NO_SEQUENCER,
        )
        return self.resizer.forget(ref, self.owner) is Outcome.GONE

    def _rebuild(self, ref: ObjectReference) -> bool:
        """Make the record from the thumbnails' own metadata; False where one is missing."""
        storage, settings = self.resizer.storage, self.resizer.settings
        heads = {w: storage.head(str(ref.key.thumbnail(w))) for w in settings.widths}
        thumbnails = {
            width: head
            for width, head in heads.items()
            if head and _made_from(head, ref.key.user_id, ref.e_tag)
        }
        if len(thumbnails) < len(settings.widths):
            return False
        sequencer = max(head.metadata[metadata.SEQUENCER] for head in thumbnails.values())
        ref = ObjectReference(ref.key, ref.size, ref.e_tag, sequencer)
        original = storage.head(str(ref.key))
        filename = stored_filename(original.metadata) if original else None
        change = Change(sequencer, self.owner, self.resizer.now_ms())
        finished = _finished_from(ref, thumbnails, filename)
        self.resizer.repository.rebuild(Transition.REDO, ref, change, finished)
        return True

    def _examine_thumbnail(self, stored: StoredObject) -> Verdict:
        storage = self.resizer.storage
        try:
            key = ThumbnailKey.parse(stored.key)
        except InvalidKeyError:
            return Finding.FOREIGN_KEY, None
        head = storage.head(stored.key)
        user_id = head.metadata.get(metadata.USER_ID) if head else None
        if head is None or user_id is None:
            return (Finding.FOREIGN_KEY if head else None), None
        if not self._is_orphan(head, OriginalKey(user_id, key.image_id), key.width):
            return None, None
        if self.plan.repair:
            storage.delete(head.key, head.e_tag)
            return Finding.ORPHAN_THUMBNAIL, True
        return Finding.ORPHAN_THUMBNAIL, None

    def _is_orphan(self, thumbnail: StoredObject, key: OriginalKey, width: int) -> bool:
        """Whether the original is gone, or was replaced and the record knows no such thumbnail."""
        original = self.resizer.storage.head(str(key))
        if original and _made_from(thumbnail, key.user_id, original.e_tag):
            return False
        record = self.resizer.repository.get(key.user_id, key.image_id)
        if original is None:  # a living record goes first, together with them
            return record is None or record.status in {Status.DELETED, Status.FAILED}
        current = record is not None and record.e_tag == original.e_tag
        ended = record is not None and record.status in {Status.DONE, Status.FAILED}
        return current and ended and record is not None and width not in record.thumbnails


def _made_from(thumbnail: StoredObject, user_id: str, e_tag: str | None) -> bool:
    facts = thumbnail.metadata
    return facts.get(metadata.USER_ID) == user_id and facts.get(metadata.ORIGINAL_E_TAG) == e_tag


def _finished_from(
    ref: ObjectReference, heads: dict[int, StoredObject], filename: str | None
) -> Finished:
    facts = next(iter(heads.values())).metadata
    return Finished(
        content_type=facts[metadata.ORIGINAL_CONTENT_TYPE],
        size=ref.size,
        width=int(facts[metadata.ORIGINAL_WIDTH]),
        height=int(facts[metadata.ORIGINAL_HEIGHT]),
        placeholder=facts[metadata.PLACEHOLDER],
        color=facts[metadata.COLOR],
        thumbnails={
            width: ThumbnailFacts(
                key=head.key,
                width=int(head.metadata[metadata.WIDTH]),
                height=int(head.metadata[metadata.HEIGHT]),
                bytes=head.size,
                content_type=head.content_type,
            )
            for width, head in heads.items()
        },
        filename=filename,
    )


def _join(originals: Iterator[StoredObject], records: Iterator[ImageRecord]) -> Iterator[Pair]:
    """Pair two streams that are sorted alike by key; what stands in one only comes alone."""
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


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch
