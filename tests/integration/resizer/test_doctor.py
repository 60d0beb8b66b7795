"""The doctor finds and repairs what is wrong between bucket and table."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest

from contract.record import NO_SEQUENCER, Reason, Status
from contract.transitions import Change, Transition
from resizer.doctor import Doctor, Finding, Options, Report
from resizer.resize import Resizer
from tests.integration.resizer.conftest import Image, make_resizer, sequencer
from tools.pictures import jpeg, photo_exif

OLD = "1763853422122"


def examine(resizer: Resizer, image: Image, **changes: Any) -> Report:
    """Examine this test's own user."""
    options = Options(**{"user_id": image.key.user_id, "grace_ms": 0, **changes})
    with ThreadPoolExecutor(2) as threads:
        return Doctor(resizer, options, "doctor-1", threads).examine()


def check_repaired(resizer: Resizer, image: Image, finding: Finding, **changes: Any) -> None:
    """The doctor reports `finding` and touches nothing, then repairs it, then finds nothing."""
    before = image.record()
    reported = examine(resizer, image)
    assert reported.found == {finding: 1}
    assert image.record() == before
    repaired = examine(resizer, image, **{"repair": True, **changes})
    assert repaired.repaired == {finding: 1}
    assert not repaired.unrepaired
    assert not examine(resizer, image).found


def test_a_healthy_image_is_left_as_it_is(operators_resizer: Resizer, image: Image) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    record = image.record()
    report = examine(operators_resizer, image, repair=True, redrive=True)
    assert (report.images, report.found) == (1, {})
    assert image.record() == record


@pytest.mark.parametrize("share", [1, 0.7], ids=["whole", "cut"])
def test_a_record_is_rebuilt_from_the_thumbnails_metadata(
    operators_resizer: Resizer, image: Image, share: float
) -> None:
    data = jpeg(exif=photo_exif().tobytes())
    operators_resizer.resize(image.upload(data[: int(len(data) * share)]), "invocation-1")
    record, thumbnail = image.record(), image.thumbnail(200)
    assert record
    assert record.partial == (share < 1)
    assert record.camera
    image.remove_record()
    check_repaired(operators_resizer, image, Finding.ORIGINAL_WITHOUT_RECORD)
    assert image.record() == record
    assert image.thumbnail(200) == thumbnail, "it was made again for nothing"


def test_an_original_without_record_and_thumbnails_is_resized(
    operators_resizer: Resizer, image: Image
) -> None:
    image.upload()
    check_repaired(operators_resizer, image, Finding.ORIGINAL_WITHOUT_RECORD)
    image.in_status(Status.DONE)
    assert image.thumbnail(400)


def test_an_upload_whose_event_never_arrived_is_resized(
    operators_resizer: Resizer, image: Image
) -> None:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=1)
    image.upload()
    check_repaired(operators_resizer, image, Finding.UNPROCESSED)
    image.in_status(Status.DONE)


def test_an_image_stuck_in_processing_is_finished(operators_resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    change = Change(ref.sequencer, "dead", 0)
    operators_resizer.repository.claim(Transition.CLAIM, ref, change, until_ms=1)
    check_repaired(operators_resizer, image, Finding.STUCK)
    assert image.in_status(Status.DONE).sequencer == ref.sequencer


def test_a_claimed_image_is_left_to_its_worker(operators_resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    now_ms = operators_resizer.now_ms()
    change = Change(ref.sequencer, "alive", now_ms)
    operators_resizer.repository.claim(Transition.CLAIM, ref, change, until_ms=now_ms + 60_000)
    assert not examine(operators_resizer, image, repair=True).found
    assert image.in_status(Status.PROCESSING).claimed_by == "alive"


def test_an_image_whose_event_may_still_arrive_is_left_alone(
    operators_resizer: Resizer, image: Image
) -> None:
    image.upload()
    assert not examine(operators_resizer, image, repair=True, grace_ms=600_000).found
    assert image.record() is None


def test_a_replaced_original_whose_event_was_lost_is_resized(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(number=1), "invocation-1")
    ref = image.upload(jpeg(300, 300), number=2)
    check_repaired(operators_resizer, image, Finding.REPLACED)
    record = image.in_status(Status.DONE)
    assert (record.e_tag, record.width) == (ref.e_tag, 300)


def test_a_missing_thumbnail_is_made_again_while_the_image_stays_done(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    record = image.record()
    image.s3.delete_object(Bucket=image.settings.bucket, Key=str(image.key.thumbnail(400)))
    check_repaired(operators_resizer, image, Finding.MISSING_THUMBNAIL)
    assert image.record() == record
    assert image.thumbnail(400)


def test_thumbnails_of_a_new_width_are_made_for_old_images(
    operators_resizer: Resizer, root_session: boto3.Session, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    settings = replace(operators_resizer.settings, widths=(200, 320, 400))
    three = make_resizer(root_session, settings)
    check_repaired(three, image, Finding.MISSING_THUMBNAIL)
    assert set(image.in_status(Status.DONE).thumbnails) == {200, 320, 400}
    assert image.thumbnail(320)


def test_a_lost_record_is_repaired_although_a_thumbnail_is_missing_too(
    operators_resizer: Resizer, image: Image
) -> None:
    """As after a restart of the local run, whose table is new, with one more width."""
    ref = image.upload()
    operators_resizer.resize(ref, "invocation-1")
    image.remove_record()
    image.s3.delete_object(Bucket=image.settings.bucket, Key=str(image.key.thumbnail(400)))
    check_repaired(operators_resizer, image, Finding.ORIGINAL_WITHOUT_RECORD)
    assert image.in_status(Status.DONE).sequencer == ref.sequencer
    assert image.thumbnail(400)


def test_a_lost_record_of_a_replaced_original_is_repaired(
    operators_resizer: Resizer, image: Image
) -> None:
    """The thumbnails show the replaced one, and the event of the new one was lost."""
    operators_resizer.resize(image.upload(number=1), "invocation-1")
    image.remove_record()
    ref = image.upload(jpeg(300, 300), number=2)
    check_repaired(operators_resizer, image, Finding.ORIGINAL_WITHOUT_RECORD)
    record = image.in_status(Status.DONE)
    assert (record.e_tag, record.width) == (ref.e_tag, 300)


def test_an_image_stuck_without_its_sequencer_is_finished(
    operators_resizer: Resizer, image: Image
) -> None:
    """A repair was interrupted that did not know the sequencer its thumbnails carry."""
    ref = image.upload()
    operators_resizer.resize(ref, "invocation-1")
    image.put_record(
        Status.PROCESSING,
        sequencer=NO_SEQUENCER,
        e_tag=ref.e_tag,
        claimed_by="dead",
        claimed_until_ms=1,
    )
    check_repaired(operators_resizer, image, Finding.STUCK)
    assert image.in_status(Status.DONE).sequencer == ref.sequencer


def test_a_record_without_original_and_thumbnails_is_removed(
    operators_resizer: Resizer, image: Image
) -> None:
    image.put_record(Status.PROCESSING, sequencer=sequencer(1), claimed_by="dead")
    check_repaired(operators_resizer, image, Finding.RECORD_WITHOUT_ORIGINAL)
    assert image.record() is None


def test_a_pending_record_may_wait_for_its_upload(operators_resizer: Resizer, image: Image) -> None:
    image.put_record(Status.PENDING, expires_at_s=10**10)
    assert not examine(operators_resizer, image, repair=True).found
    image.in_status(Status.PENDING)


def test_objects_of_a_deleted_image_are_removed(operators_resizer: Resizer, image: Image) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    image.put_record(Status.DELETED, sequencer=sequencer(1), expires_at_s=10**10)
    check_repaired(operators_resizer, image, Finding.UNDELETED)
    image.in_status(Status.DELETED)
    assert image.original() is None
    assert image.thumbnail(200) is None


def test_a_gave_up_image_is_retried_only_on_request(
    operators_resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    change = Change(ref.sequencer, "give-up", 0)
    operators_resizer.repository.give_up(ref, change, '{"Records": []}')
    report = examine(operators_resizer, image, repair=True)
    assert (report.found, report.repaired) == ({Finding.GAVE_UP: 1}, {})
    check_repaired(operators_resizer, image, Finding.GAVE_UP, redrive=True)
    record = image.in_status(Status.DONE)
    assert (record.error, record.gave_up_event) == (None, None)


def test_a_failed_image_is_reported_and_not_retried(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(b"no image"), "invocation-1")
    report = examine(operators_resizer, image, repair=True, redrive=True)
    assert (report.found, report.repaired) == ({Finding.FAILED: 1}, {})
    assert image.in_status(Status.FAILED).error == Reason.UNSUPPORTED_FORMAT


def test_a_foreign_key_under_uploads_is_reported_and_never_touched(
    operators_resizer: Resizer, image: Image
) -> None:
    name = f"uploads/{image.key.user_id}/trip/holiday.jpg"
    image.s3.put_object(Bucket=image.settings.bucket, Key=name, Body=jpeg())
    report = examine(operators_resizer, image, repair=True)
    assert report.found == {Finding.FOREIGN_KEY: 1}
    image.s3.head_object(Bucket=image.settings.bucket, Key=name)


def test_only_the_thumbnail_without_an_original_is_removed(
    operators_resizer: Resizer, image: Image
) -> None:
    operators_resizer.resize(image.upload(), "invocation-1")
    orphan = replace(image, key=replace(image.key, image_id=f"{OLD}-{image.key.filename}"))
    operators_resizer.resize(orphan.upload(), "invocation-2")
    orphan.remove_original()
    orphan.put_record(Status.DELETED, sequencer=sequencer(1), expires_at_s=10**10)
    with ThreadPoolExecutor(4) as threads:
        options = Options(repair=True, grace_ms=10**9)
        report = Doctor(operators_resizer, options, "doctor-1", threads).examine()
    assert report.repaired[Finding.ORPHAN_THUMBNAIL] >= 2
    assert orphan.thumbnail(200) is None
    assert orphan.thumbnail(400) is None
    assert image.thumbnail(200)


def test_records_of_a_user_without_any_object_are_found(
    operators_resizer: Resizer, image: Image
) -> None:
    image.put_record(Status.PROCESSING, sequencer=sequencer(1), claimed_by="dead")
    with ThreadPoolExecutor(4) as threads:
        options = Options(repair=True, grace_ms=10**9)
        report = Doctor(operators_resizer, options, "doctor-1", threads).examine()
    assert report.repaired[Finding.RECORD_WITHOUT_ORIGINAL] >= 1
    assert image.record() is None


def test_many_images_are_paired_page_by_page(operators_resizer: Resizer, image: Image) -> None:
    ids = [f"{1763853422000 + n}-{image.key.filename}" for n in range(230)]
    for number, image_id in enumerate(ids):
        one = replace(image, key=replace(image.key, image_id=image_id))
        if number % 3:
            one.put_record(Status.PENDING, expires_at_s=10**10)
        if number % 3 != 1:
            one.upload(b"no image")
    report = examine(operators_resizer, image)
    assert report.images == len(ids)
    expected = {
        Finding.ORIGINAL_WITHOUT_RECORD: len(ids[0::3]),
        Finding.UNPROCESSED: len(ids[2::3]),
    }
    assert report.found == expected


def run_doctor(resizer: Resizer, session: boto3.Session, *arguments: str) -> tuple[int, str, str]:
    credentials = session.get_credentials()
    assert credentials is not None
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "BUCKET": resizer.settings.bucket,
        "DYNAMODB_TABLE": resizer.settings.table,
    }
    done = subprocess.run(
        [sys.executable, "-m", "resizer", "doctor", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_exit_code_says_whether_something_is_left_to_repair(
    operators_resizer: Resizer, root_session: boto3.Session, image: Image
) -> None:
    image.upload()
    only = ("--user", image.key.user_id, "--grace", "0")
    code, output, errors = run_doctor(operators_resizer, root_session, *only, "--json")
    assert code == 3, errors
    assert json.loads(output)["found"] == {"original_without_record": 1}
    code, output, progress = run_doctor(
        operators_resizer, root_session, *only, "--repair", "--progress"
    )
    assert (code, "1 repaired" in output) == (0, True)
    assert "1 of 1 checked" in progress
    image.in_status(Status.DONE)


@pytest.mark.parametrize("user", ["", "a/b", ".."])
def test_the_command_rejects_an_invalid_user_id(
    operators_resizer: Resizer, root_session: boto3.Session, user: str
) -> None:
    code, output, errors = run_doctor(operators_resizer, root_session, "--user", user)
    assert (code, output) == (2, "")
    assert "user id" in errors


def test_an_outage_ends_the_command_with_a_sentence(
    operators_resizer: Resizer, root_session: boto3.Session
) -> None:
    settings = replace(operators_resizer.settings, bucket="no-such-bucket")
    elsewhere = replace(operators_resizer, settings=settings)
    code, output, errors = run_doctor(elsewhere, root_session)
    assert (code, output) == (2, "")
    assert errors.startswith("doctor: ")
    assert "NoSuchBucket" in errors
    assert "Traceback" not in errors
