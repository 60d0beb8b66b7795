"""Budgets per user: images and bytes, stored or still to be uploaded, and unused upload URLs.

An upload URL counts from when it is issued until it is used or expires, also if its image is
deleted in between: an unused one locks nobody out for longer, and collecting URLs gets nobody past
the quota. The counter may only ever be too high (after a crash, or while unused URLs are valid);
the records are then counted again. See decisions 0033 and 0037.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from api.aws.dynamodb.repository import Repository
from api.aws.dynamodb.usage import Counter, Usage, UsageRows
from api.use_cases.errors import QuotaExceededError, TooManyUploadsError
from contract.record import ImageRecord, Status

EVENT_DELAY_SECONDS = 900  # the event of an upload in the last second may be this late
IN_FLIGHT_SECONDS = 60  # longer than a request takes from its reservation to its records
RECOUNT_SECONDS = 60  # all records are counted at most once in this time
URL_RECOUNT_SECONDS = 10  # and those of the last hour, for unused URLs, at most once in this time
CLOCK_SECONDS = 60  # by which another process's clock may be ahead
STALE_SECONDS = 24 * 3600
NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Limits:
    """What every user may have; None is no limit. `urls` are unused upload URLs."""

    images: int | None
    bytes: int | None
    urls: int


class Quota:
    """The limits of every user, and the counters that keep them."""

    def __init__(
        self, rows: UsageRows, repository: Repository, limits: Limits, url_lifetime_s: int
    ) -> None:
        self._rows = rows
        self._repository = repository
        self._most = Usage(limits.images or NO_LIMIT, limits.bytes or NO_LIMIT, limits.urls)
        self._url_lifetime_s = url_lifetime_s
        self.enabled = limits.images is not None or limits.bytes is not None

    def reserve(self, user_id: str, usage: Usage, now_s: int) -> None:
        """Count `usage` as used. Raises QuotaExceededError or TooManyUploadsError."""
        refused = self._add(user_id, usage, now_s, counted_after_s=now_s - STALE_SECONDS)
        for count in (self._count_urls, self._count_stored):
            if refused and count(user_id, usage, refused, now_s):
                refused = self._add(user_id, usage, now_s, counted_after_s=0)
        if refused is None:
            return
        if refused.usage.urls + usage.urls > self._most.urls:
            raise TooManyUploadsError(URL_RECOUNT_SECONDS)
        raise QuotaExceededError

    def release(self, user_id: str, usage: Usage, cause: str) -> None:
        """Count `usage` as used no longer; `cause` names what was released, and is unique."""
        if self.enabled:
            self._rows.subtract(user_id, usage, cause)

    def _add(
        self, user_id: str, usage: Usage, now_s: int, *, counted_after_s: int
    ) -> Counter | None:
        counted = counted_after_s if self.enabled else None
        return self._rows.add(user_id, usage, self._most, now_s, counted)

    def _count_urls(self, user_id: str, usage: Usage, counter: Counter, now_s: int) -> bool:
        """Set the number of unused URLs from the records that were planned while they live.

        Without regard to requests whose records are not there yet: they can exceed this limit,
        but only by themselves.
        """
        fits = counter.usage.urls + usage.urls <= self._most.urls
        if fits or now_s - counter.urls_counted_at_s < URL_RECOUNT_SECONDS:
            return False
        since_s = now_s - self._url_lifetime_s - EVENT_DELAY_SECONDS
        planned = self._repository.planned(user_id, since_s * 1000, (now_s + CLOCK_SECONDS) * 1000)
        live = sum(url_is_live(record, now_s) for record in planned)
        self._rows.set_urls(user_id, live, counter.version, now_s)
        return True

    def _count_stored(self, user_id: str, usage: Usage, counter: Counter, now_s: int) -> bool:
        """Set images and bytes from all records, unless another request changes them meanwhile."""
        age_s = now_s - counter.counted_at_s
        fits = (
            counter.usage.images + usage.images <= self._most.images
            and counter.usage.bytes + usage.bytes <= self._most.bytes
        )
        if not self.enabled or age_s < RECOUNT_SECONDS or (fits and age_s < STALE_SECONDS):
            return False
        # Otherwise the records of the last reservation may not be there yet.
        if now_s - counter.reserved_at_s >= IN_FLIGHT_SECONDS:
            used = count(self._repository.sizes(user_id), now_s)
            self._rows.set_counted(user_id, used, counter.version, now_s)
        return True


def count(records: Iterable[ImageRecord], now_s: int) -> Usage:
    """The images and bytes of these records: what is stored or can still be uploaded."""
    sizes = [record.size or 0 for record in records if counts(record, now_s)]
    return Usage(len(sizes), sum(sizes))


def counts(record: ImageRecord, now_s: int) -> bool:
    """Whether the record uses up quota."""
    return is_stored(record) or url_is_live(record, now_s)


def is_stored(record: ImageRecord) -> bool:
    """Whether the image was uploaded and not deleted."""
    return record.status not in {Status.PENDING, Status.DELETED}


def url_is_live(record: ImageRecord, now_s: int) -> bool:
    """Whether something unknown may still be uploaded, also for a tombstone.

    The first event of an upload removes `upload_until_s`: from then on, the image counts.
    """
    return record.upload_until_s is not None and (
        record.upload_until_s + EVENT_DELAY_SECONDS > now_s
    )
