"""`python -m resizer doctor`: compare bucket and table, and mend what differs."""

import argparse
import json
import logging
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import NoRegionError

from contract.keys import THUMBNAILS, UPLOADS, InvalidUserIdError, check_user_id
from contract.settings import SettingsError
from resizer.doctor import Doctor, Plan, Report
from resizer.repository import Repository, dynamodb_client
from resizer.resize import Resizer
from resizer.settings import Settings
from resizer.storage import Storage, s3_client

BAR_CHARS = 30
SOMETHING_LEFT = 3  # exit code


def main() -> int:
    options = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        settings = Settings.from_environment(os.environ)
        if settings.region:  # the SDK for Python knows it by another name only
            os.environ.setdefault("AWS_DEFAULT_REGION", settings.region)
        storage = Storage(s3_client(), settings.bucket)
        repository = Repository(dynamodb_client(), settings.table)
        user_id = None if options.user is None else check_user_id(options.user)
    except (SettingsError, NoRegionError, InvalidUserIdError) as exc:
        print(f"doctor: {exc}", file=sys.stderr)
        return 2
    resizer = Resizer(
        storage=storage,
        repository=repository,
        settings=settings,
        now_ms=lambda: time.time_ns() // 1_000_000,
        threads=ThreadPoolExecutor(2 * options.workers),
    )
    plan = Plan(
        repair=options.repair,
        redrive=options.redrive,
        user_id=user_id,
        grace_ms=options.grace * 1000,
    )
    bar = _Bar(_total(storage, user_id)) if sys.stderr.isatty() or options.progress else None
    threads = ThreadPoolExecutor(options.workers)
    owner = f"doctor-{uuid.uuid4()}"
    report = Doctor(resizer, plan, owner, threads, bar.show if bar else lambda _: None).examine()
    _print(report, options.json)
    return SOMETHING_LEFT if _is_ill(report) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m resizer")
    commands = parser.add_subparsers(required=True)
    doctor = commands.add_parser(
        "doctor",
        help="compare bucket and table",
        description="Compares bucket and table. Exit code 3: something is left to mend.",
    )
    doctor.add_argument("--repair", action="store_true", help="mend what is found")
    doctor.add_argument("--redrive", action="store_true", help="try again what was given up")
    doctor.add_argument("--user", metavar="ID", help="look at this user's images only")
    doctor.add_argument("--json", action="store_true", help="print the report as JSON")
    doctor.add_argument("--progress", action="store_true", help="a bar even without a terminal")
    doctor.add_argument("--workers", type=int, default=8, metavar="N", help="at once (8)")
    doctor.add_argument(
        "--grace", type=int, default=120, metavar="S", help="leave younger images alone (120)"
    )
    return parser


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
        line = f"\r[{bar}] {seen} of {self._total} looked at, {found} findings"
        print(line, end=end, file=sys.stderr, flush=True)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_dict()))
        return
    print(f"{report.images} images and {report.thumbnails} thumbnails looked at")
    for finding, count in sorted(report.found.items()):
        mended = report.repaired[finding]
        print(f"{count:8} {finding}" + (f", {mended} mended" if mended else ""))


def _is_ill(report: Report) -> bool:
    """Whether anything is left that `--repair` or `--redrive` could mend."""
    lasting = {"failed", "foreign_key"}
    return any(
        count > report.repaired[finding]
        for finding, count in report.found.items()
        if finding not in lasting
    )


sys.exit(main())
