"""`make mutants`: does a test notice when the code is changed?

Runs a fixed sample of all mutants (ARGS="--all" runs each, ARGS="--seed 2" another sample) and
ends with 1 if one survives that accepted.toml does not list with a reason, or if too few of all
are killed. An entry of accepted.toml that fits no mutant any more is an error too.
"""

import argparse
import itertools
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.mutants.changes import Mutant, mutants
from tools.mutants.runner import ROOT, CannotRunError, Runner, copies

ACCEPTED = Path(__file__).with_name("accepted.toml")
MIN_SCORE = 0.85  # killed of all that ran, accepted survivors among them
SEED = "1"
LEFT_OUT = {"resizer/__main__.py"}  # prints for operators
# What runs against a mutant, and how many mutants a sample has of the folder; the first that fits.
UNIT, INTEGRATION = "tests/unit", "tests/integration"
SETTINGS = (f"{UNIT}/contract/test_settings.py", f"{UNIT}/contract/test_template_settings.py")
CONDITIONS = f"{INTEGRATION}/contract/test_conditions.py"
SUITES: dict[str, tuple[int, tuple[str, ...]]] = {
    "contract/conditions.py": (10, (f"{UNIT}/contract/test_transitions.py", CONDITIONS)),
    "contract/transitions.py": (10, (f"{UNIT}/contract/test_transitions.py", CONDITIONS)),
    "contract/setting_rules.py": (10, SETTINGS),
    "contract/settings.py": (10, SETTINGS),
    "contract": (
        40,
        (
            f"{UNIT}/contract/test_keys.py",
            f"{UNIT}/contract/test_record.py",
            f"{UNIT}/contract/test_logs.py",
            f"{UNIT}/contract/test_metadata.py",
            f"{UNIT}/contract/test_missing_objects.py",
            f"{UNIT}/resizer/test_formats.py",
        ),
    ),
    "api/use_cases": (
        20,
        (
            f"{UNIT}/api/use_cases",
            f"{UNIT}/api/test_waiting.py",
            f"{INTEGRATION}/api/test_quota.py",
            f"{INTEGRATION}/api/test_idempotency.py",
            f"{INTEGRATION}/api/test_deletion.py",
            f"{INTEGRATION}/api/test_uploads.py",
        ),
    ),
    "resizer/engine": (
        10,
        (
            f"{UNIT}/resizer",
            f"{INTEGRATION}/resizer/test_sandbox.py",
            f"{INTEGRATION}/resizer/test_engine_jpeg.py",
            f"{INTEGRATION}/resizer/test_engine_body.py",
            f"{INTEGRATION}/resizer/test_engine_png.py",
            f"{INTEGRATION}/resizer/test_engine_scans.py",
            f"{INTEGRATION}/resizer/test_engine_output.py",
            f"{INTEGRATION}/resizer/test_resize.py",
            f"{INTEGRATION}/resizer/test_engine_pixels.py",
        ),
    ),
    "resizer": (
        25,
        (
            f"{UNIT}/resizer",
            f"{INTEGRATION}/resizer/test_resize.py",
            f"{INTEGRATION}/resizer/test_handler.py",
            f"{INTEGRATION}/resizer/test_doctor.py",
            f"{INTEGRATION}/resizer/test_doctor_orphans.py",
            f"{INTEGRATION}/test_start.py",
        ),
    ),
}


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    by_folder = find_all()
    everything = list(itertools.chain.from_iterable(by_folder.values()))
    accepted = read_accepted(ACCEPTED, everything)
    chosen = [
        mutant
        for folder, found in by_folder.items()
        if folder.startswith(options.folder)
        for mutant in sample(found, len(found) if options.all else SUITES[folder][0], options.seed)
    ]
    print(f"{len(chosen)} of {len(everything)} mutants")
    started = time.monotonic()
    try:
        survivors = run(chosen, options.jobs)
    except CannotRunError as exc:
        print(f"mutants: {exc}", file=sys.stderr)
        return 2
    print(f"{time.monotonic() - started:.0f} s")
    return report(chosen, survivors, accepted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("folder", nargs="?", default="", help="only what is in this folder")
    parser.add_argument("--all", action="store_true", help="each mutant: takes hours")
    parser.add_argument("--seed", default=SEED, help="another sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser


def find_all() -> dict[str, list[Mutant]]:
    """The mutants of each folder of SUITES."""
    found: dict[str, list[Mutant]] = {folder: [] for folder in SUITES}
    for package in ("contract", "api/use_cases", "resizer"):
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            if file not in LEFT_OUT:
                found[_folder(file)] += mutants(file, path.read_bytes())
    return found


def _folder(file: str) -> str:
    return next(folder for folder in SUITES if file == folder or file.startswith(f"{folder}/"))


def sample(found: Iterable[Mutant], number: int, seed: str) -> list[Mutant]:
    return sorted(found, key=lambda mutant: mutant.rank(seed))[:number]


def read_accepted(path: Path, everything: Iterable[Mutant]) -> set[tuple[str, str, str]]:
    entries = tomllib.loads(path.read_text()).get("survivor", [])
    accepted = {(entry["file"], entry["function"], entry["change"]) for entry in entries}
    unexplained = [entry["change"] for entry in entries if not entry["reason"].strip()]
    unknown = accepted - {mutant.identity for mutant in everything}
    if unexplained or unknown:
        raise SystemExit(f"{path.name}: no reason: {unexplained}, no such mutant: {unknown}")
    return accepted


def run(chosen: Sequence[Mutant], jobs: int) -> list[Mutant]:
    pairs = [(mutant, SUITES[_folder(mutant.file)][1]) for mutant in chosen]

    def done(mutant: Mutant, alive: bool) -> None:
        text = f"\nsurvived: {mutant.file}:{mutant.line} {mutant.function}: {mutant.change}\n"
        print(text if alive else ".", end="", flush=True)

    with copies(jobs) as made:
        runner = Runner(made)
        runner.check({suite: None for _, suite in pairs})
        survivors = runner.survivors(pairs, done)
    print()
    return survivors


def report(
    chosen: Sequence[Mutant], survivors: Sequence[Mutant], accepted: set[tuple[str, str, str]]
) -> int:
    unexpected = [mutant for mutant in survivors if mutant.identity not in accepted]
    for mutant in sorted(unexpected, key=lambda mutant: (mutant.file, mutant.line)):
        print(f"unexpected: {mutant.file}:{mutant.line} {mutant.function}: {mutant.change}")
    alive = Counter(_folder(mutant.file) for mutant in survivors)
    for folder, number in Counter(_folder(mutant.file) for mutant in chosen).items():
        print(f"{folder}: {number - alive[folder]} of {number} killed")
    score = 1 - len(survivors) / len(chosen)
    known = len(survivors) - len(unexpected)
    print(f"{score:.1%} killed, {known} survived as accepted, {len(unexpected)} unexpectedly")
    return int(bool(unexpected) or score < MIN_SCORE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
