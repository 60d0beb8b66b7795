"""Repairs: each is one of the resizer's own conditional steps."""

from dataclasses import dataclass

from contract.keys import OriginalKey
from contract.record import NO_SEQUENCER, ImageRecord
from contract.transitions import Change, Transition
from resizer.doctor.findings import Finding
from resizer.events import ObjectReference
from resizer.resize import Outcome, Resizer
from resizer.storage import StoredObject, stored_filename
from resizer.thumbnail_metadata import finished_from, is_made_from, latest_sequencer


@dataclass(frozen=True, slots=True)
class Repairs:
    resizer: Resizer
    owner: str  # of the claims

    def repair(
        self, finding: Finding, stored: StoredObject | None, record: ImageRecord | None
    ) -> bool:
        """Returns whether it worked. Raises ClaimHeldError or RefusedError if a worker has it."""
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
            return False  # it came back after the listing
        ref = ObjectReference(
            key=record.key,
            size=record.size or 0,
            e_tag=record.e_tag or "",
            sequencer=record.sequencer or NO_SEQUENCER,
        )
        return self.resizer.forget(ref, self.owner) is Outcome.GONE

    def _rebuild(self, ref: ObjectReference) -> bool:
        """Make the record from the thumbnails' own metadata; False if one is missing."""
        storage, widths = self.resizer.storage, self.resizer.settings.widths
        heads = {width: storage.head(str(ref.key.thumbnail(width))) for width in widths}
        thumbnails = {
            width: head
            for width, head in heads.items()
            if head and is_made_from(head, ref.key.user_id, ref.e_tag)
        }
        if len(thumbnails) < len(widths):
            return False
        sequencer = latest_sequencer(thumbnails)
        ref = ObjectReference(ref.key, ref.size, ref.e_tag, sequencer)
        original = storage.head(str(ref.key))
        filename = stored_filename(original.metadata) if original else None
        change = Change(sequencer, self.owner, self.resizer.now_ms())
        finished = finished_from(ref, thumbnails, filename)
        self.resizer.repository.rebuild(Transition.REDO, ref, change, finished)
        return True
