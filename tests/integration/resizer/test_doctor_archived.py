"""Originals that are gone or frozen: only a tombstone or an operator may remove what is left."""

from dataclasses import replace
from typing import Any

import pytest

from contract.record import Reason, Status
from contract.transitions import Transition
from resizer.doctor import Finding
from resizer.resize import Outcome, Resizer
from resizer.storage import OriginalFrozenError, Storage
from tests.integration.resizer.conftest import Image
from tests.integration.resizer.test_doctor import examine
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


class Frozen(Storage):
    """S3's answer for an original in an archive; the emulator reads them like any other."""

    def open_original(self, *_: object) -> Any:
        raise OriginalFrozenError


def with_frozen_originals(resizer: Resizer) -> Resizer:
    storage = resizer.storage
    return replace(resizer, storage=Frozen(storage.client, storage.bucket))


def test_a_frozen_original_that_was_never_processed_waits_for_redrive(
    operators_resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    frozen = with_frozen_originals(operators_resizer)
    assert frozen.resize(ref, "invocation-1") is Outcome.FAILED
    assert image.in_status(Status.FAILED).error == Reason.ARCHIVED
    assert operators_resizer.resize(ref, "doctor", Transition.REDO) is Outcome.DONE


def test_a_finished_image_stays_done_when_its_original_is_frozen(
    operators_resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    operators_resizer.resize(ref, "invocation-1")
    frozen = with_frozen_originals(operators_resizer)
    assert frozen.refresh(ref, image.in_status(Status.DONE)) is Outcome.ARCHIVED
    assert image.in_status(Status.DONE).archived


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_a_frozen_original_is_told_by_its_storage_class(
    operators_resizer: Resizer, image: Image, storage_class: Any
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    image.s3.put_object(
        Bucket=image.settings.bucket,
        Key=str(image.key),
        Body=jpeg(),
        StorageClass=storage_class,
    )
    report = examine(operators_resizer, image, repair=True)
    assert report.repaired == {Finding.ARCHIVED: 1}
    assert image.in_status(Status.DONE).archived
    assert not examine(operators_resizer, image).found
