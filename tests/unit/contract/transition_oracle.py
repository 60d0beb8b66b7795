"""The transition table evaluated in memory: what the condition expressions are compared with."""

from contract.record import ImageRecord
from contract.transitions import TRANSITIONS, Change, Order, Rule, Transition


def permits(transition: Transition, record: ImageRecord | None, change: Change) -> bool:
    """Whether the table allows `transition` of `record` by `change`."""
    _, rules = TRANSITIONS[transition]
    return any(_holds(rule, record, change) for rule in rules)


def _holds(rule: Rule, record: ImageRecord | None, change: Change) -> bool:
    if record is None:
        return None in rule.before
    if record.status not in rule.before:
        return False
    if not _in_order(rule.order, record.sequencer, change.sequencer):
        return False
    if rule.owned and record.claimed_by != change.owner:
        return False
    return not rule.unclaimed or _unclaimed(record, change)


def _in_order(order: Order, current: str | None, new: str) -> bool:
    if order is Order.ANY:
        return True
    if current is None or order is Order.FIRST:
        return current is None and order is Order.FIRST
    return new == current if order is Order.SAME else new > current


def _unclaimed(record: ImageRecord, change: Change) -> bool:
    until = record.claimed_until_ms
    return record.claimed_by == change.owner or until is None or until < change.now_ms
