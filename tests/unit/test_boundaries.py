"""Who may import whom. `make imports` proves the same in environments of their own."""

import ast
import sys

import pytest

from tests import ROOT

PACKAGES = {"contract", "api", "resizer", "local", "tests", "benchmarks"}


def imported(package: str) -> dict[str, set[str]]:
    """The top-level names that each module of a package imports, anywhere in it."""
    return {
        str(path.relative_to(ROOT)): _names(ast.parse(path.read_text()))
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def _names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("package", ["contract", "api", "resizer"])
def test_a_package_is_found(package: str) -> None:
    assert len(imported(package)) > 1


def test_the_contract_imports_the_standard_library_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"contract"}
    foreign = {module: names - allowed for module, names in imported("contract").items()}
    assert not any(foreign.values()), foreign


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("api", {"resizer", "local", "tests", "benchmarks", "PIL", "pillow_heif"}),
        ("resizer", {"api", "local", "tests", "benchmarks", "fastapi", "pydantic", "starlette"}),
    ],
)
def test_a_deployable_imports_neither_the_other_nor_its_libraries(
    package: str, forbidden: set[str]
) -> None:
    wrong = {module: names & forbidden for module, names in imported(package).items()}
    assert not any(wrong.values()), wrong


@pytest.mark.parametrize("package", ["contract", "api", "resizer", "local"])
def test_nothing_that_runs_imports_the_tests(package: str) -> None:
    wrong = {module for module, names in imported(package).items() if "tests" in names}
    assert not wrong
