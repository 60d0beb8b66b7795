"""`python -m resizer doctor`: compare the bucket and the table, and repair what differs."""

import argparse
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from contract.keys import THUMBNAILS, UPLOADS, InvalidUserIdError, check_user_id
from contract.settings import drop_blank
from resizer.doctor import Doctor, Options, Report
from resizer.doctor.findings import FORGETTABLE, MAX_KEYS
from resizer.repository import Repository, dynamodb_client
from resizer.resize import Resizer
from resizer.sandbox import Sandbox
from resizer.settings import Settings
from resizer.storage import Storage, s3_client

BAR_CHARS = 30
SHOWN_KEYS = 20  # of each finding
NEEDS_REPAIR = 3  # exit code


class CannotConnectError(Exception):
    """The settings, or botocore's own variables, are invalid."""


def main() -> int:
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    drop_blank(os.environ)
    try:
        settings, sandbox, storage, repository = _connect(arguments.workers)
        user_id = None if arguments.user is None else check_user_id(arguments.user)
        report = _examine(arguments, settings, sandbox, storage, repository, user_id)
    except (CannotConnectError, InvalidUserIdError, BotoCoreError, ClientError) as exc:
        print(f"doctor: {exc}", file=sys.stderr)
        return 2
    _print(report, arguments.json)
    return NEEDS_REPAIR if report.needs_repair() else 0


def _connect(workers: int) -> tuple[Settings, Sandbox, Storage, Repository]:
    """Raises CannotConnectError or BotoCoreError."""
    try:
        settings = Settings.from_environment(os.environ)
        # Before the clients: see its docstring. More than one a core would only wait.
        sandbox = Sandbox(settings, places=min(workers, os.cpu_count() or 1))
        aws = settings.region, settings.endpoint_url
        storage = Storage(s3_client(*aws), settings.bucket)
        repository = Repository(dynamodb_client(*aws), settings.table)
    except ValueError as exc:  # SettingsError, or botocore's for a URL like AWS_ENDPOINT_URL_S3
        raise CannotConnectError(str(exc)) from exc
    return settings, sandbox, storage, repository


def _examine(
    arguments: argparse.Namespace,
    settings: Settings,
    sandbox: Sandbox,
    storage: Storage,
    repository: Repository,
    user_id: str | None,
) -> Report:
    resizer = Resizer(
        storage=storage,
        repository=repository,
        settings=settings,
        now_ms=lambda: time.time_ns() // 1_000_000,
        sandbox=sandbox,
        threads=ThreadPoolExecutor(2 * arguments.workers),
    )
    options = Options(
        repair=arguments.repair,
        redrive=arguments.redrive,
        forget_missing=arguments.forget_missing,
        expire_originals_days=settings.expire_originals_days,
        user_id=user_id,
        grace_ms=arguments.grace * 1000,
    )
    bar = _Bar(_total(storage, user_id)) if sys.stderr.isatty() or arguments.progress else None
    threads = ThreadPoolExecutor(arguments.workers)
    owner = f"doctor-{uuid.uuid4()}"
    return Doctor(resizer, options, owner, threads, bar.show if bar else lambda _: None).examine()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m resizer")
    commands = parser.add_subparsers(required=True)
    doctor = commands.add_parser(
        "doctor",
        help="compare the bucket and the table",
        description="Compare the bucket and the table. Exit code 3: something is left to repair.",
    )
    doctor.add_argument("--repair", action="store_true", help="repair what is found")
    doctor.add_argument(
        "--redrive", action="store_true", help="retry images that were given up on or quarantined"
    )
    doctor.add_argument(
        "--forget-missing",
        action="store_true",
        help="remove the records and thumbnails of originals that are missing",
    )
    doctor.add_argument("--user", metavar="ID", help="check only this user's images")
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    doctor.add_argument(
        "--progress", action="store_true", help="show a progress bar even if there is no terminal"
    )
    doctor.add_argument(
        "--workers",
        type=_at_least(1),
        default=8,
        metavar="N",
        help="images to check at once (default 8)",
    )
    doctor.add_argument(
        "--grace",
        type=_at_least(0),
        default=120,
        metavar="S",
        help="skip images younger than S seconds (default 120)",
    )
    return parser


def _at_least(low: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"it must be a whole number of at least {low}")
        return int(text)

    return number


def _total(storage: Storage, user_id: str | None) -> int:
    if user_id:
        return storage.count(f"{UPLOADS}/{user_id}/")
    return storage.count(f"{UPLOADS}/") + storage.count(f"{THUMBNAILS}/")


class _Bar:
    """A progress bar on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total

    def show(self, report: Report) -> None:
        seen = report.images + report.thumbnails
        filled = BAR_CHARS * min(seen, self._total) // max(self._total, 1)
        bar = "#" * filled + "-" * (BAR_CHARS - filled)
        found = sum(report.found.values())
        end = "\n" if seen >= self._total else ""
        line = f"\r[{bar}] {seen} of {self._total} checked, {found} findings"
        print(line, end=end, file=sys.stderr, flush=True)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_dict()))
        return
    print(f"{report.images} images and {report.thumbnails} thumbnails checked")
    for finding, count in sorted(report.found.items()):
        repaired = report.repaired[finding]
        print(f"{count:8} {finding}" + (f", {repaired} repaired" if repaired else ""))
        _print_keys(report.keys[finding], report.left(finding))
    would_forget = sum(map(report.left, FORGETTABLE))
    if would_forget:
        print(f"--forget-missing would remove the last copies of {would_forget} images")


def _print_keys(keys: list[str], left: int) -> None:
    for key in keys[:SHOWN_KEYS]:
        print(f"         {key.encode('unicode_escape').decode('ascii')}")
    if left > SHOWN_KEYS:
        print(f"         and {left - SHOWN_KEYS} more; --json lists up to {MAX_KEYS}")


if __name__ == "__main__":
    sys.exit(main())
