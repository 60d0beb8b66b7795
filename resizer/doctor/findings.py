"""What can be wrong with an image, and the report that counts it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_KEYS = 1000  # listed per finding: the report's size does not grow with the bucket's


class Finding(StrEnum):
    """The values are the report's field names."""

    ORIGINAL_WITHOUT_RECORD = "original_without_record"
    RECORD_WITHOUT_ORIGINAL = "record_without_original"  # and without thumbnails: nothing to lose
    ORIGINAL_MISSING = "original_missing"  # its thumbnails are the last copy
    ARCHIVED = "archived"  # removed or frozen by a lifecycle rule, and the record does not say so
    RETURNED = "archived_but_stored"  # the record says so, but the original is back
    UNPROCESSED = "unprocessed"  # uploaded, but its event never came
    STUCK = "stuck_in_processing"
    REPLACED = "replaced_without_event"  # the original is newer than the record
    MISSING_THUMBNAIL = "missing_thumbnail"
    ORPHAN_THUMBNAIL = "thumbnail_without_original"  # or of an original that was replaced
    LAST_THUMBNAIL = "thumbnail_without_original_or_record"  # perhaps all that is left
    UNDELETED = "deleted_but_stored"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    ENGINE_ERROR = "engine_error"
    FOREIGN_KEY = "foreign_key"  # the object's key is not one of this product's
    FOREIGN_RECORD = "foreign_record"  # another program wrote it, and it has no original
    ERROR = "error"  # checking or repairing it raised an exception


REDRIVEN = frozenset({Finding.GAVE_UP, Finding.ENGINE_ERROR})
# The last copy of something: removed on request only.
FORGETTABLE = frozenset({Finding.ORIGINAL_MISSING, Finding.LAST_THUMBNAIL})
# There is nothing to repair.
REPORTED_ONLY = frozenset({Finding.FAILED, Finding.FOREIGN_KEY, Finding.FOREIGN_RECORD})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found at an object or a record; `repaired` is None where no repair was tried."""

    finding: Finding
    key: str
    repaired: bool | None = None
    error: Exception | None = None


@dataclass(slots=True)
class Report:
    """How many objects were checked, and what was found and repaired, by finding.

    `keys` lists what is left. Keys contain what users called their files: show them to the
    operator, and keep them out of logs.
    """

    images: int = 0
    thumbnails: int = 0
    found: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unrepaired: Counter[str] = field(default_factory=Counter)
    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, verdict: Verdict) -> None:
        finding = verdict.finding
        self.found[finding] += 1
        if verdict.repaired is not None:
            (self.repaired if verdict.repaired else self.unrepaired)[finding] += 1
        if not verdict.repaired and len(self.keys[finding]) < MAX_KEYS:
            self.keys[finding].append(verdict.key)

    def left(self, finding: str) -> int:
        return self.found[finding] - self.repaired[finding]

    def needs_repair(self) -> bool:
        """Whether anything is left that `--repair` or `--redrive` could repair."""
        return any(
            self.left(finding) for finding in self.found.keys() - (REPORTED_ONLY | FORGETTABLE)
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "images": self.images,
            "thumbnails": self.thumbnails,
            "found": dict(self.found),
            "repaired": dict(self.repaired),
            "unrepaired": dict(self.unrepaired),
            "left": {
                finding: {"count": self.left(finding), "keys": keys}
                for finding, keys in self.keys.items()
                if keys
            },
        }
