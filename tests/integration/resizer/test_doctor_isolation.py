"""One bad item never decides for another, whatever another program wrote."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contract.record import Reason, Status
from resizer.doctor import Finding
from resizer.doctor.doctor import OUTAGE_ERRORS
from resizer.failures import EngineError, WorkerLostError
from resizer.rendition import Rendition
from resizer.resize import Resizer
from resizer.sandbox import Place, Sandbox
from tests.integration.resizer.conftest import Image, sequencer
from tests.integration.resizer.test_doctor import examine, run_doctor
from tests.integration.resizer.test_resize import failing

DAY_MS = 24 * 3600 * 1000


def another(image: Image, name: str) -> Image:
    return replace(image, key=replace(image.key, image_id=name))


class Picky:
    """A sandbox in which every picture of one size fails."""

    def __init__(self, sandbox: Sandbox, size: int, error: Exception) -> None:
        self._sandbox, self._size, self._error = sandbox, size, error

    @contextmanager
    def place(self) -> Iterator["PickyPlace"]:
        with self._sandbox.place() as place:
            yield PickyPlace(place, self._size, self._error)


@dataclass
class PickyPlace:
    place: Place
    bad_size: int
    error: Exception

    def render(self, source: BinaryIO, size: int) -> Rendition:
        if size == self.bad_size:
            raise self.error
        return self.place.render(source, size)


def test_an_image_that_cannot_be_processed_is_reported_and_the_next_one_is_done(
    operators_resizer: Resizer, image: Image
) -> None:
    bad, good = another(image, "1763853422000-00000000-bad.jpg"), image
    size = bad.upload(b"bad").size
    good.upload()
    picky = Picky(operators_resizer.sandbox, size, WorkerLostError("SIGKILL"))
    choosy = replace(operators_resizer, sandbox=picky)  # type: ignore[arg-type]
    report = examine(choosy, image, repair=True)
    assert report.found == {Finding.ERROR: 1, Finding.ORIGINAL_WITHOUT_RECORD: 1}
    assert report.keys[Finding.ERROR] == [f"{bad.key} (WorkerLostError)"]
    assert report.needs_repair()
    good.in_status(Status.DONE)


def test_a_quarantined_image_is_retried_by_redrive_only(
    operators_resizer: Resizer, image: Image
) -> None:
    failing(operators_resizer, EngineError("KeyError")).resize(image.upload(), "invocation-1")
    assert examine(operators_resizer, image, repair=True).found == {Finding.ENGINE_ERROR: 1}
    assert image.in_status(Status.FAILED).error == Reason.ENGINE_ERROR
    report = examine(operators_resizer, image, redrive=True)
    assert report.repaired == {Finding.ENGINE_ERROR: 1}
    image.in_status(Status.DONE)


BROKEN_ROWS: list[dict[str, Any]] = [
    {},
    {"status": {"S": "uploaded"}},
    {"status": {"N": "1"}, "createdAt": {"S": "yesterday"}},
    {"originalKey": {"S": "uploads/somebody/else.jpg"}, "status": {"S": "processing"}},
    {"originalKey": {"NULL": True}, "thumbnails": {"L": []}, "sequencer": {"N": "7"}},
]


@pytest.mark.parametrize("row", BROKEN_ROWS, ids=range(len(BROKEN_ROWS)))
@pytest.mark.parametrize("image_id", ["", "0b5c8f0e-6b0c-4d0a-9c42-1f2b3c4d5e6f", "a/b", "\n"])
def test_no_row_of_another_program_ends_the_run(
    operators_resizer: Resizer, image: Image, row: dict[str, Any], image_id: str
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    lost = another(image, image.key.image_id.replace("1763853422123", "1763853422999"))
    lost.upload()
    key = {
        "userId": {"S": image.key.user_id},
        "imageId": {"S": image_id or "1763853422000-00000000-x.jpg"},
    }
    image.dynamodb.put_item(TableName=image.settings.table, Item={**key, **row})
    report = examine(operators_resizer, image, repair=True)
    assert report.found[Finding.ORIGINAL_WITHOUT_RECORD] == 1
    assert report.found[Finding.FOREIGN_RECORD] == 1
    assert not report.found[Finding.ERROR]
    lost.in_status(Status.DONE)
    assert image.dynamodb.get_item(TableName=image.settings.table, Key=key)["Item"]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"user-id": "a/b"},
        {"user-id": ".."},
        {"user-id": "ann", "sequencer": "zzz", "width": "wide"},
    ],
)
def test_no_thumbnail_of_another_program_ends_the_run(
    operators_resizer: Resizer, image: Image, metadata: dict[str, str]
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    foreign = f"thumbnails/200/1763853422000-{image.key.image_id}"
    image.s3.put_object(Bucket=image.settings.bucket, Key=foreign, Body=b"x", Metadata=metadata)
    report = examine(operators_resizer, image, user_id=None, grace_ms=10**9, repair=True)
    assert not report.found[Finding.ERROR]
    assert image.s3.head_object(Bucket=image.settings.bucket, Key=foreign)
    image.s3.delete_object(Bucket=image.settings.bucket, Key=foreign)


UNREADABLE = {"sequencer": "zzz", "original-width": "wide"}


def with_unreadable_thumbnails(resizer: Resizer, image: Image) -> None:
    """An original without a record, whose thumbnails claim to be made from it."""
    resizer.resize(image.upload(), "invocation-1")
    for width in (200, 400):
        stored = image.thumbnail(width)
        assert stored
        image.s3.put_object(
            Bucket=image.settings.bucket,
            Key=stored.key,
            Body=b"x",
            Metadata={**stored.metadata, **UNREADABLE},
        )
    image.remove_record()


def test_thumbnails_with_unreadable_metadata_are_made_again(
    operators_resizer: Resizer, image: Image
) -> None:
    with_unreadable_thumbnails(operators_resizer, image)
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.ORIGINAL_WITHOUT_RECORD: 1}
    assert image.in_status(Status.DONE).thumbnails.keys() == {200, 400}
    assert image.bytes_of(200) != b"x"
    assert not examine(operators_resizer, image).found


def test_no_record_is_rebuilt_from_unreadable_metadata(
    operators_resizer: Resizer, image: Image
) -> None:
    with_unreadable_thumbnails(operators_resizer, image)
    image.remove_original()
    keys = {str(image.key.thumbnail(width)) for width in (200, 400)}
    later = replace(operators_resizer, now_ms=lambda: operators_resizer.now_ms() + 3 * DAY_MS)
    options = {"user_id": None, "grace_ms": 10**9, "expire_originals_days": 2}
    report = examine(later, image, repair=True, **options)
    assert keys <= set(report.keys[Finding.LAST_THUMBNAIL])
    assert not report.found[Finding.ERROR]
    for key in keys:
        image.s3.delete_object(Bucket=image.settings.bucket, Key=key)


@pytest.mark.parametrize(
    "name", ["uploads/", "uploads/x", "uploads/{user}/", "uploads/{user}/a/b.jpg", "uploads//a"]
)
def test_no_object_of_another_program_ends_the_run(
    operators_resizer: Resizer, image: Image, name: str
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    key = name.format(user=image.key.user_id)
    image.s3.put_object(Bucket=image.settings.bucket, Key=key, Body=b"x")
    report = examine(operators_resizer, image, user_id=None, grace_ms=10**9)
    assert report.keys[Finding.FOREIGN_KEY].count(key) == 1
    assert not report.found[Finding.ERROR]
    image.s3.delete_object(Bucket=image.settings.bucket, Key=key)


def fifty_originals(image: Image) -> None:
    for number in range(OUTAGE_ERRORS):
        another(image, f"{1763853422000 + number}-00000000-a.jpg").upload()


@pytest.mark.parametrize(
    "error",
    [
        lambda: EndpointConnectionError(endpoint_url="https://s3"),
        lambda: ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"),
    ],
)
def test_an_outage_ends_the_run_instead_of_blaming_every_image(
    operators_resizer: Resizer, image: Image, error: Callable[[], Exception]
) -> None:
    fifty_originals(image)
    broken = failing(operators_resizer, error())
    with pytest.raises(type(error())):
        examine(broken, image, repair=True)


def test_errors_that_are_not_in_a_row_end_nothing(operators_resizer: Resizer, image: Image) -> None:
    fifty_originals(image)
    for number in range(0, OUTAGE_ERRORS, 10):
        healthy = another(image, f"{1763853422000 + number}-00000000-a.jpg")
        healthy.put_record(Status.PENDING, expires_at_s=10**10)
        healthy.remove_original()
    broken = failing(operators_resizer, ClientError({"Error": {"Code": "AccessDenied"}}, "Get"))
    report = examine(broken, image, repair=True)
    assert report.found == {Finding.ERROR: OUTAGE_ERRORS * 9 // 10}


@pytest.mark.parametrize(
    "error",
    [
        WorkerLostError("SIGKILL"),
        MemoryError(),
        ClientError({"Error": {"Code": "ValidationException"}}, "UpdateItem"),
    ],
    ids=repr,
)
def test_no_number_of_bad_images_in_a_row_ends_the_run(
    operators_resizer: Resizer, image: Image, error: Exception
) -> None:
    fifty_originals(image)
    report = examine(failing(operators_resizer, error), image, repair=True)
    assert report.found == {Finding.ERROR: OUTAGE_ERRORS}


def test_a_record_of_another_program_is_paired_with_the_original_that_it_names(
    operators_resizer: Resizer, image: Image
) -> None:
    """There is one image and not two, whichever comes first in the listings."""
    for name, row_id in (("0-first.jpg", "ffff-uuid"), ("zz-last.jpg", "0000-uuid")):
        foreign = another(image, name)
        foreign.upload()
        item = {
            "userId": {"S": image.key.user_id},
            "imageId": {"S": row_id},
            "originalKey": {"S": str(foreign.key)},
            "status": {"S": "processing"},
            "createdAt": {"N": "1763853422000"},
        }
        image.dynamodb.put_item(TableName=image.settings.table, Item=item)
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.STUCK: 2}
    rows = list(operators_resizer.repository.of_user(image.key.user_id))
    assert [(row.image_id, row.status) for row in rows] == [
        ("0000-uuid", Status.DONE),
        ("ffff-uuid", Status.DONE),
    ]
    assert not examine(operators_resizer, image).found


def test_a_finished_record_that_a_front_end_overwrote_is_finished_again(
    operators_resizer: Resizer, image: Image
) -> None:
    """It writes the record after the upload, when the event has been handled already."""
    operators_resizer.resize(image.upload(), "invocation-1")
    image.put_record(Status.PROCESSING)
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.STUCK: 1}
    assert image.in_status(Status.DONE).thumbnails.keys() == {200, 400}


def test_the_command_lists_what_is_left_by_key_and_counts_what_it_would_forget(
    operators_resizer: Resizer, root_session: boto3.Session, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    image.remove_original()
    bad = another(image, "1763853422999-00000000-b\u00e4d\u001b.jpg".replace("\u001b", ""))
    bad.upload(b"no image")
    only = ("--user", image.key.user_id, "--grace", "0", "--repair")
    code, _, errors = run_doctor(operators_resizer, root_session, *only)
    assert code == 0, errors
    code, output, errors = run_doctor(operators_resizer, root_session, *only)
    assert code == 0, errors
    assert str(bad.key).encode("unicode_escape").decode() in output
    assert f"{image.key.user_id}/{image.key.image_id}" in output
    assert "--forget-missing would remove the last copies of 1 images" in output


def test_an_expired_original_of_a_failed_image_is_normal(
    operators_resizer: Resizer, image: Image
) -> None:
    image.put_record(Status.FAILED, error=Reason.CORRUPT_IMAGE, sequencer=sequencer(1))
    assert not examine(operators_resizer, image, repair=True).found
    image.in_status(Status.FAILED)


def foreign_row(image: Image, row_id: str, name: str, **attributes: str) -> None:
    item = {
        "userId": image.key.user_id,
        "imageId": row_id,
        "originalKey": f"uploads/{image.key.user_id}/{name}",
        "status": "processing",
        **attributes,
    }
    image.dynamodb.put_item(
        TableName=image.settings.table, Item={key: {"S": value} for key, value in item.items()}
    )


@pytest.mark.parametrize("new_row", ["zzz", "000"])
def test_an_old_tombstone_takes_nothing_from_a_new_row_of_the_same_name(
    operators_resizer: Resizer, image: Image, new_row: str
) -> None:
    """Names like avatar.png come again, with another image id."""
    name = f"avatar-{image.key.image_id[14:22]}.png"
    foreign_row(image, "mmm", name, status="deleted", expiresAt="1")
    foreign_row(image, new_row, name)
    ref = another(image, name).upload()
    operators_resizer.resize(ref, "invocation-1")
    examine(operators_resizer, image, repair=True)
    rows = {
        row.image_id: row.status for row in operators_resizer.repository.of_user(ref.key.user_id)
    }
    assert rows == {"mmm": Status.DELETED, new_row: Status.DONE}
    assert another(image, name).original()
    assert another(image, name).thumbnail(200)


def test_a_claim_in_a_row_of_another_program_holds_up_nothing(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    image.put_record(Status.PROCESSING, claimed_by="x", claimed_until_ms=10**13)
    assert examine(operators_resizer, image, repair=True).repaired == {Finding.STUCK: 1}
    image.in_status(Status.DONE)
