"""template.yaml as data, and as much of CloudFormation as its parameters and rules need.

The short forms of functions are read as `(name, argument)`: `!Ref TableName` is
`("!Ref", "TableName")`.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests import ROOT


class _Loader(yaml.SafeLoader):
    """Reads scalars as the text in the file, as CloudFormation does with parameters."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> tuple[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return f"!{suffix}", loader.construct_scalar(node)
    assert isinstance(node, yaml.SequenceNode)
    return f"!{suffix}", loader.construct_sequence(node, deep=True)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_multi_constructor("!", _function)

TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)
PARAMETERS: dict[str, dict[str, Any]] = TEMPLATE["Parameters"]
CONDITIONS: dict[str, Any] = TEMPLATE["Conditions"]
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
RULES = [
    (rule["RuleCondition"], assertion["Assert"])
    for rule in TEMPLATE["Rules"].values()
    for assertion in rule["Assertions"]
]
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    name: resource["Properties"]["Environment"]["Variables"]
    for name, resource in RESOURCES.items()
    if "Environment" in resource.get("Properties", {})
}


def evaluate(expression: Any, known: Mapping[str, Any]) -> Any:
    """Evaluate CloudFormation's functions; `known` has parameters and resources' attributes."""
    if isinstance(expression, list):
        return [evaluate(item, known) for item in expression]
    if not isinstance(expression, tuple):
        return expression
    name, argument = expression
    match name:
        case "!Ref":
            return known[argument]
        case "!Sub":
            return re.sub(r"\$\{([\w.]+)\}", lambda found: str(known[found[1]]), argument)
        case "!If":
            condition, yes, no = argument
            return evaluate(yes if evaluate(CONDITIONS[condition], known) else no, known)
    arguments = evaluate(argument, known)
    match name:
        case "!Equals":
            return arguments[0] == arguments[1]
        case "!Not":
            return not arguments[0]
        case "!And":
            return all(arguments)
        case "!Join":
            return arguments[0].join(arguments[1])
    raise NotImplementedError(name)


def accepts(parameter: str, text: str) -> bool:
    """Whether CloudFormation deploys with this value of a parameter: a number or with a pattern."""
    declared = PARAMETERS[parameter]
    if declared["Type"] == "Number":
        least, most = int(declared["MinValue"]), int(declared["MaxValue"])
        return text.isdecimal() and least <= int(text) <= most
    is_list = declared["Type"] == "CommaDelimitedList"
    items = [item.strip() for item in text.split(",")] if is_list else [text]
    return all(re.fullmatch(declared["AllowedPattern"], item) for item in items)
