"""What template.yaml says of its parameters, rules and environments, read without a YAML library.

Enough YAML for those three: scalars, lists in one line, the short forms of CloudFormation's
functions, and `- item` lines below one of them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests import ROOT

TEXT = (ROOT / "template.yaml").read_text()
SECTIONS = dict(re.findall(r"^(\w+):\n(.*?)(?=^\S|\Z)", TEXT, re.MULTILINE | re.DOTALL))
TOKEN = re.compile(r"""\s*(?:(!\w+)|([\[\],])|"([^"]*)"|'((?:[^']|'')*)'|([^\s\[\],][^\[\],]*))""")


def entries(text: str, indent: int) -> dict[str, str]:
    """The keys that stand `indent` spaces in, each with all that belongs to it, uncommented."""
    text = re.sub(r"(^| )#.*", "", text, flags=re.MULTILINE)
    key = re.compile(
        rf"^ {{{indent}}}(\w+):[ ]*(.*(?:\n(?: {{{indent + 1}}}.*|[ ]*$))*)", re.MULTILINE
    )
    return dict(key.findall(text))


def value(text: str) -> Any:
    """A scalar, a list, or a function as `(name, argument)`."""
    if not text.startswith(("!", "[", '"', "'")):
        return text.strip()
    lines = text.strip().splitlines()
    if len(lines) > 1 and all(line.strip().startswith("- ") for line in lines[1:]):
        items = (line.strip().removeprefix("- ") for line in lines[1:])
        text = f"{lines[0]} [{', '.join(items)}]"
    tokens = TOKEN.finditer(text)
    return _value(next(tokens), tokens)


def _value(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> Any:
    tag, punctuation, double, single, plain = token.groups()
    if tag:
        return tag, _value(next(tokens), tokens)
    if punctuation == "[":
        items = []
        while (token := next(tokens))[2] != "]":
            if token[2] != ",":
                items.append(_value(token, tokens))
        return items
    if single is not None:
        return single.replace("''", "'")
    return plain.strip() if double is None else double


PARAMETERS: dict[str, dict[str, Any]] = {
    name: {key: value(text) for key, text in entries(body, 4).items() if key != "Description"}
    for name, body in entries(SECTIONS["Parameters"], 2).items()
}
CONDITIONS = {name: value(text) for name, text in entries(SECTIONS["Conditions"], 2).items()}
RULES = [
    (value(entries(body, 4)["RuleCondition"]), value(assertion))
    for body in entries(SECTIONS["Rules"], 2).values()
    for assertion in re.findall(r"Assert: (.*)", body)
]
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    name: {variable: value(text) for variable, text in entries(variables, 10).items()}
    for name, body in entries(SECTIONS["Resources"], 2).items()
    if (variables := entries(body, 8).get("Variables"))
}


def evaluate(expression: Any, known: Mapping[str, Any]) -> Any:
    """Do CloudFormation's functions; `known` has parameters and attributes of resources."""
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
    """Whether CloudFormation deploys with this value of a parameter that has a pattern."""
    declared = PARAMETERS[parameter]
    is_list = declared["Type"] == "CommaDelimitedList"
    items = [item.strip() for item in text.split(",")] if is_list else [text]
    return all(re.fullmatch(declared["AllowedPattern"], item) for item in items)


def names(section: str) -> set[str]:
    """The names that a section declares."""
    return set(re.findall(r"^  (\w+):$", SECTIONS[section], re.MULTILINE))
