"""Repairs: each is one of the resizer's own conditional steps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contract import metadata
from contract.keys import OriginalKey
from contract.record import NO_SEQUENCER, ImageRecord
from contract.transitions import Change, Transition
from resizer.doctor.findings import FORGETTABLE, Finding
from resizer.events import ObjectReference
from resizer.resize import Outcome, Resizer
from resizer.storage import StoredObject, stored_filename
from resizer.thumbnail_metadata import (
    UnreadableMetadataError,
    finished_from,
    is_made_from,
    is_of,
    latest_sequencer,
    number,
)


@dataclass(frozen=True, slots=True)
class Repairs:
    resizer: Resizer
    owner: str  # of the claims

    def repair(
        self, finding: Finding, stored: StoredObject | None, record: ImageRecord | None
    ) -> bool:
        """Returns whether it worked. Raises ClaimHeldError or RefusedError if a worker has it."""
        if finding is Finding.ARCHIVED:
            assert record is not None
            self.resizer.repository.archive(_reference(record), self._change(record))
            return True
        if stored is None:
            assert record is not None
            return self._forget(record, thumbnails=finding in FORGETTABLE)
        key = OriginalKey.parse(stored.key)
        known = record.sequencer if record else None
        ref = ObjectReference(
            key=key,
            size=stored.size,
            e_tag=stored.e_tag,
            sequencer=known or NO_SEQUENCER,
            stored_at_ms=stored.modified_ms,
            record_id=record.image_id if record else None,
        )
        if finding is Finding.UNDELETED:
            assert record is not None
            self.resizer.remove_everything(ref, record)
            return True
        if finding is Finding.MISSING_THUMBNAIL:
            assert record is not None
            return self.resizer.refresh(ref, record) is Outcome.DONE
        if finding is Finding.RETURNED:
            self.resizer.repository.unarchive(ref, self._change(record))
            return True
        return self._process(ref, record)

    def _change(self, record: ImageRecord | None) -> Change:
        sequencer = (record.sequencer if record else None) or NO_SEQUENCER
        return Change(sequencer, self.owner, self.resizer.now_ms())

    def _process(self, ref: ObjectReference, record: ImageRecord | None) -> bool:
        """Bring an image to its end whose event was lost or whose worker died.

        Without a sequencer of its own it goes by the newest one that its thumbnails carry: with an
        older one it could never replace them.
        """
        transition = Transition.REDO
        if ref.sequencer == NO_SEQUENCER:
            thumbnails = self._thumbnails(ref.key)
            ref = replace(ref, sequencer=latest_sequencer(thumbnails, NO_SEQUENCER))
            if record is None and self._rebuild(ref, thumbnails):
                return True
            if record and record.sequencer and ref.sequencer > record.sequencer:
                transition = Transition.CLAIM  # as its newest event would
        outcome = self.resizer.resize(ref, self.owner, transition)
        return outcome in {Outcome.DONE, Outcome.FAILED}

    def _forget(self, record: ImageRecord, *, thumbnails: bool) -> bool:
        if record.key is None or self.resizer.storage.head(str(record.key)):
            return False  # it came back after the listing
        forgotten = self.resizer.forget(_reference(record), self.owner, thumbnails=thumbnails)
        return forgotten is Outcome.GONE

    def restore_archived(self, key: OriginalKey) -> bool:
        """Rebuild the record of an original that a lifecycle rule removed, from its thumbnails.

        Returns False if they do not belong together or lack facts.
        """
        thumbnails = self._thumbnails(key)
        facts = [thumbnail.metadata for thumbnail in thumbnails.values()]
        e_tags = {fact.get(metadata.ORIGINAL_E_TAG, "") for fact in facts}
        if len(e_tags) != 1 or "" in e_tags:
            return False
        try:
            ref = ObjectReference(
                key=key,
                size=number(facts[0], metadata.ORIGINAL_SIZE),
                e_tag=e_tags.pop(),
                sequencer=latest_sequencer(thumbnails, NO_SEQUENCER),
            )
            finished = finished_from(ref, thumbnails, filename=None)
        except UnreadableMetadataError:
            return False
        change = Change(ref.sequencer, self.owner, self.resizer.now_ms())
        self.resizer.repository.rebuild(Transition.REDO, ref, change, finished)
        self.resizer.repository.archive(ref, change)
        return True

    def _thumbnails(self, key: OriginalKey) -> dict[int, StoredObject]:
        """This user's stored thumbnails of the image, of whichever version, by width."""
        widths = self.resizer.settings.widths
        heads = {width: self.resizer.storage.head(str(key.thumbnail(width))) for width in widths}
        return {width: head for width, head in heads.items() if head and is_of(head, key.user_id)}

    def _rebuild(self, ref: ObjectReference, stored: Mapping[int, StoredObject]) -> bool:
        """Make the record from the thumbnails' own metadata; False if anything is missing."""
        thumbnails = {
            width: thumbnail
            for width, thumbnail in stored.items()
            if is_made_from(thumbnail, ref.key.user_id, ref.e_tag)
        }
        if len(thumbnails) < len(self.resizer.settings.widths):
            return False
        original = self.resizer.storage.head(str(ref.key))
        filename = stored_filename(original.metadata) if original else None
        change = Change(ref.sequencer, self.owner, self.resizer.now_ms())
        try:
            finished = finished_from(ref, thumbnails, filename)
        except UnreadableMetadataError:
            return False
        self.resizer.repository.rebuild(Transition.REDO, ref, change, finished)
        return True


def _reference(record: ImageRecord) -> ObjectReference:
    assert record.key is not None, "only records with a key are found to lack their original"
    return ObjectReference(
        key=record.key,
        size=record.size or 0,
        e_tag=record.e_tag or "",
        sequencer=record.sequencer or NO_SEQUENCER,
        record_id=record.image_id,
    )
