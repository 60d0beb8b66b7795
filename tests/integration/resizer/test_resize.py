"""The steps for one original, under the resizer's own identity, against the emulator."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import boto3
import pytest

from contract import metadata
from contract.keys import ThumbnailKey
from contract.photo_facts import Camera
from contract.record import Reason, Status, ThumbnailFacts
from contract.transitions import Change, Transition
from resizer.failures import EngineError, UnusableImage, WorkerLostError
from resizer.repository import RefusedError
from resizer.resize import ClaimHeldError, Outcome, Resizer
from resizer.storage import NewerThumbnailError, OriginalGoneError, Storage
from tests.integration.resizer.conftest import Image, make_resizer, sequencer
from tools.pictures import jpeg, opened, photo_exif

GREEN = "#20a040"


def test_an_upload_becomes_two_thumbnails_and_a_done_record(resizer: Resizer, image: Image) -> None:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=1)
    ref = image.upload(jpeg(600, 400))
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    record = image.in_status(Status.DONE)
    assert (record.width, record.height, record.content_type) == (600, 400, "image/jpeg")
    assert (record.filename, record.size, record.e_tag) == ("Cät.jpg", ref.size, ref.e_tag)
    assert (record.sequencer, record.expires_at_s, record.claimed_by) == (ref.sequencer, None, None)
    assert record.color
    assert record.placeholder
    assert record.placeholder.startswith("data:image/")
    assert len(record.placeholder) <= 400
    for width, height in ((200, 133), (400, 267)):
        data = image.bytes_of(width)
        assert opened(data).size == (width, height)
        assert record.thumbnails[width] == ThumbnailFacts(
            str(image.key.thumbnail(width)), width, height, len(data), "image/webp"
        )


def test_an_object_put_by_another_app_gets_its_record_from_the_resizer(
    resizer: Resizer, image: Image
) -> None:
    assert resizer.resize(image.upload(), "invocation-1") is Outcome.DONE
    record = image.in_status(Status.DONE)
    assert (record.created_at_ms, record.filename) == (1763853422123, "Cät.jpg")


def test_the_record_says_when_and_with_what_a_photo_was_taken(
    resizer: Resizer, image: Image
) -> None:
    data = jpeg(exif=photo_exif().tobytes())
    resizer.resize(image.upload(data), "invocation-1")
    record = image.in_status(Status.DONE)
    assert record.taken_at == "2026-05-01T12:34:56+02:00"
    assert record.camera == Camera("Apple", "iPhone 15 Pro")


def test_a_cut_original_is_done_and_partial_until_the_whole_one_replaces_it(
    resizer: Resizer, image: Image
) -> None:
    whole = jpeg(600, 400)
    cut = whole[: len(whole) * 2 // 3]
    assert resizer.resize(image.upload(cut), "invocation-1") is Outcome.DONE
    assert image.in_status(Status.DONE).partial
    resizer.resize(image.upload(whole, number=2), "invocation-2")
    assert not image.in_status(Status.DONE).partial


@pytest.mark.parametrize("data", [jpeg(), b"no image"], ids=["another photo", "no image"])
def test_a_replacement_does_not_inherit_time_and_camera(
    resizer: Resizer, image: Image, data: bytes
) -> None:
    resizer.resize(image.upload(jpeg(exif=photo_exif().tobytes())), "invocation-1")
    resizer.resize(image.upload(data, number=2), "invocation-2")
    record = image.record()
    assert record
    assert (record.taken_at, record.camera) == (None, None)


def test_a_small_original_is_not_enlarged(resizer: Resizer, image: Image) -> None:
    resizer.resize(image.upload(jpeg(120, 90)), "invocation-1")
    record = image.in_status(Status.DONE)
    assert {w: (t.width, t.height) for w, t in record.thumbnails.items()} == {
        200: (120, 90),
        400: (120, 90),
    }


def test_a_thumbnail_names_its_owner_and_only_browsers_may_cache_it(
    resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    response = image.s3.head_object(Bucket=image.settings.bucket, Key=str(image.key.thumbnail(400)))
    assert response["CacheControl"].startswith("private, max-age=")
    assert response["ContentType"] == "image/webp"
    assert response["Metadata"][metadata.USER_ID] == image.key.user_id
    assert response["Metadata"][metadata.ORIGINAL_E_TAG] == ref.e_tag
    assert response["Metadata"][metadata.SEQUENCER] == ref.sequencer


def test_a_second_delivery_of_the_same_event_changes_nothing(
    resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    record, stored = image.record(), image.thumbnail(200)
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    assert image.record() == record
    again = image.thumbnail(200)
    assert stored
    assert again
    assert again.modified_ms == stored.modified_ms


def test_a_stale_event_changes_nothing(resizer: Resizer, image: Image) -> None:
    old = image.upload(jpeg(), number=1)
    new = image.upload(jpeg(color=GREEN), number=2)
    assert resizer.resize(new, "invocation-2") is Outcome.DONE
    record = image.record()
    assert resizer.resize(old, "invocation-1") is Outcome.IGNORED
    assert image.record() == record


def test_a_newer_upload_of_the_same_key_wins(resizer: Resizer, image: Image) -> None:
    resizer.resize(image.upload(jpeg(), number=1), "invocation-1")
    ref = image.upload(jpeg(300, 300, GREEN), number=2)
    assert resizer.resize(ref, "invocation-2") is Outcome.DONE
    record = image.in_status(Status.DONE)
    assert (record.e_tag, record.width, record.sequencer) == (ref.e_tag, 300, ref.sequencer)
    assert opened(image.bytes_of(200)).size == (200, 200)


def test_an_event_of_a_replaced_version_leaves_the_image_to_the_newer_event(
    resizer: Resizer, image: Image
) -> None:
    old = image.upload(jpeg(), number=1)
    new = image.upload(jpeg(color=GREEN), number=2)
    assert resizer.resize(old, "invocation-1") is Outcome.REPLACED
    assert image.thumbnail(200) is None
    assert resizer.resize(new, "invocation-2") is Outcome.DONE


def test_a_slow_worker_never_replaces_a_newer_thumbnail(resizer: Resizer, image: Image) -> None:
    ref = image.upload(number=2)
    resizer.resize(ref, "invocation-2")
    key, facts = image.key.thumbnail(200), image.thumbnail(200)
    assert facts
    older = {**facts.metadata, metadata.SEQUENCER: sequencer(1)}
    with pytest.raises(NewerThumbnailError, match="thumbnails/200"):
        resizer.storage.put_thumbnail(key, b"older", "image/jpeg", older)
    assert image.bytes_of(200) != b"older"


def test_a_slow_worker_never_replaces_what_the_doctor_made_of_a_later_upload(
    resizer: Resizer, image: Image
) -> None:
    """The doctor knows no event of the later upload, so both go by one sequencer."""
    old = image.upload(number=1)
    resizer.resize(old, "invocation-1")
    slow = image.thumbnail(200)
    assert slow
    later = image.upload(jpeg(color=GREEN), number=2)
    as_the_doctor = replace(later, sequencer=old.sequencer)
    assert resizer.resize(as_the_doctor, "doctor", Transition.REDO) is Outcome.DONE
    made = image.bytes_of(200)
    key = image.key.thumbnail(200)
    with pytest.raises(NewerThumbnailError):
        resizer.storage.put_thumbnail(key, b"older", "image/jpeg", slow.metadata)
    resizer.storage.delete(str(image.key))
    with pytest.raises(OriginalGoneError):
        resizer.storage.put_thumbnail(key, b"older", "image/jpeg", slow.metadata)
    assert image.bytes_of(200) == made


def test_another_invocation_cannot_take_over_a_live_claim(resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    change = Change(ref.sequencer, "invocation-1", resizer.now_ms())
    resizer.repository.claim(Transition.CLAIM, ref, change, until_ms=change.now_ms + 60_000)
    with pytest.raises(ClaimHeldError):
        resizer.resize(ref, "invocation-2")
    assert image.in_status(Status.PROCESSING).claimed_by == "invocation-1"
    assert image.thumbnail(200) is None


def test_a_retry_of_the_same_invocation_takes_over_its_claim(
    resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    change = Change(ref.sequencer, "invocation-1", resizer.now_ms())
    resizer.repository.claim(Transition.CLAIM, ref, change, until_ms=change.now_ms + 60_000)
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE


def test_a_dead_workers_claim_expires(resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    change = Change(ref.sequencer, "invocation-1", resizer.now_ms())
    resizer.repository.claim(Transition.CLAIM, ref, change, until_ms=change.now_ms - 1)
    assert resizer.resize(ref, "invocation-2") is Outcome.DONE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"GIF89a but no more", Reason.CORRUPT_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_FORMAT),
        (jpeg()[:300], Reason.CORRUPT_IMAGE),
    ],
)
def test_bytes_that_are_not_an_image_end_as_failed_with_a_reason(
    resizer: Resizer, image: Image, data: bytes, reason: Reason
) -> None:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=1)
    ref = image.upload(data)
    assert resizer.resize(ref, "invocation-1") is Outcome.FAILED
    record = image.in_status(Status.FAILED)
    assert (record.error, record.size, record.expires_at_s) == (reason, len(data), None)
    assert image.thumbnail(200) is None
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED


def test_a_bad_replacement_removes_the_old_thumbnails(resizer: Resizer, image: Image) -> None:
    resizer.resize(image.upload(number=1), "invocation-1")
    assert resizer.resize(image.upload(b"bad", number=2), "invocation-2") is Outcome.FAILED
    assert image.in_status(Status.FAILED).thumbnails == {}
    assert image.thumbnail(200) is None
    assert image.thumbnail(400) is None


def test_two_users_with_the_same_image_id_never_share_a_thumbnail(
    resizer: Resizer, image: Image
) -> None:
    other = image.of("somebody_else")
    assert resizer.resize(image.upload(jpeg()), "invocation-1") is Outcome.DONE
    before = image.bytes_of(400)
    assert resizer.resize(other.upload(jpeg(color=GREEN)), "invocation-2") is Outcome.FAILED
    record = other.in_status(Status.FAILED)
    assert (record.error, record.thumbnails) == (Reason.KEY_COLLISION, {})
    assert image.bytes_of(400) == before
    image.in_status(Status.DONE)


def test_a_tombstone_rejects_a_late_event_and_everything_is_removed(
    resizer: Resizer, image: Image
) -> None:
    resizer.resize(image.upload(number=1), "invocation-1")
    image.put_record(Status.DELETED, sequencer=sequencer(1), expires_at_s=1)
    assert resizer.resize(image.upload(number=2), "invocation-2") is Outcome.DELETED
    image.in_status(Status.DELETED)
    assert image.original() is None
    assert image.thumbnail(200) is None
    assert image.thumbnail(400) is None


def test_cleaning_up_under_a_tombstone_keeps_another_users_thumbnail(
    resizer: Resizer, image: Image
) -> None:
    other = image.of("somebody_else")
    resizer.resize(image.upload(), "invocation-1")
    other.put_record(Status.DELETED, expires_at_s=1)
    assert resizer.resize(other.upload(), "invocation-2") is Outcome.DELETED
    assert image.thumbnail(200)
    assert image.original()


def test_the_record_of_an_original_that_is_gone_is_removed(resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    image.remove_original()
    assert resizer.resize(ref, "invocation-1") is Outcome.GONE
    assert image.record() is None


def test_an_event_after_the_pending_record_expired_creates_the_record_again(
    resizer: Resizer, image: Image
) -> None:
    assert image.record() is None
    assert resizer.resize(image.upload(), "invocation-1") is Outcome.DONE
    assert image.in_status(Status.DONE).filename == "Cät.jpg"


def test_a_width_no_longer_configured_is_removed_by_the_next_upload(
    resizer_session: boto3.Session, resizer: Resizer, image: Image
) -> None:
    three = make_resizer(resizer_session, replace(resizer.settings, widths=(100, 200, 400)))
    three.resize(image.upload(number=1), "invocation-1")
    assert image.thumbnail(100)
    resizer.resize(image.upload(jpeg(color=GREEN), number=2), "invocation-2")
    assert set(image.in_status(Status.DONE).thumbnails) == {200, 400}
    assert image.thumbnail(100) is None


def test_a_refused_write_raises_the_current_record(resizer: Resizer, image: Image) -> None:
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    with pytest.raises(RefusedError) as raised:
        resizer.repository.fail(ref, Change(ref.sequencer), Reason.EMPTY, frozenset())
    assert raised.value.record == image.record()


@pytest.mark.parametrize(("error", "kept"), [(Reason.GAVE_UP, True), (Reason.EMPTY, False)])
def test_a_late_event_removes_the_thumbnails_of_a_failed_image_unless_it_was_given_up(
    resizer: Resizer, image: Image, error: Reason, kept: bool
) -> None:
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    image.put_record(Status.FAILED, error=error, sequencer=ref.sequencer)
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    assert (image.thumbnail(200) is not None) is kept
    assert (image.thumbnail(400) is not None) is kept


def test_a_late_event_of_a_failed_image_leaves_newer_thumbnails(
    resizer: Resizer, image: Image
) -> None:
    resizer.resize(image.upload(number=2), "invocation-2")
    image.put_record(Status.FAILED, error=Reason.EMPTY, sequencer=sequencer(1))
    assert resizer.resize(image.upload(number=1), "invocation-1") is Outcome.IGNORED
    assert image.thumbnail(200)


def test_a_thumbnail_that_is_removed_while_it_is_replaced_is_stored_all_the_same(
    resizer: Resizer, image: Image
) -> None:
    resizer.resize(image.upload(), "invocation-1")
    stored = image.thumbnail(200)
    assert stored

    class RemovedMeanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(resizer.storage.client, name)

        def put_object(self, **arguments: Any) -> Any:
            if "IfMatch" in arguments:
                image.s3.delete_object(Bucket=arguments["Bucket"], Key=arguments["Key"])
            return resizer.storage.client.put_object(**arguments)

    client: Any = RemovedMeanwhile()
    storage = Storage(client, resizer.storage.bucket)
    storage.put_thumbnail(image.key.thumbnail(200), b"again", "image/jpeg", stored.metadata)
    assert image.bytes_of(200) == b"again"


@dataclass(frozen=True)
class OneWidthFails(Storage):
    """The put of one width fails at once, those of the others wait for `go_on`."""

    failing_width: int
    failed: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)

    def put_thumbnail(
        self, key: ThumbnailKey, data: bytes, content_type: str, facts: Mapping[str, str]
    ) -> None:
        if key.width == self.failing_width:
            self.failed.set()
            raise ConnectionError(str(key))
        assert self.go_on.wait(30)
        super().put_thumbnail(key, data, content_type, facts)


@pytest.mark.parametrize(("failing", "other"), [(200, 400), (400, 200)])
def test_a_failed_put_is_reported_only_when_no_other_put_is_running(
    resizer: Resizer, image: Image, failing: int, other: int
) -> None:
    """Lambda would freeze the process in the middle of a put, and a retry would race it."""
    storage = OneWidthFails(resizer.storage.client, resizer.storage.bucket, failing)
    ref = image.upload()
    with ThreadPoolExecutor(1) as pool:
        resizing = pool.submit(replace(resizer, storage=storage).resize, ref, "invocation-1")
        try:
            assert storage.failed.wait(30)
            with pytest.raises(TimeoutError):
                resizing.result(timeout=0.3)
        finally:
            storage.go_on.set()
        with pytest.raises(ConnectionError):
            resizing.result(timeout=30)
        assert image.thumbnail(other)
    image.in_status(Status.PROCESSING)


@dataclass
class Failing:
    """A sandbox, and its place, in which every original fails."""

    error: Exception

    def place(self) -> "Failing":
        return self

    def __enter__(self) -> "Failing":
        return self

    def __exit__(self, *_: object) -> None:
        """It holds nothing."""

    def render(self, source: object, size: int) -> None:
        raise self.error


def failing(resizer: Resizer, error: Exception) -> Resizer:
    return replace(resizer, sandbox=Failing(error))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [EngineError("SIGSEGV"), KeyError("a defect"), AssertionError(), ZeroDivisionError()]
)
def test_what_nobody_foresaw_is_quarantined_and_not_retried_by_events(
    resizer: Resizer, image: Image, error: Exception
) -> None:
    ref = image.upload()
    assert failing(resizer, error).resize(ref, "invocation-1") is Outcome.ENGINE_ERROR
    record = image.in_status(Status.FAILED)
    assert (record.error, record.claimed_by) == (Reason.ENGINE_ERROR, None)
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    assert image.in_status(Status.FAILED).error == Reason.ENGINE_ERROR


def test_a_quarantined_replacement_leaves_the_earlier_thumbnails_on_the_record(
    resizer: Resizer, image: Image
) -> None:
    resizer.resize(image.upload(number=1), "invocation-1")
    before = image.in_status(Status.DONE).thumbnails
    ref = image.upload(jpeg(300, 300), number=2)
    failing(resizer, EngineError("KeyError")).resize(ref, "invocation-2")
    assert image.in_status(Status.FAILED).thumbnails == before
    assert image.thumbnail(200)


def test_a_quarantined_image_can_be_retried_after_an_upgrade(
    resizer: Resizer, image: Image
) -> None:
    ref = image.upload()
    failing(resizer, EngineError("KeyError")).resize(ref, "invocation-1")
    assert resizer.resize(ref, "doctor", Transition.REDO) is Outcome.DONE
    assert image.in_status(Status.DONE).error is None


def test_an_event_that_comes_again_leaves_the_thumbnails_of_a_quarantined_image(
    resizer: Resizer, image: Image
) -> None:
    """The retry makes identical ones, which a removal could not tell apart."""
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    failing(resizer, EngineError("KeyError")).resize(ref, "doctor", Transition.REDO)
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    assert image.thumbnail(200)


@pytest.mark.parametrize("error", [WorkerLostError("SIGKILL"), MemoryError(), OSError("disk")])
def test_a_failure_of_the_environment_is_raised_and_the_image_keeps_its_claim(
    resizer: Resizer, image: Image, error: Exception
) -> None:
    ref = image.upload()
    with pytest.raises(type(error)):
        failing(resizer, error).resize(ref, "invocation-1")
    assert image.in_status(Status.PROCESSING).claimed_by == "invocation-1"
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE


@pytest.mark.parametrize("error", [EngineError("KeyError"), UnusableImage(Reason.TOO_COMPLEX)])
def test_a_finished_image_stays_done_whatever_happens_to_its_refresh(
    resizer: Resizer, image: Image, error: Exception
) -> None:
    ref = image.upload()
    resizer.resize(ref, "invocation-1")
    failing(resizer, error).refresh(ref, image.in_status(Status.DONE))
    assert image.in_status(Status.DONE).thumbnails.keys() == {200, 400}
    assert image.thumbnail(200)
