"""DynamoDB condition expressions, made from the table in `contract.transitions`."""

from dataclasses import dataclass
from typing import Any

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
    alternatives = []
    if None in rule.before:
        alternatives.append("attribute_not_exists(imageId)")
    statuses = sorted(status for status in rule.before if status is not None)
    if statuses:
        names["#status"] = "status"
        values |= {f":{status}": {"S": status} for status in statuses}
        listed = ", ".join(f":{status}" for status in statuses)
        alternatives.append(f"#status IN ({listed})")
    clause = " OR ".join(alternatives)
    if rule.order is not Order.ANY:
        sign = {Order.SAME: "=", Order.NEWER: "<"}[rule.order]
        values[":sequencer"] = {"S": change.sequencer}
        clause = f"({clause}) AND sequencer {sign} :sequencer"
    if rule.owned:
        values[":owner"] = {"S": change.owner}
        clause += " AND claimedBy = :owner"
    if rule.unclaimed:
        values[":owner"] = {"S": change.owner}
        values[":now"] = {"N": str(change.now_ms)}
        expired = "attribute_not_exists(claimedUntil) OR claimedUntil < :now"
        clause += f" AND (claimedBy = :owner OR {expired})"
    return clause
