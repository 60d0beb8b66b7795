"""Who may import whom. `make imports` proves the same in environments of their own."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import ROOT

DEPLOYED = ["contract", "api", "resizer"]
OTHERS = ["local", "container_build", "tools", "benchmarks"]
WEB = {"fastapi", "starlette", "pydantic", "pydantic_core", "uvicorn", "mangum"}
SDK = {"boto3", "botocore", "mypy_boto3_dynamodb", "mypy_boto3_s3"}
CONTRACT_MAY = {"contract", *sys.stdlib_module_names}
# The layers of the API, the lowest first, and what each may import from `api`.
LAYERS = {
    "api/aws": {"api.aws", "api.settings"},
    "api/use_cases": {"api.use_cases", "api.aws", "api.settings"},
    "api/http": {"api.http", "api.use_cases", "api.aws", "api.settings"},
}
CATCH_EVERYTHING = {
    "api/http/middleware.py",  # a request
    "resizer/doctor/doctor.py",  # an image or a thumbnail
    "resizer/give_up.py",  # an image of a batch of messages
    "resizer/handler.py",  # an original of an event
    "resizer/sandbox/worker.py",  # a picture
}
# They turn exceptions into responses when AWS is down.
NAME_EXCEPTIONS_OF_THE_SDK = {"api/http/error_handlers.py", "api/http/health.py"}


def imported(path: Path) -> Iterator[str]:
    """What a module imports, anywhere in it: `api.http.views.image`, `boto3`."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(name: str, modules: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


def imports(where: str, wrong: Callable[[str], bool]) -> dict[str, set[str]]:
    """The modules in a folder, or the one file, that import something wrong, and what."""
    place = ROOT / where
    paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert paths, where
    found = {str(path.relative_to(ROOT)): set(filter(wrong, imported(path))) for path in paths}
    return {module: names for module, names in found.items() if names}


def imports_any_of(where: str, forbidden: set[str]) -> dict[str, set[str]]:
    return imports(where, lambda name: within(name, forbidden))


@pytest.mark.parametrize(
    ("module", "besides"), [("contract", set()), ("api/settings.py", {"cryptography"})]
)
def test_the_lowest_modules_import_little_but_the_contract_and_the_standard_library(
    module: str, besides: set[str]
) -> None:
    assert not imports(module, lambda name: not within(name, CONTRACT_MAY | besides))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("api", {"resizer", "PIL", "pillow_heif"}), ("resizer", {"api", "boto3", *WEB})],
)
def test_a_deployable_imports_neither_the_other_nor_its_libraries(
    package: str, forbidden: set[str]
) -> None:
    assert not imports_any_of(package, forbidden)


@pytest.mark.parametrize("package", DEPLOYED)
def test_deployed_code_imports_nothing_that_is_not_deployed(package: str) -> None:
    assert not imports_any_of(package, {*OTHERS, "tests"})


def catches_everything(path: Path) -> bool:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            ends_by_raise = isinstance(node.body[-1], ast.Raise)
            name = ast.unparse(node.type) if node.type else ""
            if name in {"", "Exception", "BaseException"} and not ends_by_raise:
                return True
    return False


def test_only_the_outermost_loops_catch_every_exception() -> None:
    """Elsewhere, an exception that nobody foresaw would be taken for one that somebody did."""
    modules = [path for package in DEPLOYED for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in modules if catches_everything(path)}
    assert found == CATCH_EVERYTHING


@pytest.mark.parametrize("package", OTHERS)
def test_only_tests_import_tests(package: str) -> None:
    assert not imports_any_of(package, {"tests"})


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_of_the_api_imports_nothing_above_it(layer: str) -> None:
    allowed = LAYERS[layer]
    assert not imports(layer, lambda name: within(name, {"api"}) and not within(name, allowed))


@pytest.mark.parametrize("layer", ["api/aws", "api/use_cases"])
def test_only_the_http_layer_imports_the_web_framework(layer: str) -> None:
    assert not imports_any_of(layer, WEB)


@pytest.mark.parametrize("layer", ["api/use_cases", "api/http"])
def test_only_the_aws_layer_imports_the_sdk(layer: str) -> None:
    found = imports_any_of(layer, SDK)
    for module in NAME_EXCEPTIONS_OF_THE_SDK & found.keys():
        found[module] -= {name for name in found[module] if within(name, {"botocore.exceptions"})}
    assert not any(found.values()), found
