"""DynamoDB condition expressions, made from the table in `contract.transitions`.

Other programs write rows too, so an attribute may be missing or of another type. DynamoDB then
evaluates a comparison to false. What must hold for such rows is therefore written as a negation.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from contract.record import SEQUENCER_DIGITS, Status
from contract.transitions import TRANSITIONS, Change, Order, Rule, Transition


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition expression with the names and values that it uses."""

    expression: str
    names: dict[str, str]
    values: dict[str, dict[str, Any]]

    def arguments(self) -> dict[str, Any]:
        """As the DynamoDB client's operations expect it."""
        return {
            "ConditionExpression": self.expression,
            "ExpressionAttributeNames": self.names,
            "ExpressionAttributeValues": self.values,
        }


def condition(transition: Transition, change: Change) -> Condition:
    """The condition that a record meets if the table allows `transition` with `change`."""
    names: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    _, rules = TRANSITIONS[transition]
    clauses = [_clause(rule, change, names, values) for rule in rules]
    return Condition(" OR ".join(f"({clause})" for clause in clauses), names, values)


def _clause(
    rule: Rule, change: Change, names: dict[str, str], values: dict[str, dict[str, Any]]
) -> str:
    parts = [_statuses(rule.before, names, values)]
    if rule.order is Order.FIRST:
        values |= {":string": {"S": "S"}, ":digits": {"N": str(SEQUENCER_DIGITS)}}
        parts.append("NOT (attribute_type(sequencer, :string) AND size(sequencer) = :digits)")
    elif rule.order is not Order.ANY:
        sign = {Order.SAME: "=", Order.NEWER: "<"}[rule.order]
        values[":sequencer"] = {"S": change.sequencer}
        parts.append(f"sequencer {sign} :sequencer")
    if rule.owned:
        values[":owner"] = {"S": change.owner}
        parts.append("claimedBy = :owner")
    if rule.unclaimed:
        values[":owner"] = {"S": change.owner}
        values[":now"] = {"N": str(change.now_ms)}
        parts.append("(claimedBy = :owner OR NOT claimedUntil >= :now)")
    return " AND ".join(parts)


def _statuses(
    before: Set[Status | None], names: dict[str, str], values: dict[str, dict[str, Any]]
) -> str:
    """That the record is in one of these statuses; None is a missing record.

    `processing` is every status that is none of the others, as in `ImageRecord.from_item`.
    """
    unknown_too = Status.PROCESSING in before
    listed = sorted(status for status in Status if (status in before) is not unknown_too)
    clause = ""
    if listed:
        names["#status"] = "status"
        values |= {f":{status}": {"S": status} for status in listed}
        clause = f"#status IN ({', '.join(f':{status}' for status in listed)})"
    if unknown_too:
        clause = "attribute_exists(imageId)" + (f" AND NOT {clause}" if clause else "")
    if None in before:  # only in rules that ask for nothing else
        clause = "attribute_not_exists(imageId)" + (f" OR {clause}" if clause else "")
    return clause
