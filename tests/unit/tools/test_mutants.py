import dataclasses
from pathlib import Path
from textwrap import dedent

import pytest

from tests import ROOT
from tools.mutants.__main__ import read_accepted, report, sample
from tools.mutants.changes import Mutant, mutants


def changed(source: str) -> list[str]:
    """The mutated sources of a module."""
    text = dedent(source).strip().encode()
    return [mutant.applied(text).decode() for mutant in mutants("m.py", text)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("LIMIT_SECONDS = 60", ["LIMIT_SECONDS = 0", "LIMIT_SECONDS = 1000 * (60)"]),
        ("store(é)", ["pass"]),
        ("raise error", ["pass"]),
        ("x = a < b", ["x = a <= b"]),
        ("x = a is None", ["x = a is not None"]),
        ("x = low <= a < b", ["x = low < a < b", "x = low <= a <= b"]),
        ("x = a and b.c and d()", ["x = (b.c and d())", "x = (a and d())", "x = (a and b.c)"]),
        ("x = not (a or b)", ["x = (a or b)", "x = not ((b))", "x = not ((a))"]),
        ("x = a if b else c", ["x = a if True else c", "x = a if False else c"]),
        ("x = f(a, b=c)", ["x = f(a)"]),
        ("x = {a, b}", ["x = {b}", "x = {a}"]),
        ("x = a | b", ["x = a", "x = b"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if True]"]),
        ("def f():\n    return 200", ["def f():\n    return 201"]),
    ],
)
def test_each_kind_of_change_is_made(source: str, expected: list[str]) -> None:
    assert sorted(changed(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "x: int | None",
        "def f(a: int | None) -> int | None: ...",
        "@dataclass(frozen=True)\nclass A: ...",
        "log.info('x', extra={1, 2})",
        "x = f'{a + b}'",
        "if TYPE_CHECKING:\n    import a",
    ],
)
def test_texts_annotations_and_logs_stay_as_they_are(source: str) -> None:
    assert changed(source) == []


def test_the_mutants_that_no_test_once_noticed_are_made() -> None:
    def made(file: str) -> set[str]:
        return {mutant.change for mutant in mutants(file, (ROOT / file).read_bytes())}

    assert "IN_FLIGHT_SECONDS = 60 -> 0" in made("api/use_cases/quota.py")
    assert "gc.enable() -> pass" in made("resizer/collector.py")
    assert "wait(puts.values()) -> pass" in made("resizer/resize.py")


def of(source: str) -> list[Mutant]:
    return mutants("m.py", source.encode())


def test_the_same_change_twice_in_a_function_is_two_mutants() -> None:
    first, second = of("f()\nf()")
    assert (first.change, second.change) == ("f() -> pass", "f() -> pass (no. 2)")


def test_a_sample_is_not_moved_by_a_change_elsewhere() -> None:
    before = of("a()\nb()\nc()\nd()\n")
    after = of("# A comment.\n\na()\nb()\nc()\nd()\n")
    assert [m.identity for m in sample(before, 2, "1")] == [
        m.identity for m in sample(after, 2, "1")
    ]


def test_a_survivor_that_is_not_accepted_fails_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    [mutant] = mutants("contract/keys.py", b"\nstore(a)")
    killed = [dataclasses.replace(mutant, line=n) for n in range(2, 22)]
    assert report([mutant, *killed], [mutant], {mutant.identity}) == 0
    assert report([mutant, *killed], [mutant], set()) == 1
    assert "contract/keys.py:2 : store(a) -> pass" in capsys.readouterr().out


def test_too_many_survivors_fail_the_job_also_if_all_are_accepted() -> None:
    [mutant] = mutants("contract/keys.py", b"store(a)")
    assert report([mutant], [mutant], {mutant.identity}) == 1


@pytest.mark.parametrize(("change", "reason"), [("a() -> pass", " "), ("gone() -> pass", "Why.")])
def test_an_accepted_survivor_has_a_reason_and_still_exists(
    tmp_path: Path, change: str, reason: str
) -> None:
    accepted = tmp_path / "accepted.toml"

    def write(change: str, reason: str) -> None:
        entry = {"file": "m.py", "function": "", "change": change, "reason": reason}
        lines = (f'{name} = "{value}"' for name, value in entry.items())
        accepted.write_text("\n".join(["[[survivor]]", *lines]))

    write("a() -> pass", "Why.")
    assert read_accepted(accepted, of("a()")) == {("m.py", "", "a() -> pass")}
    write(change, reason)
    with pytest.raises(SystemExit):
        read_accepted(accepted, of("a()"))
