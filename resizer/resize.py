"""The steps for one original: claim, download, thumbnails, puts, one conditional update.

What a failure means is said in `resizer.failures`: transient ones are raised, so that Lambda
retries. Every step may run twice with the same result.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum

from contract.record import REDRIVEN, UNUSABLE, ImageRecord, Reason, Status, ThumbnailFacts
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.failures import DEFECTS, EngineError, UnusableImage
from resizer.rendition import Rendition
from resizer.repository import Finished, NameTakenError, RefusedError, Repository
from resizer.sandbox import Place, Sandbox
from resizer.settings import Settings
from resizer.storage import (
    KeyCollisionError,
    NewerThumbnailError,
    OpenOriginal,
    OriginalFrozenError,
    OriginalGoneError,
    OriginalReplacedError,
    Storage,
)
from resizer.thumbnail_metadata import to_metadata

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    ENGINE_ERROR = "engine_error"  # failed, but perhaps not after an upgrade
    IGNORED = "ignored"  # a duplicate or stale event
    DELETED = "deleted"  # the image is a tombstone: what was stored was removed
    REPLACED = "replaced"  # a newer upload has an event of its own
    GONE = "gone"  # the original no longer exists
    ARCHIVED = "archived"  # nor can it be read, but the thumbnails of an earlier run stay


class ClaimHeldError(Exception):
    """Transient: another worker has the image. If that worker dies, a retry takes over."""


def _two_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="resize")


@dataclass(frozen=True, slots=True)
class Resizer:
    storage: Storage
    repository: Repository
    settings: Settings
    now_ms: Callable[[], int]
    sandbox: Sandbox
    threads: Executor = field(default_factory=_two_threads)

    def resize(
        self, ref: ObjectReference, owner: str, transition: Transition = Transition.CLAIM
    ) -> Outcome:
        """Make the thumbnails of one original and mark its record `done` or `failed`.

        `owner` identifies this attempt, which may take over its own claim. `transition` is CLAIM
        for an event, REDO where the event was lost. Raises ClaimHeldError and whatever botocore
        raises; both mean "try again".
        """
        with self.sandbox.place() as place:  # first: no download or claim waits for one
            change = Change(ref.sequencer, owner, self.now_ms())
            opening = self.threads.submit(self.storage.open_original, ref.key, ref.e_tag)
            try:
                ref = self.repository.locate(ref)
                record = self._claim(transition, ref, change)
            except NameTakenError:
                _discard(opening)
                log.warning("another object's record has this name", extra=ref.key.log_fields)
                return Outcome.IGNORED
            except RefusedError as refusal:
                _discard(opening)
                return self._refused_claim(ref, refusal.record)
            except BaseException:
                _discard(opening)
                raise
            return self._run(place, opening, ref, change, Transition.COMPLETE, record)

    def refresh(self, ref: ObjectReference, record: ImageRecord) -> Outcome:
        """Remake the thumbnails of a finished image, which stays `done`.

        Thumbnails of other widths stay too: they were made from the same original.
        """
        with self.sandbox.place() as place:
            opening = self.threads.submit(self.storage.open_original, ref.key, ref.e_tag)
            change = Change(ref.sequencer, now_ms=self.now_ms())
            return self._run(place, opening, ref, change, Transition.REFRESH, record)

    def _claim(self, transition: Transition, ref: ObjectReference, change: Change) -> ImageRecord:
        until_ms = change.now_ms + self.settings.claim_seconds * 1000
        return self.repository.claim(transition, ref, change, until_ms)

    def _run(
        self,
        place: Place,
        opening: "Future[OpenOriginal]",
        ref: ObjectReference,
        change: Change,
        ending: Transition,
        record: ImageRecord,
    ) -> Outcome:
        try:
            original = opening.result()
            with closing(original.body):
                if original.tagged:  # as failed, before it was replaced, copied or tried again
                    self.storage.untag_failed(str(ref.key))
                rendition = place.render(original.body, original.size)
            thumbnails = self._store(rendition, ref)
            kept = record.thumbnails if ending is Transition.REFRESH else {}
            finished = _finished(rendition, original, {**kept, **thumbnails})
            return self._finish(ending, ref, change, finished, record)
        except UnusableImage as exc:
            return self._fail(ref, change, exc.reason, record)
        except KeyCollisionError:
            return self._fail(ref, change, Reason.KEY_COLLISION, record)
        except OriginalGoneError:
            return self._forget(ref, change, record)
        except OriginalFrozenError:
            return self._freeze(ref, change, record)
        except (OriginalReplacedError, NewerThumbnailError):
            return Outcome.REPLACED
        except DEFECTS as exc:
            return self._quarantine(ref, change, exc, record)

    def _store(self, rendition: Rendition, ref: ObjectReference) -> dict[int, ThumbnailFacts]:
        def put(width: int) -> ThumbnailFacts:
            made = rendition.thumbnails[width]
            key = ref.key.thumbnail(width)
            user_metadata = to_metadata(rendition, width, ref)
            self.storage.put_thumbnail(key, made.data, made.content_type, user_metadata)
            return ThumbnailFacts(
                str(key), made.width, made.height, len(made.data), made.content_type
            )

        puts = {width: self.threads.submit(put, width) for width in rendition.thumbnails}
        wait(puts.values())  # no put is under way when a failure is raised
        return {width: put.result() for width, put in puts.items()}

    def _finish(
        self,
        ending: Transition,
        ref: ObjectReference,
        change: Change,
        finished: Finished,
        record: ImageRecord,
    ) -> Outcome:
        dropped = frozenset[int]()
        if ending is Transition.COMPLETE:  # other widths show older bytes
            dropped = frozenset(record.thumbnails) - frozenset(finished.thumbnails)
            self.storage.remove_thumbnails(ref.key, dropped, up_to=ref)

        def write(transition: Transition) -> None:
            self.repository.finish(transition, ref, change, finished, dropped)

        refusal = self._write(write, ending, ref, change)
        return self._clean_up(ref, refusal.record) if refusal else Outcome.DONE

    def _fail(
        self, ref: ObjectReference, change: Change, reason: Reason, record: ImageRecord
    ) -> Outcome:
        refusal = self._write_failed(ref, change, reason, record)
        if refusal:
            return self._clean_up(ref, refusal.record)
        widths = frozenset(record.thumbnails) | frozenset(self.settings.widths)
        self.storage.remove_thumbnails(ref.key, widths, up_to=ref)
        if reason in UNUSABLE:
            self._let_expire(ref)
        return Outcome.FAILED

    def _quarantine(
        self, ref: ObjectReference, change: Change, exc: Exception, record: ImageRecord
    ) -> Outcome:
        """Mark the image `failed` / `engine_error`. Its thumbnails stay, as for `gave_up`."""
        cause = exc.cause if isinstance(exc, EngineError) else type(exc).__name__
        log.error("engine error", extra={"errorType": cause}, exc_info=exc)
        refusal = self._write_failed(ref, change, Reason.ENGINE_ERROR, record)
        return self._clean_up(ref, refusal.record) if refusal else Outcome.ENGINE_ERROR

    def _write_failed(
        self, ref: ObjectReference, change: Change, reason: Reason, record: ImageRecord
    ) -> RefusedError | None:
        def write(_: Transition) -> None:
            self.repository.fail(ref, change, reason, frozenset(record.thumbnails))

        return self._write(write, Transition.FAIL, ref, change)

    def _write(
        self,
        write: Callable[[Transition], None],
        transition: Transition,
        ref: ObjectReference,
        change: Change,
    ) -> RefusedError | None:
        """Run the write that ends an image; returns its refusal, if it was refused.

        Another program may have put its own row over the record since this attempt claimed it. No
        event would come for that row, so it is adopted now.
        """
        try:
            write(transition)
        except RefusedError as refusal:
            if refusal.record is None or not refusal.record.is_bare:
                return refusal
        else:
            return None
        try:
            self._claim(Transition.CLAIM, ref, change)
            write(Transition.COMPLETE if transition is Transition.REFRESH else transition)
        except RefusedError as refusal:
            return refusal
        return None

    def _let_expire(self, ref: ObjectReference) -> None:
        """After the record is `failed`: a crash in between leaves an original that stays."""
        if self.settings.failed_days:
            self.storage.tag_failed(str(ref.key), ref.e_tag)

    def _forget(self, ref: ObjectReference, change: Change, record: ImageRecord) -> Outcome:
        """Remove the record of an original that is gone, unless it has thumbnails.

        Thumbnails in the bucket stay in any case: they may be the last copy, and without a
        tombstone nobody said that the image is to go. See docs/decisions/0015.
        """
        if record.status is not Status.PROCESSING:
            return Outcome.GONE  # not claimed: the doctor's next run deals with it
        if record.thumbnails:
            return self._archive(ref, change)
        return self._remove(ref, change)

    def _freeze(self, ref: ObjectReference, change: Change, record: ImageRecord) -> Outcome:
        """Keep the thumbnails of an original that must be restored before it can be read."""
        if record.thumbnails:
            return self._archive(ref, change)
        return self._fail(ref, change, Reason.ARCHIVED, record)

    def _archive(self, ref: ObjectReference, change: Change) -> Outcome:
        try:
            self.repository.archive(ref, change)
        except RefusedError as refusal:
            return self._clean_up(ref, refusal.record)
        return Outcome.ARCHIVED

    def _remove(self, ref: ObjectReference, change: Change) -> Outcome:
        try:
            self.repository.forget(ref, change)
        except RefusedError as refusal:
            return self._clean_up(ref, refusal.record)
        return Outcome.GONE

    def forget(self, ref: ObjectReference, owner: str, *, thumbnails: bool) -> Outcome:
        """Remove the record of an original that is gone; one with thumbnails only with them.

        Raises RefusedError.
        """
        change = Change(ref.sequencer, owner, self.now_ms())
        record = self._claim(Transition.REDO, ref, change)
        if not thumbnails:
            return self._forget(ref, change, record)  # it may have been finished in the meantime
        widths = frozenset(record.thumbnails) | frozenset(self.settings.widths)
        self.storage.remove_thumbnails(ref.key, widths, up_to=ref)
        return self._remove(ref, change)

    def _refused_claim(self, ref: ObjectReference, record: ImageRecord | None) -> Outcome:
        if record and record.status is Status.PROCESSING and record.sequencer == ref.sequencer:
            raise ClaimHeldError(ref.key.log_name)
        return self._clean_up(ref, record)

    def _clean_up(self, ref: ObjectReference, record: ImageRecord | None) -> Outcome:
        """Remove what this attempt, or an earlier one that died, stored for nothing.

        An image that may be retried keeps its thumbnails: the retry makes identical ones, which a
        removal by ETag could not tell apart. So does one whose record is gone: perhaps its original
        is gone too, and nobody deleted it.
        """
        if record is None:
            return Outcome.IGNORED
        if record.status is Status.FAILED and record.error not in REDRIVEN:
            self.storage.remove_thumbnails(ref.key, self.settings.widths, up_to=ref)
            if record.error in UNUSABLE and record.sequencer == ref.sequencer:
                self._let_expire(ref)
        elif record.status is Status.DELETED:
            self.remove_everything(ref, record)
            return Outcome.DELETED
        elif (record.sequencer or "") > ref.sequencer:
            # An earlier attempt may have died tagging it.
            self.storage.untag_failed(str(ref.key))
        return Outcome.IGNORED

    def remove_everything(self, ref: ObjectReference, record: ImageRecord) -> None:
        """Remove the thumbnails, then the original, of an image that was deleted."""
        widths = frozenset(record.thumbnails) | frozenset(self.settings.widths)
        self.storage.remove_thumbnails(ref.key, widths)
        self.storage.delete(str(ref.key))


def _finished(
    rendition: Rendition, original: OpenOriginal, thumbnails: dict[int, ThumbnailFacts]
) -> Finished:
    return Finished(
        content_type=rendition.content_type,
        size=original.size,
        width=rendition.width,
        height=rendition.height,
        placeholder=rendition.placeholder,
        color=rendition.color,
        thumbnails=thumbnails,
        filename=original.filename,
        taken_at=rendition.taken_at,
        camera=rendition.camera,
        partial=rendition.partial,
    )


def _discard(opening: "Future[OpenOriginal]") -> None:
    """Close a download that is no longer needed; whether it failed does not matter."""
    if opening.exception() is None:
        opening.result().body.close()
