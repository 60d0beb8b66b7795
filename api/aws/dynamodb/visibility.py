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
    values: dict[str, dict[str, Any]] = {
        ":pending": {"S": Status.PENDING},
        ":now": {"N": str(now_s)},
    }
    if status is None:
        values[":deleted"] = {"S": Status.DELETED}
        wanted = "#status <> :deleted"
    else:
        values[":status"] = {"S": status}
        wanted = "#status = :status"
    unexpired = "(#status <> :pending OR attribute_not_exists(expiresAt) OR expiresAt > :now)"
    return Filter(f"{wanted} AND {unexpired}", {"#status": "status"}, values)
