"""A bucket and a table in which anything may happen, and what must hold nevertheless."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.aws.dynamodb.repository import Repository as ApiRepository
from api.http.services import Services
from api.use_cases.errors import ImageNotFoundError
from contract import metadata
from contract.keys import OriginalKey, ThumbnailKey
from contract.record import REDRIVEN, UNUSABLE, ImageRecord, Reason, Status
from contract.transitions import Change
from resizer.doctor import Doctor, Options
from resizer.events import ObjectReference
from resizer.failures import EngineError
from resizer.repository import RefusedError, Repository
from resizer.resize import Resizer
from resizer.settings import Settings
from resizer.storage import Storage
from tests.inline_executor import InlineExecutor
from tests.integration.resizer.conftest import sequencer
from tests.integration.resizer.test_resize import failing
from tests.proofs.model.workers import Worker
from tests.sandbox import shared_sandbox
from tools.pictures import jpeg

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

USERS = ("ann", "bob")
IMAGE_IDS = ("1763853422123-00000000-a.jpg",)  # one for both: their thumbnails collide
FOREIGN = OriginalKey(USERS[0], "cat.jpg")  # no API planned it
UUID = "0c9d4b5e-8f0a-4b6e-9d43-6b1f0a0b5b5e"  # a row of another program may have this id
WRITES = ("Put", "Update", "Delete", "Transact")  # what their AWS operations begin with
RANK = {None: -1, "pending": 0, "processing": 1, "done": 2, "failed": 2, "deleted": 3}


@dataclass
class ApiClock:
    """What time it is for the API (seconds)."""

    now_s: float = 0


@dataclass
class Aws:
    """Clients whose calls stop the workers, and root's own, whose calls pass."""

    gated_s3: "S3Client"
    gated_dynamodb: "DynamoDBClient"
    services: Services  # of the API, gated too
    clock: ApiClock
    s3: "S3Client"
    dynamodb: "DynamoDBClient"


@dataclass
class System:
    """The product, its users and its misfortunes, one AWS call at a time."""

    aws: Aws
    settings: Settings
    now_ms: int = 1763853500000
    events: list[ObjectReference] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    pixels: dict[str, str | None] = field(default_factory=dict)  # width by ETag, None: no image
    changed: bool = True  # since the last check
    _uploads: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _owners: Iterator[int] = field(default_factory=itertools.count)
    _seen: dict[OriginalKey, ImageRecord | None] = field(default_factory=dict)
    _stored: dict[str, dict[str, str]] = field(default_factory=dict)  # thumbnails, last time
    _heads: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.resizer = Resizer(
            Storage(self.aws.gated_s3, self.settings.bucket),
            Repository(self.aws.gated_dynamodb, self.settings.table),
            self.settings,
            lambda: self.now_ms,
            shared_sandbox(self.settings),
            InlineExecutor(),
        )

    # What users, S3, Lambda and operators do

    def plan(self, key: OriginalKey) -> None:
        self.changed = True
        record = ImageRecord(
            user_id=key.user_id,
            image_id=key.image_id,
            status=Status.PENDING,
            created_at_ms=self.now_ms,
            expires_at_s=10**10,
        )
        ApiRepository(self.aws.dynamodb, self.settings.table).put_pending(record)

    def upload(self, key: OriginalKey, good: bool = True) -> ObjectReference:
        """Put an original unlike any other upload; S3 will send its event sooner or later."""
        self.changed = True
        number = next(self._uploads)
        width = 8 + number
        data = jpeg(width, 6) if good else b"bad %d" % number
        response = self.aws.s3.put_object(
            Bucket=self.settings.bucket, Key=str(key), Body=data, Metadata={}
        )
        e_tag = response["ETag"].strip('"')
        self.pixels[e_tag] = str(width) if good else None
        ref = ObjectReference(key, len(data), e_tag, sequencer(number))
        self.events.append(ref)
        return ref

    def lose(self, key: OriginalKey) -> Worker:
        """A lifecycle rule, or another tool, removes it in the middle of other work."""

        def operation() -> None:
            self.aws.gated_s3.delete_object(Bucket=self.settings.bucket, Key=str(key))

        return self._start("lose", operation)

    def remove_by_hand(self, key: OriginalKey) -> None:
        self.changed = True
        self.aws.s3.delete_object(Bucket=self.settings.bucket, Key=str(key))

    def deliver(self, ref: ObjectReference, owner: str | None = None) -> Worker:
        owner = owner or f"invocation-{next(self._owners)}"
        return self._start(f"resize/{owner}", lambda: self.resizer.resize(ref, owner))

    def deliver_to_broken_engine(self, ref: ObjectReference) -> Worker:
        """The engine fails as nobody foresaw; an upgrade will mend it."""
        owner = f"invocation-{next(self._owners)}"
        broken = failing(self.resizer, EngineError("KeyError"))
        return self._start(f"resize/{owner}", lambda: broken.resize(ref, owner))

    def give_up(self, ref: ObjectReference) -> Worker:
        def operation() -> None:
            change = Change(ref.sequencer, "give-up", self.now_ms)
            try:
                located = self.resizer.repository.locate(ref)
                self.resizer.repository.give_up(located, change, "{}")
            except RefusedError:
                return

        return self._start("give_up", operation)

    def put_row(self, key: OriginalKey, image_id: str | None = None) -> Worker:
        """A front end that talks to DynamoDB itself replaces whatever row there is.

        It knows which of its images are deleted.
        """

        def operation() -> None:
            with suppress(self.aws.dynamodb.exceptions.ConditionalCheckFailedException):
                self.aws.gated_dynamodb.put_item(
                    TableName=self.settings.table,
                    Item={
                        "userId": {"S": key.user_id},
                        "imageId": {"S": image_id or key.image_id},
                        "originalKey": {"S": str(key)},
                        "status": {"S": "processing"},
                        "createdAt": {"N": str(self.now_ms)},
                    },
                    ConditionExpression="NOT #status = :deleted",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={":deleted": {"S": "deleted"}},
                )
                self._seen.pop(key, None)  # the order of its events is lost with the record

        return self._start("put_row", operation)

    def delete(self, key: OriginalKey, image_id: str | None = None) -> Worker:
        def operation() -> None:
            self.aws.clock.now_s = self.now_ms / 1000
            with suppress(ImageNotFoundError):
                self.aws.services.image_deleter.delete(key.user_id, image_id or key.image_id)

        return self._start("delete", operation)

    def doctor(self, redrive: bool = True) -> Worker:
        options = Options(repair=True, redrive=redrive, grace_ms=-(10**15))
        owner = f"doctor-{next(self._owners)}"
        doctor = Doctor(self.resizer, options, owner, InlineExecutor())
        return self._start("doctor", doctor.examine)

    def step(self, worker: Worker) -> None:
        self.changed |= worker.next_call.rpartition(".")[2].startswith(WRITES)
        worker.step()
        self._drop_finished()

    def crash(self, worker: Worker) -> None:
        worker.crash()
        self._drop_finished()

    def settle(self) -> None:
        """Let everything end, let time pass, and run the doctor twice."""
        for _ in range(2):
            while self.workers:
                self.step(self.workers[0])
            self.now_ms += 120_000
            self.doctor()
        while self.workers:
            self.step(self.workers[0])

    def _start(self, name: str, operation: Callable[[], object]) -> Worker:
        worker = Worker(name, operation)
        self.workers.append(worker)
        self._drop_finished()
        return worker

    def _drop_finished(self) -> None:
        for worker in [worker for worker in self.workers if worker.finished]:
            self.workers.remove(worker)
            assert not isinstance(worker.error, (AssertionError, TypeError, KeyError)), worker.error

    # What must hold

    def check(self) -> None:
        """What holds at every moment, in the middle of everything."""
        if not self.changed:
            return
        self.changed = False
        thumbnails, records = self._thumbnails(), self._records()
        self._check_last_copies(thumbnails, records)
        for key in self.keys():
            record = records.get(key)
            self._check_order(key, record)
            if record is not None and record.status is Status.DONE:
                for width in self.settings.widths:
                    facts = thumbnails.get(str(key.thumbnail(width)))
                    assert facts is not None, f"{record} lacks its thumbnail {width}"
                    assert facts[metadata.USER_ID] == key.user_id, f"{record} shows another's"
                    if record.archived:
                        continue  # no original is left that they could be older than
                    assert facts[metadata.ORIGINAL_E_TAG] == record.e_tag, f"{record} shows older"
                    # Originals are smaller than any thumbnail and keep their unique width.
                    assert facts[metadata.WIDTH] == self.pixels[record.e_tag or ""], "other bytes"

    def check_settled(self) -> None:
        """What holds once everything has ended."""
        self.check()
        thumbnails, records = self._thumbnails(), self._records()
        for key in self.keys():
            record, e_tag = records.get(key), self._original_e_tag(key)
            if record is None or record.status in {Status.PENDING, Status.DELETED}:
                assert e_tag is None, f"{key} is stored, the record is {record}"
                continue
            if record.is_bare and e_tag is None:
                continue  # another program's upload may be on its way
            if record.status is Status.DONE and e_tag is None:
                continue  # its thumbnails are the last copy
            if record.status is Status.FAILED and record.error not in REDRIVEN and e_tag is None:
                continue  # originals of images that failed for good expire
            assert e_tag is not None, f"{record} has no original"
            assert record.status is not Status.PROCESSING, f"{record} is stuck"
            assert record.e_tag == e_tag, f"{record} is not of the original that is there"
            ends = (
                {None, Reason.KEY_COLLISION} if self.pixels[e_tag] else {Reason.UNSUPPORTED_FORMAT}
            )
            assert record.error in ends, f"{record} is wrong about its original"
        for name, facts in thumbnails.items():
            key = OriginalKey(facts[metadata.USER_ID], ThumbnailKey.parse(name).image_id)
            record, e_tag = records.get(key), self._original_e_tag(key)
            if e_tag is None and (record is None or record.is_bare or record.error in REDRIVEN):
                continue  # perhaps the last copy, and nobody deleted it
            if e_tag is not None:
                assert facts[metadata.ORIGINAL_E_TAG] == e_tag, f"{name} is orphan"
            assert record is not None
            assert record.status is Status.DONE, f"{name} belongs to {record}"

    def _check_last_copies(
        self, thumbnails: dict[str, dict[str, str]], records: dict[OriginalKey, ImageRecord]
    ) -> None:
        """Only a tombstone, or a later upload that is no image, ends an image that is lost."""
        for name in self._stored.keys() - thumbnails.keys():
            key = OriginalKey(
                self._stored[name][metadata.USER_ID], ThumbnailKey.parse(name).image_id
            )
            record = records.get(key)
            if self._original_e_tag(key) is None and not (record and record.is_bare):
                assert record is not None, f"{name} was the last copy"
                ended = record.status is Status.DELETED or record.error in UNUSABLE
                assert ended, f"{name} was the last copy of {record}"
        self._stored = thumbnails

    def _check_order(self, key: OriginalKey, record: ImageRecord | None) -> None:
        before = self._seen.get(key)
        self._seen[key] = record
        if before is not None and before.status is Status.DELETED:
            assert record is not None, f"{before} was forgotten"
            assert record.status is Status.DELETED, f"{before} -> {record}: it came back"
        if before is not None and before.thumbnails:
            assert record is not None, f"{before} was the last trace of an image"
        if before is None or record is None or record.sequencer is None or not before.sequencer:
            return
        assert record.sequencer >= before.sequencer, f"{before} -> {record}: an older event won"
        if any(worker.name == "doctor" for worker in self.workers):
            return  # it may ask again for what failed
        if record.sequencer == before.sequencer:
            assert RANK[record.status] >= RANK[before.status], f"{before} -> {record}: backwards"

    def keys(self) -> list[OriginalKey]:
        planned = [OriginalKey(user, image_id) for user in USERS for image_id in IMAGE_IDS]
        return [*planned, FOREIGN]

    def _records(self) -> dict[OriginalKey, ImageRecord]:
        items = self.aws.dynamodb.scan(TableName=self.settings.table, ConsistentRead=True)["Items"]
        records = list(map(ImageRecord.from_item, items))
        by_key = {record.key: record for record in records if record.key}
        assert len(by_key) == len(records), f"{records}: several rows of one image"
        return by_key

    def _original_e_tag(self, key: OriginalKey) -> str | None:
        stored = Storage(self.aws.s3, self.settings.bucket).head(str(key))
        return stored.e_tag if stored else None

    def _thumbnails(self) -> dict[str, dict[str, str]]:
        """Metadata by key. Uploads are unique, so an ETag seen before has the metadata it had."""
        storage = Storage(self.aws.s3, self.settings.bucket)
        facts: dict[str, dict[str, str]] = {}
        for stored in storage.thumbnails():
            known = self._heads.get((stored.key, stored.e_tag))
            if known is None:
                head = storage.head(stored.key)
                assert head is not None
                known = self._heads[(stored.key, stored.e_tag)] = dict(head.metadata)
            facts[stored.key] = known
        return facts

    def clear(self) -> None:
        """End all workers and empty bucket and table."""
        while self.workers:
            self.crash(self.workers[0])
        pages = self.aws.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.settings.bucket):
            for entry in page.get("Contents", []):
                self.aws.s3.delete_object(Bucket=self.settings.bucket, Key=entry["Key"])
        for key in (*self.keys(), OriginalKey(FOREIGN.user_id, UUID)):
            self.aws.dynamodb.delete_item(
                TableName=self.settings.table,
                Key={"userId": {"S": key.user_id}, "imageId": {"S": key.image_id}},
            )
