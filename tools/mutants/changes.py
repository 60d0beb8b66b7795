"""The mutants of one source file: one small change each. Pure.

The changes are those that tell whether a rule is tested: a statement, a condition, an operand, an
argument or an element goes, a comparison moves by one, a constant becomes 0 or a thousandfold.
Texts, logs and annotations stay as they are.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OPPOSITES = {"<=": "<", "<": "<=", ">=": ">", ">": ">=", "!=": "==", "==": "!="} | {
    "is not": "is",
    "is": "is not",
    "not in": "in",
    "in": "not in",
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.FloorDiv: "*",
    ast.Div: "*",
    ast.Mod: "//",
}
# These need no parentheses as an operand.
ATOMS = (ast.Attribute, ast.Call, ast.Constant, ast.Name, ast.Subscript)


@dataclass(frozen=True, slots=True)
class Edit:
    """`node` is replaced by `new`; `label` says so where both texts would be too long."""

    node: ast.AST
    new: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with the bytes from `start` to `end` replaced by `new`."""

    file: str
    line: int
    function: str  # qualified, "" for the module
    change: str  # on one line; no two of one function are alike
    start: int
    end: int
    new: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]

    @property
    def identity(self) -> tuple[str, str, str]:
        """Stays the same when lines above change."""
        return self.file, self.function, self.change

    def rank(self, seed: str) -> str:
        """Where the mutant stands in a sample's order; other code does not move it."""
        return sha256("\n".join((seed, *self.identity)).encode()).hexdigest()


def mutants(file: str, source: bytes) -> list[Mutant]:
    """All mutants of a file that compile."""
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    found: list[Mutant] = []
    seen: Counter[tuple[str, str]] = Counter()
    for function, edit in _module_edits(ast.parse(source)):
        node: Any = edit.node  # all that are edited have a place
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        change = edit.label or f"{_flat(source[start:end].decode())} -> {_flat(edit.new)}"
        seen[function, change] += 1
        if (number := seen[function, change]) > 1:
            change += f" (no. {number})"
        mutant = Mutant(file, node.lineno, function, change, start, end, edit.new)
        if _compiles(mutant.applied(source)):
            found.append(mutant)
    return found


def _flat(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 100 else f"{flat[:80]}...{sha256(flat.encode()).hexdigest()[:8]}"


def _compiles(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _module_edits(module: ast.Module) -> Iterator[tuple[str, Edit]]:
    for statement in module.body:
        if isinstance(statement, ast.Assign) and _is_number(statement.value):
            yield "", Edit(statement.value, "0", f"{ast.unparse(statement)} -> 0")
            text = ast.unparse(statement.value)
            yield (
                "",
                Edit(statement.value, f"1000 * ({text})", f"{ast.unparse(statement)} -> * 1000"),
            )
            continue
        yield from _walk(statement, "")


def _walk(node: ast.AST, function: str) -> Iterator[tuple[str, Edit]]:
    if _is_left_alone(node):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    for edit in _edits(node):
        yield function, edit
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, function)


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True  # Python 3.11 does not say where the parts of an f-string are
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Expr(value=ast.Constant()):
            return True  # a docstring
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.ClassDef(bases=[ast.Name(id="Protocol")]):
            return True
    return False


def _edits(node: ast.AST) -> Iterator[Edit]:
    """The changes of this very node; its children have their own."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise():
            yield Edit(node, "pass")
        case ast.If(test=test) | ast.IfExp(test=test):
            yield Edit(test, "True")
            yield Edit(test, "False")
        case ast.While(test=test):
            yield Edit(test, "False")
        case ast.comprehension(ifs=tests):
            yield from (Edit(test, "True") for test in tests)
        case ast.BoolOp():
            yield from _fewer_operands(node)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield Edit(node, _operand(operand))
        case ast.Compare():
            yield from _other_comparisons(node)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd(), right=right):
            yield Edit(node, _operand(left))
            yield Edit(node, _operand(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield Edit(node, f"{_operand(left)} {ARITHMETIC[type(op)]} {_operand(right)}")
        case ast.Call():
            yield from _fewer_keywords(node)
        case ast.Set(elts=elements):
            yield from _fewer_elements(node, elements, "{", "}")
        case ast.Tuple(elts=elements, ctx=ast.Load()) if all(
            isinstance(element, ast.Call | ast.Constant) for element in elements
        ):
            yield from _fewer_elements(node, elements, "(", ",)")
        case ast.Constant(value=bool(value)):
            yield Edit(node, str(not value))
        case ast.Constant(value=int(value)):
            yield Edit(node, str(value + 1))


def _operand(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if isinstance(node, ATOMS) else f"({text})"


def _fewer_operands(node: ast.BoolOp) -> Iterator[Edit]:
    joint = " and " if isinstance(node.op, ast.And) else " or "
    for gone in node.values:
        rest = joint.join(_operand(value) for value in node.values if value is not gone)
        yield Edit(node, f"({rest})")


def _other_comparisons(node: ast.Compare) -> Iterator[Edit]:
    for changed in range(len(node.ops)):
        text = _operand(node.left)
        for number, (op, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            opposite = COMPARISONS[type(op)]
            sign = opposite if number == changed else OPPOSITES[opposite]
            text += f" {sign} {_operand(right)}"
        yield Edit(node, text)


def _fewer_keywords(call: ast.Call) -> Iterator[Edit]:
    for gone in call.keywords:
        rest = [keyword for keyword in call.keywords if keyword is not gone]
        new = ast.unparse(ast.Call(call.func, call.args, rest))
        name = ast.unparse(call.func).splitlines()[0][-60:]
        yield Edit(call, new, f"{name}(...) without {_flat(ast.unparse(gone))}")


def _fewer_elements(
    node: ast.AST, elements: Sequence[ast.expr], left: str, right: str
) -> Iterator[Edit]:
    if len(elements) > 1:
        for gone in elements:
            rest = ", ".join(ast.unparse(element) for element in elements if element is not gone)
            yield Edit(node, f"{left}{rest}{right}")


def _is_number(value: ast.expr) -> bool:
    """Whether a constant is a number or a product of numbers."""
    match value:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
    return False
