"""Which images a user can see: one rule, for a single record and as the filter of a query.

Tombstones are hidden, and so are planned uploads that have expired: DynamoDB's TTL may delete an
item days late.
"""

from dataclasses import dataclass
from typing import Any

from contract.record import ImageRecord, Status


def is_visible(record: ImageRecord, now_s: float) -> bool:
    if record.status is Status.PENDING:
        return record.expires_at_s is None or record.expires_at_s > now_s
    return record.status is not Status.DELETED


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter expression with its names and values."""

    expression: str
    names: dict[str, str]
    values: dict[str, dict[str, Any]]


def visible(now_s: int, status: Status | None = None) -> Filter:
    """The same rule as a filter expression; with `status`, only images of that status."""
    shown = {status} if status else set(Status) - {Status.DELETED}
    # A status that another program invented is read as `processing`.
    inverted = Status.PROCESSING in shown
    listed = [each for each in Status if (each in shown) is not inverted]
    values: dict[str, dict[str, Any]] = {f":{each}": {"S": each} for each in listed}
    wanted = f"{'NOT ' if inverted else ''}#status IN ({', '.join(values)})"
    # Negated: an `expiresAt` that is missing, or no number, hides nothing.
    unexpired = "NOT (#status = :pending AND expiresAt <= :now)"
    values |= {":pending": {"S": Status.PENDING}, ":now": {"N": str(now_s)}}
    return Filter(f"{wanted} AND {unexpired}", {"#status": "status"}, values)
