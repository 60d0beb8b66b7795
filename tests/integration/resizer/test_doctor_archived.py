"""Originals that are gone or frozen: only a tombstone or an operator may remove what is left."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from contract.record import ImageRecord, Reason, Status
from contract.transitions import Change
from resizer.doctor import Finding
from resizer.events import ObjectReference
from resizer.failures import EngineError
from resizer.resize import Outcome, Resizer
from resizer.storage import Storage
from tests.integration.resizer.conftest import Image, sequencer
from tests.integration.resizer.test_doctor import examine
from tests.integration.resizer.test_resize import failing
from tools.pictures import jpeg

DAY_MS = 24 * 3600 * 1000


def finished_without_original(resizer: Resizer, image: Image) -> None:
    resizer.resize(image.upload(), "invocation-1")
    image.remove_original()


def test_the_last_copy_of_an_image_is_reported_and_not_removed(
    operators_resizer: Resizer, image: Image
) -> None:
    finished_without_original(operators_resizer, image)
    record = image.record()
    report = examine(operators_resizer, image, repair=True, redrive=True)
    assert report.found == {Finding.ORIGINAL_MISSING: 1}
    assert report.keys[Finding.ORIGINAL_MISSING] == [f"{image.key.user_id}/{image.key.image_id}"]
    assert not report.needs_repair()
    assert image.record() == record
    assert image.thumbnail(200)


def test_an_operator_can_have_it_removed(operators_resizer: Resizer, image: Image) -> None:
    finished_without_original(operators_resizer, image)
    report = examine(operators_resizer, image, forget_missing=True)
    assert report.repaired == {Finding.ORIGINAL_MISSING: 1}
    assert image.record() is None
    assert image.thumbnail(200) is None


def test_an_original_that_a_lifecycle_rule_removed_leaves_an_archived_image(
    operators_resizer: Resizer, image: Image
) -> None:
    finished_without_original(operators_resizer, image)
    reported = examine(operators_resizer, image, expire_originals_days=1)
    assert reported.found == {Finding.ARCHIVED: 1}
    repaired = examine(operators_resizer, image, expire_originals_days=1, repair=True)
    assert repaired.repaired == {Finding.ARCHIVED: 1}
    record = image.in_status(Status.DONE)
    assert record.archived
    assert record.thumbnails.keys() == {200, 400}
    assert image.thumbnail(200)
    everything = {"repair": True, "redrive": True, "forget_missing": True}
    assert not examine(operators_resizer, image, **everything).found


def test_an_archived_image_whose_original_is_back_is_not_archived_any_more(
    operators_resizer: Resizer, image: Image
) -> None:
    finished_without_original(operators_resizer, image)
    examine(operators_resizer, image, expire_originals_days=1, repair=True)
    image.upload()
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.RETURNED: 1}
    assert not image.in_status(Status.DONE).archived
    assert not examine(operators_resizer, image).found


def test_a_new_upload_of_an_archived_image_is_processed_like_any_other(
    operators_resizer: Resizer, image: Image
) -> None:
    finished_without_original(operators_resizer, image)
    examine(operators_resizer, image, expire_originals_days=1, repair=True)
    ref = image.upload(jpeg(300, 300), number=2)
    assert operators_resizer.resize(ref, "invocation-2") is Outcome.DONE
    record = image.in_status(Status.DONE)
    assert (record.archived, record.width) == (False, 300)


def whole_bucket(resizer: Resizer, image: Image, **changes: Any) -> Any:
    return examine(resizer, image, user_id=None, grace_ms=10**9, **changes)


def test_thumbnails_of_which_nothing_else_is_left_are_kept(
    operators_resizer: Resizer, image: Image
) -> None:
    finished_without_original(operators_resizer, image)
    image.remove_record()
    report = whole_bucket(operators_resizer, image, repair=True)
    assert report.found[Finding.LAST_THUMBNAIL] >= 2
    assert image.thumbnail(200)
    whole_bucket(operators_resizer, image, forget_missing=True)
    assert image.thumbnail(200) is None
    assert image.thumbnail(400) is None


def test_the_record_of_an_archived_image_is_rebuilt_from_its_thumbnails(
    operators_resizer: Resizer, image: Image
) -> None:
    """The table was lost, and the originals are long gone."""
    operators_resizer.resize(image.upload(jpeg(600, 400)), "invocation-1")
    before = image.in_status(Status.DONE)
    image.remove_original()
    image.remove_record()
    later = replace(operators_resizer, now_ms=lambda: operators_resizer.now_ms() + 3 * DAY_MS)
    whole_bucket(later, image, expire_originals_days=2, repair=True)
    after = image.in_status(Status.DONE)
    assert after.archived
    assert (after.width, after.height, after.e_tag) == (600, 400, before.e_tag)
    assert (after.thumbnails, after.placeholder) == (before.thumbnails, before.placeholder)
    assert image.thumbnail(200)


def test_an_event_for_an_original_that_is_gone_keeps_the_thumbnails_of_an_earlier_one(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(number=1), "invocation-1")
    later = image.upload(jpeg(300, 300), number=2)
    image.remove_original()
    assert operators_resizer.resize(later, "invocation-2") is Outcome.ARCHIVED
    record = image.in_status(Status.DONE)
    assert record.archived
    assert record.thumbnails.keys() == {200, 400}
    assert image.thumbnail(200)


def given_up(resizer: Resizer, ref: ObjectReference) -> None:
    resizer.repository.give_up(ref, Change(ref.sequencer, "invocation-2", resizer.now_ms()), "{}")


def quarantined(resizer: Resizer, ref: ObjectReference) -> None:
    failing(resizer, EngineError("KeyError")).resize(ref, "invocation-2")


def overwritten(resizer: Resizer, ref: ObjectReference) -> None:
    """By another program, which writes no sequencer."""
    row = ImageRecord(
        user_id=ref.key.user_id,
        image_id=ref.key.image_id,
        status=Status.FAILED,
        created_at_ms=ref.key.created_at_ms,
        error=Reason.CORRUPT_IMAGE,
    )
    resizer.repository.client.put_item(TableName=resizer.repository.table, Item=row.to_item())


@pytest.mark.parametrize("end", [given_up, quarantined, overwritten])
def test_a_later_upload_that_failed_and_is_gone_takes_no_thumbnails_with_it(
    operators_resizer: Resizer, image: Image, end: Callable[[Resizer, ObjectReference], None]
) -> None:
    operators_resizer.resize(image.upload(number=1), "invocation-1")
    end(operators_resizer, image.upload(jpeg(300, 300), number=2))
    image.remove_original()
    for _ in range(2):
        whole_bucket(operators_resizer, image, repair=True, redrive=True)
    assert image.thumbnail(200)
    assert image.thumbnail(400)
    if end is not overwritten:
        assert image.in_status(Status.DONE).archived


def upload(image: Image, storage_class: Any) -> ObjectReference:
    """The event of an original that is in this storage class."""
    ref = image.upload()
    image.s3.put_object(
        Bucket=image.settings.bucket, Key=str(image.key), Body=jpeg(), StorageClass=storage_class
    )
    return ref


def restore(image: Image) -> None:
    """Have a copy of a frozen original restored, and wait until it can be read."""
    bucket, key = image.settings.bucket, str(image.key)
    image.s3.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": 1})
    for _ in range(100):
        if 'ongoing-request="false"' in image.s3.head_object(Bucket=bucket, Key=key)["Restore"]:
            return
        time.sleep(0.1)
    pytest.fail("no copy was restored")


FROZEN_CLASSES = pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])


@FROZEN_CLASSES
def test_a_frozen_original_that_was_never_processed_waits_for_redrive_of_a_restored_copy(
    operators_resizer: Resizer, image: Image, storage_class: Any
) -> None:
    ref = upload(image, storage_class)
    assert operators_resizer.resize(ref, "invocation-1") is Outcome.FAILED
    assert image.in_status(Status.FAILED).error == Reason.ARCHIVED
    waiting = examine(operators_resizer, image, repair=True, redrive=True)
    assert (waiting.found, waiting.needs_repair()) == ({Finding.FAILED: 1}, False)
    restore(image)
    assert examine(operators_resizer, image, repair=True).found == {Finding.GAVE_UP: 1}
    redriven = examine(operators_resizer, image, redrive=True)
    assert redriven.repaired == {Finding.GAVE_UP: 1}
    image.in_status(Status.DONE)


@FROZEN_CLASSES
def test_a_finished_image_whose_original_was_frozen_is_archived(
    operators_resizer: Resizer, image: Image, storage_class: Any
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    upload(image, storage_class)
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.ARCHIVED: 1}
    assert image.in_status(Status.DONE).archived
    assert not examine(operators_resizer, image).found


def test_a_finished_image_stays_done_when_its_original_turns_out_to_be_frozen(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    ref = upload(image, "GLACIER")
    assert operators_resizer.refresh(ref, image.in_status(Status.DONE)) is Outcome.ARCHIVED
    assert image.in_status(Status.DONE).archived


def test_an_archived_image_stays_archived_while_a_copy_is_restored(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    upload(image, "GLACIER")
    examine(operators_resizer, image, repair=True)
    restore(image)
    assert not examine(operators_resizer, image, repair=True).found
    image.s3.delete_object(Bucket=image.settings.bucket, Key=str(image.key.thumbnail(200)))
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.MISSING_THUMBNAIL: 1}
    assert image.in_status(Status.DONE).archived


def test_an_archive_tier_of_intelligent_tiering_is_seen_although_no_listing_shows_it(
    operators_resizer: Resizer, root_session: boto3.Session, image: Image
) -> None:
    """The emulator has no such tiers: what HEAD says of one is added on its way."""
    operators_resizer.resize(image.upload(), "invocation-1")
    repository = operators_resizer.repository
    repository.archive(
        upload(image, "INTELLIGENT_TIERING"), Change(sequencer(1), "doctor", int(1e13))
    )
    client = root_session.client("s3")
    client.meta.events.register(
        "after-call.s3.HeadObject",
        lambda parsed, **_: parsed.update(ArchiveStatus="DEEP_ARCHIVE_ACCESS"),
    )
    storage = Storage(client, image.settings.bucket)
    in_archive = replace(operators_resizer, storage=storage)
    assert not examine(in_archive, image, repair=True).found
    back = examine(operators_resizer, image, repair=True)
    assert back.repaired == {Finding.RETURNED: 1}
