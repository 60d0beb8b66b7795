"""What can be wrong with an image, and the report that counts it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Finding(StrEnum):
    """The values are the report's field names."""

    ORIGINAL_WITHOUT_RECORD = "original_without_record"
    RECORD_WITHOUT_ORIGINAL = "record_without_original"
    UNPROCESSED = "unprocessed"  # uploaded, but its event never came
    STUCK = "stuck_in_processing"
    REPLACED = "replaced_without_event"  # the original is newer than the record
    MISSING_THUMBNAIL = "missing_thumbnail"
    ORPHAN_THUMBNAIL = "thumbnail_without_original"
    UNDELETED = "deleted_but_stored"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    FOREIGN_KEY = "foreign_key"  # the object's key is not one of this product's


REPORTED_ONLY = frozenset({Finding.FAILED, Finding.FOREIGN_KEY})  # there is nothing to repair


@dataclass(slots=True)
class Report:
    """How many objects were checked, and what was found and repaired, by finding."""

    images: int = 0
    thumbnails: int = 0
    found: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unrepaired: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding, repaired: bool | None) -> None:
        """`repaired` is None where no repair was tried."""
        self.found[finding] += 1
        if repaired is not None:
            (self.repaired if repaired else self.unrepaired)[finding] += 1

    def needs_repair(self) -> bool:
        """Whether anything is left that `--repair` or `--redrive` could repair."""
        return any(
            count > self.repaired[finding]
            for finding, count in self.found.items()
            if finding not in REPORTED_ONLY
        )

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        return {
            "images": self.images,
            "thumbnails": self.thumbnails,
            "found": dict(self.found),
            "repaired": dict(self.repaired),
            "unrepaired": dict(self.unrepaired),
        }
