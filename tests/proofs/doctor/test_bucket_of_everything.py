"""A bucket of 1,000 images, 50 hostile, 20 foreign and 20 archived: the doctor, then a local run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from contract.record import Status
from local import infrastructure
from local.emulator import Emulator, endpoint_environment
from resizer.events import ObjectReference
from resizer.repository import Repository
from resizer.resize import Outcome, Resizer
from resizer.settings import Settings
from resizer.storage import Storage
from contract.keys import OriginalKey
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
UUID = "0b5c8f0e-6b0c-4d0a-9c42-{:012d}"


@dataclass(frozen=True)
class Bucket:
    session: boto3.Session
    emulator_url: str
    stack: infrastructure.Stack

    def put(self, key: str, data: bytes) -> str:
        client = self.session.client("s3", endpoint_url=self.emulator_url)
        response = client.put_object(Bucket=self.stack.bucket, Key=key, Body=data)
        return response["ETag"].strip('"')

    def remove(self, key: str) -> None:
        client = self.session.client("s3", endpoint_url=self.emulator_url)
        client.delete_object(Bucket=self.stack.bucket, Key=key)

    def put_row(self, **attributes: str) -> None:
        client = self.session.client("dynamodb", endpoint_url=self.emulator_url)
        item = {name: {"S": value} for name, value in attributes.items()}
        client.put_item(TableName=self.stack.table, Item=item)

    def resizer(self) -> Resizer:
        settings = Settings.from_environment(
            {"BUCKET": self.stack.bucket, "DYNAMODB_TABLE": self.stack.table}
        )
        return Resizer(
            Storage(
                self.session.client("s3", endpoint_url=self.emulator_url), self.stack.bucket
            ),
            Repository(
                self.session.client("dynamodb", endpoint_url=self.emulator_url), self.stack.table
            ),
            settings,
            lambda: time.time_ns() // 1_000_000,
            shared_sandbox(settings),
        )


@contextmanager
def bucket_in(data: Path) -> Iterator[Bucket]:
    """An emulator with our stack that keeps its objects in `data`, as the local run does."""
    with RecordedInvocations() as recorded:
        names = (infrastructure.RESIZE_IMAGE, infrastructure.GIVE_UP)
        with Emulator(free_port(), data, dict.fromkeys(names, recorded.url)) as emulator:
            stack = infrastructure.deploy(emulator.root, emulator.url, {})
            yield Bucket(emulator.root.session(), emulator.url, stack)


def name(number: int, suffix: str = "a.jpg") -> str:
    return f"{CREATED_MS + number}-{number:08x}-{suffix}"


def user(number: int) -> str:
    return f"user_{number % USERS}"


def fill(bucket: Bucket) -> None:
    good, hostile = jpeg(300, 200), list(hostile_pictures.small())
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


def run_doctor(bucket: Bucket) -> tuple[int, dict[str, Any], str]:
    environment = {
        **os.environ,
        **bucket.stack_environment(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "resizer", "doctor", "--repair", "--grace", "0", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr
