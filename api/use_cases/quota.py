"""Quotas: a maximum of images and bytes per user, stored or still to be uploaded.

An upload URL counts from when it is issued until it is used or expires: an unused one locks nobody
out for longer, and collecting URLs gets nobody past the quota. The counter may only ever be too
high (after a crash, or while unused URLs are valid); the records are then counted again. See
decision 0033.
"""

from collections.abc import Iterable

from api.aws.dynamodb.repository import Repository
from api.aws.dynamodb.usage import Counter, Usage, UsageRows
from api.use_cases.errors import QuotaExceededError
from api.use_cases.pending_records import url_expires_at_s
from contract.record import ImageRecord, Status

EVENT_DELAY_SECONDS = 900  # the event of an upload in the last second may be this late
IN_FLIGHT_SECONDS = 60  # longer than a request takes from its reservation to its records
RECOUNT_SECONDS = 60  # all records are counted at most once in this time
STALE_SECONDS = 24 * 3600
NO_LIMIT = 2**62


class Quota:
    """The limits of every user; None is no limit."""

    def __init__(
        self,
        rows: UsageRows,
        repository: Repository,
        max_images: int | None,
        max_bytes: int | None,
    ) -> None:
        self._rows = rows
        self._repository = repository
        self._most = Usage(max_images or NO_LIMIT, max_bytes or NO_LIMIT)
        self.enabled = max_images is not None or max_bytes is not None

    def reserve(self, user_id: str, usage: Usage, now_s: int) -> None:
        """Count `usage` as used; raises QuotaExceededError if it does not fit."""
        if not self.enabled:
            return
        counter = self._rows.add(user_id, usage, self._most, now_s, now_s - STALE_SECONDS)
        if counter is None:
            return
        if now_s - counter.counted_at_s >= RECOUNT_SECONDS:
            self._recount(user_id, counter, now_s)
            if self._rows.add(user_id, usage, self._most, now_s, counted_after_s=0) is None:
                return
        raise QuotaExceededError

    def release(self, user_id: str, usage: Usage) -> None:
        """Count `usage` as used no longer."""
        if self.enabled:
            self._rows.subtract(user_id, usage)

    def _recount(self, user_id: str, counter: Counter, now_s: int) -> None:
        """Set the counter from the records, unless another request changes it meanwhile."""
        if now_s - counter.reserved_at_s < IN_FLIGHT_SECONDS:
            return  # the records of that reservation may not be there yet
        used = count(self._repository.sizes(user_id), now_s)
        self._rows.set_counted(user_id, used, counter.version, now_s)


def count(records: Iterable[ImageRecord], now_s: int) -> Usage:
    """The usage of these records: everything that is stored or can still be uploaded."""
    sizes = [record.size or 0 for record in records if counts(record, now_s)]
    return Usage(len(sizes), sum(sizes))


def counts(record: ImageRecord, now_s: int) -> bool:
    """Whether the record uses up quota."""
    if record.status is Status.PENDING:
        return url_expires_at_s(record) + EVENT_DELAY_SECONDS > now_s
    return record.status is not Status.DELETED
