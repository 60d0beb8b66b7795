"""A bucket of 1,000 images: 50 hostile, 20 foreign, 20 archived. The doctor, then a local run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.keys import OriginalKey
from contract.record import Status
from local import infrastructure
from local.emulator import Emulator, endpoint_environment
from resizer.events import ObjectReference
from resizer.repository import Repository
from resizer.resize import Outcome, Resizer
from resizer.settings import Settings
from resizer.storage import Storage
from tests.invocations import RecordedInvocations
from tests.sandbox import shared_sandbox
from tools import hostile_pictures
from tools.local_run import LocalRun
from tools.pictures import jpeg
from tools.ports import free_port

USERS = 5
GOOD, HOSTILE, FOREIGN, ARCHIVED = 910, 50, 20, 20
EXPIRE_ORIGINALS_DAYS = 30
CREATED_MS = 1763853422000
HOSTILE_BYTES = 100_000
READY_MARGIN_SECONDS = 8.0  # the machine may be busy; the doctor alone takes longer than this
UUID = "0b5c8f0e-6b0c-4d0a-9c42-{:012d}"


class Bucket:
    def __init__(self, emulator: Emulator, stack: infrastructure.Stack) -> None:
        self.emulator, self.stack = emulator, stack
        session = emulator.root.session()
        self.s3 = session.client("s3", endpoint_url=emulator.url)
        self.dynamodb = session.client("dynamodb", endpoint_url=emulator.url)

    def put(self, key: str, data: bytes) -> str:
        response = self.s3.put_object(Bucket=self.stack.bucket, Key=key, Body=data)
        e_tag: str = response["ETag"].strip('"')
        return e_tag

    def remove(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.stack.bucket, Key=key)

    def put_row(self, **attributes: str) -> None:
        item = {name: {"S": value} for name, value in attributes.items()}
        self.dynamodb.put_item(TableName=self.stack.table, Item=item)

    def resizer(self) -> Resizer:
        names = {"BUCKET": self.stack.bucket, "DYNAMODB_TABLE": self.stack.table}
        settings = Settings.from_environment(names)
        return Resizer(
            Storage(self.s3, self.stack.bucket),
            Repository(self.dynamodb, self.stack.table),
            settings,
            lambda: time.time_ns() // 1_000_000,
            shared_sandbox(settings),
        )

    def doctor(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the report of the doctor, as an operator runs it."""
        environment = {
            **os.environ,
            **self.emulator.root.environment(),
            **endpoint_environment(self.emulator.url),
            "BUCKET": self.stack.bucket,
            "DYNAMODB_TABLE": self.stack.table,
            "EXPIRE_ORIGINALS_DAYS": str(EXPIRE_ORIGINALS_DAYS),
        }
        command = [sys.executable, "-m", "resizer", "doctor", "--grace", "0", "--json", *arguments]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        return done.returncode, json.loads(done.stdout)


@contextmanager
def bucket_in(data: Path) -> Iterator[Bucket]:
    """An emulator with our stack that keeps its objects in `data`, as the local run does."""
    with RecordedInvocations() as recorded:
        names = (infrastructure.RESIZE_IMAGE, infrastructure.GIVE_UP)
        with Emulator(free_port(), data, dict.fromkeys(names, recorded.url)) as emulator:
            stack = infrastructure.deploy(emulator.root, emulator.url, {})
            yield Bucket(emulator, stack)


def name(number: int, suffix: str = "a.jpg") -> str:
    return f"{CREATED_MS + number}-{number:08x}-{suffix}"


def user(number: int) -> str:
    return f"user_{number % USERS}"


def fill(bucket: Bucket) -> None:
    good = jpeg(300, 200)
    hostile = [make(HOSTILE_BYTES) for make in hostile_pictures.GENERATORS.values()]
    uploads = [(f"uploads/{user(n)}/{name(n)}", good) for n in range(GOOD)]
    uploads += [
        (f"uploads/{user(n)}/{name(GOOD + n, 'hostile')}", hostile[n % len(hostile)])
        for n in range(HOSTILE)
    ]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda upload: bucket.put(*upload), uploads))
    for number in range(FOREIGN):
        put_foreign(bucket, number, good)
    for number in range(ARCHIVED):
        put_archived(bucket, number, good)


def put_foreign(bucket: Bucket, number: int, good: bytes) -> None:
    """In turn: keys of another program, rows of one, both, and a row without anything."""
    owner = user(number)
    key = f"uploads/{owner}/holiday {number}.jpg"
    match number % 4:
        case 0:
            bucket.put(f"uploads/{owner}/folder/{number}.jpg", good)
        case 1:
            bucket.put(key, good)
        case 2:
            bucket.put(key, good)
            bucket.put_row(
                userId=owner,
                imageId=UUID.format(number),
                originalKey=key,
                status="processing",
                createdAt="2025-11-22T23:17:02Z",
            )
        case _:
            bucket.put_row(userId=owner, imageId=UUID.format(number), status="uploaded")


def put_archived(bucket: Bucket, number: int, good: bytes) -> None:
    key = OriginalKey(user(number), name(GOOD + HOSTILE + number))
    ref = ObjectReference(key, len(good), bucket.put(str(key), good), "1".ljust(32, "0"))
    assert bucket.resizer().resize(ref, "invocation-1") is Outcome.DONE
    bucket.remove(str(key))


def seconds_to_ready(data: Path, started: float) -> float:
    with LocalRun(data):
        return time.monotonic() - started


def test_the_doctor_mends_what_can_be_mended_and_lists_the_rest(tmp_path: Path) -> None:
    with bucket_in(tmp_path / "data") as bucket:
        fill(bucket)
        code, report = bucket.doctor("--repair")
        assert code == 0, report
        records = list(bucket.resizer().repository.of_user(user(0)))
        again, unchanged = bucket.doctor("--repair")
    assert report["images"] >= GOOD + HOSTILE + ARCHIVED
    found, repaired = report["found"], report["repaired"]
    assert not found.get("error")
    assert repaired["archived"] == ARCHIVED
    assert repaired["original_without_record"] == GOOD + HOSTILE + FOREIGN // 4
    assert repaired["stuck_in_processing"] == FOREIGN // 4  # rows that name their original
    assert report["left"].keys() == {"foreign_key", "foreign_record"}
    assert report["left"]["foreign_key"]["count"] == FOREIGN // 4
    assert report["left"]["foreign_record"]["count"] == FOREIGN // 4
    assert report["left"]["foreign_key"]["keys"]
    done = [record for record in records if record.status is Status.DONE]
    assert len(done) >= GOOD // USERS

    assert (again, unchanged["repaired"]) == (0, {})
    assert unchanged["left"].keys() == {"failed", "foreign_key", "foreign_record"}
    assert unchanged["left"]["failed"]["count"] == len(unchanged["left"]["failed"]["keys"])
    assert unchanged["left"]["failed"]["count"] <= HOSTILE

    full, started = tmp_path / "data", time.monotonic()
    with_everything = seconds_to_ready(full, started)
    with_nothing = seconds_to_ready(tmp_path / "empty", time.monotonic())
    print(f"ready after {with_everything:.1f} s, over an empty bucket {with_nothing:.1f} s")
    assert with_everything < with_nothing + READY_MARGIN_SECONDS
