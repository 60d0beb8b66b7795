"""README.md and the code agree."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata

import boto3
import pytest

from api.app import create_app
from api.settings import Settings as ApiSettings
from contract.settings import API, LOCAL_RUN, RESIZER, SETTINGS, SettingsError
from local.settings import Settings as LocalSettings
from resizer.settings import Settings as ResizerSettings
from tests import ROOT

README = (ROOT / "README.md").read_text()


class WatchedEnvironment(dict[str, str]):
    """Remembers which variables were read."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override] # narrower than dict's overloads, as Mapping[str, str] is used
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without backticks."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines
    ]


def read_by() -> Iterator[tuple[str, set[str]]]:
    """Which settings each part reads."""
    for part, settings in (
        (API, ApiSettings),
        (RESIZER, ResizerSettings),
        (LOCAL_RUN, LocalSettings),
    ):
        environment = WatchedEnvironment(
            {"AUTH": "jwt", "BUCKET": "images", "CDN_URL": "https://cdn.example.com"}
        )
        with suppress(SettingsError):
            settings.from_environment(environment)
        yield part, environment.asked


def test_the_settings_table_matches_the_contract() -> None:
    assert rows("Settings") == [
        [
            setting.name,
            setting.default_text,
            ", ".join(setting.read_by),
            setting.meaning.replace("`", ""),
        ]
        for setting in SETTINGS
    ]


def test_the_contract_names_the_readers_of_each_setting() -> None:
    read: dict[str, set[str]] = {}
    for part, names in read_by():
        for name in names:
            read.setdefault(name, set()).add(part)
    assert read == {setting.name: set(setting.read_by) for setting in SETTINGS}


def test_the_routes_table_matches_the_api() -> None:
    settings = ApiSettings.from_environment(
        {"AUTH": "off", "AWS_REGION": "us-east-1", "BUCKET": "images"}
    )
    paths = create_app(settings, session=boto3.Session("nobody", "nothing")).openapi()["paths"]
    served = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {row[0] for row in rows("Routes")} == served


def test_the_dependency_table_matches_the_project() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    declared: dict[str, set[str]] = {}
    for group, requirements in groups.items():
        for requirement in requirements:
            if isinstance(requirement, str):
                name = re.split(r"[\[=<>~;]", requirement)[0]
                declared.setdefault(name, set()).add(group)
    assert {row[0]: set(row[1].split(", ")) for row in rows("Dependencies")} == declared


def test_the_license_of_each_installed_dependency_is_correct() -> None:
    checked = 0
    for name, _, license_name, _ in rows("Dependencies"):
        try:
            found = metadata(name)
        except PackageNotFoundError:
            continue
        said = " ".join([*found.get_all("License-Expression", []), *found.get_all("License", [])])
        said += " ".join(found.get_all("Classifier", []))
        family = re.split("[- ]", license_name)[0]
        assert family in said, f"{name}: {license_name}, its metadata: {said}"
        checked += 1
    assert checked > 10


def test_the_development_table_matches_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for_people = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert {row[0].removeprefix("make ") for row in rows("Development")} == for_people
    named = set(re.findall(r"`make ([a-z-]+)", README)) | set(
        re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)
    )
    assert named <= for_people


@pytest.mark.parametrize(
    "link", re.findall(r"\]\(([^)#:]+)\)", README) or [pytest.param("", id="none")]
)
def test_links_point_to_files(link: str) -> None:
    assert link
    assert (ROOT / link).exists()


@pytest.mark.parametrize("folder", [row[0] for row in rows("Project layout")])
def test_the_parts_exist(folder: str) -> None:
    assert (ROOT / folder).exists()


@pytest.mark.parametrize("row", rows("Where to look"), ids=lambda row: row[0])
def test_where_to_look_names_files_that_exist(row: list[str]) -> None:
    paths = re.findall(r"\w+(?:/\w+)+(?:\.py|/)", row[1])
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
