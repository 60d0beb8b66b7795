"""DynamoDB update expressions. Pure."""

from typing import Any, Self

from contract.conditions import Condition
from contract.record import Item


class Update:
    """Builds an update expression; every attribute gets a placeholder name."""

    def __init__(self) -> None:
        self._set: list[str] = []
        self._remove: list[str] = []
        self._names: dict[str, str] = {}
        self._values: Item = {}

    def set(self, **attributes: dict[str, Any]) -> Self:
        for name, value in attributes.items():
            self._set.append(f"#{name} = :new_{name}")
            self._names[f"#{name}"] = name
            self._values[f":new_{name}"] = value
        return self

    def set_if_missing(self, **attributes: dict[str, Any]) -> Self:
        for name, value in attributes.items():
            self._set.append(f"#{name} = if_not_exists(#{name}, :new_{name})")
            self._names[f"#{name}"] = name
            self._values[f":new_{name}"] = value
        return self

    def remove(self, *attributes: str) -> Self:
        for name in attributes:
            self._remove.append(f"#{name}")
            self._names[f"#{name}"] = name
        return self

    def arguments(self, condition: Condition) -> dict[str, Any]:
        removal = f" REMOVE {', '.join(self._remove)}" if self._remove else ""
        return {
            "UpdateExpression": f"SET {', '.join(self._set)}{removal}",
            "ConditionExpression": condition.expression,
            "ExpressionAttributeNames": self._names | condition.names,
            "ExpressionAttributeValues": self._values | condition.values,
        }
