"""Originals of images that failed for good get the tag by which they expire, and no others do.

That a tagged object is deleted after its days, only AWS can show.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from contract.record import Reason, Status
from contract.transitions import Change, Transition
from resizer.resize import Outcome, Resizer
from resizer.storage import FAILED_TAG, Storage
from tests.integration.resizer.conftest import Image
from tests.template import PARAMETERS, RESOURCES
from tools.pictures import jpeg

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAILED = dict([FAILED_TAG])


def tags(image: Image) -> dict[str, str]:
    response = image.s3.get_object_tagging(Bucket=image.settings.bucket, Key=str(image.key))
    return {tag["Key"]: tag["Value"] for tag in response["TagSet"]}


def tag(image: Image, **values: str) -> None:
    pairs: Any = [{"Key": name, "Value": value} for name, value in values.items()]
    image.s3.put_object_tagging(
        Bucket=image.settings.bucket, Key=str(image.key), Tagging={"TagSet": pairs}
    )


def test_the_original_of_an_image_that_failed_for_good_is_tagged(
    resizer: Resizer, image: Image
) -> None:
    assert resizer.resize(image.upload(b"no image"), "invocation-1") is Outcome.FAILED
    assert tags(image) == FAILED


def test_the_original_of_a_finished_image_is_not_tagged(resizer: Resizer, image: Image) -> None:
    assert resizer.resize(image.upload(), "invocation-1") is Outcome.DONE
    assert tags(image) == {}


def test_the_original_of_a_good_picture_whose_name_was_taken_is_not_tagged(
    resizer: Resizer, image: Image
) -> None:
    other = image.of("somebody_else")
    resizer.resize(image.upload(), "invocation-1")
    ref = other.upload(jpeg(300, 200))
    for attempt in ("invocation-2", "invocation-3"):
        resizer.resize(ref, attempt)
    assert other.in_status(Status.FAILED).error == Reason.KEY_COLLISION
    assert tags(other) == {}


def test_with_failed_days_0_nothing_is_tagged(resizer: Resizer, image: Image) -> None:
    keeping = replace(resizer, settings=replace(resizer.settings, failed_days=0))
    assert keeping.resize(image.upload(b"no image"), "invocation-1") is Outcome.FAILED
    assert tags(image) == {}


@pytest.mark.parametrize("reason", [Reason.GAVE_UP, Reason.ENGINE_ERROR])
def test_an_original_that_redrive_may_try_again_is_not_tagged(
    resizer: Resizer, image: Image, reason: Reason
) -> None:
    ref = image.upload(b"no image")
    image.put_record(Status.FAILED, sequencer=ref.sequencer, error=reason)
    assert resizer.resize(ref, "invocation-1") is Outcome.IGNORED
    assert tags(image) == {}
    change = Change(ref.sequencer, "doctor", resizer.now_ms())
    record = resizer.repository.claim(Transition.REDO, ref, change, change.now_ms + 50_000)
    assert resizer._fail(ref, change, reason, record) is Outcome.FAILED
    assert tags(image) == {}


def test_tags_of_other_programs_stay(resizer: Resizer, image: Image) -> None:
    ref = image.upload(b"no image")
    tag(image, scan="clean")
    assert resizer.resize(ref, "invocation-1") is Outcome.FAILED
    assert tags(image) == {"scan": "clean", **FAILED}
    resizer.storage.untag_failed(str(image.key))
    assert tags(image) == {"scan": "clean"}


def test_an_original_with_as_many_tags_as_s3_allows_stays(resizer: Resizer, image: Image) -> None:
    ref = image.upload(b"no image")
    others = {f"t{number}": "x" for number in range(10)}
    tag(image, **others)
    assert resizer.resize(ref, "invocation-1") is Outcome.FAILED
    assert tags(image) == others


def test_the_next_upload_under_the_key_is_not_left_with_the_tag(
    resizer: Resizer, image: Image
) -> None:
    resizer.resize(image.upload(b"no image", number=1), "invocation-1")
    ref = image.upload(number=2)  # AWS drops the tags of what is replaced; the emulator does not
    assert resizer.resize(ref, "invocation-2") is Outcome.DONE
    assert tags(image) == {}


def test_a_tagged_original_that_becomes_an_image_loses_the_tag(
    resizer: Resizer, image: Image
) -> None:
    """It was copied onto itself with its tags, say, after an upgrade that can decode it."""
    ref = image.upload()
    tag(image, scan="clean", **FAILED)
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    assert tags(image) == {"scan": "clean"}


@dataclass(frozen=True)
class Interrupted(Storage):
    """Something happens, once, just before the tag is set and just after it."""

    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def _change_tags(self, key: str, *, failed: bool) -> None:
        if failed:
            self.before()
        Storage._change_tags(self, key, failed=failed)
        if failed:
            self.after()


def interrupted(resizer: Resizer, **moments: Callable[[], object]) -> Resizer:
    storage = Interrupted(resizer.storage.client, resizer.storage.bucket, **moments)
    return replace(resizer, storage=storage)


def test_an_upload_that_arrives_before_the_tag_is_not_left_with_it(
    resizer: Resizer, image: Image
) -> None:
    slow = interrupted(resizer, before=lambda: image.upload(number=2))
    assert slow.resize(image.upload(b"no image", number=1), "invocation-1") is Outcome.FAILED
    assert tags(image) == {}


def test_an_upload_that_is_done_before_the_tag_is_not_left_with_it(
    resizer: Resizer, image: Image
) -> None:
    slow = interrupted(
        resizer, before=lambda: resizer.resize(image.upload(number=2), "invocation-2")
    )
    assert slow.resize(image.upload(b"no image", number=1), "invocation-1") is Outcome.FAILED
    assert tags(image) == {}
    image.in_status(Status.DONE)


def test_an_original_deleted_before_the_tag_is_no_error(resizer: Resizer, image: Image) -> None:
    slow = interrupted(resizer, before=image.remove_original)
    assert slow.resize(image.upload(b"no image"), "invocation-1") is Outcome.FAILED


def crash() -> None:
    raise ConnectionError("the process died")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_retry_after_a_crash_sets_the_tag(resizer: Resizer, image: Image, moment: str) -> None:
    ref = image.upload(b"no image")
    dying = interrupted(resizer, **{moment: crash})
    with pytest.raises(ConnectionError):
        dying.resize(ref, "invocation-1")
    image.in_status(Status.FAILED)
    assert resizer.resize(ref, "invocation-1") is Outcome.IGNORED
    assert tags(image) == FAILED


@pytest.mark.parametrize("newer_event_first", [False, True])
def test_no_crash_leaves_the_tag_on_a_newer_upload(
    resizer: Resizer, image: Image, newer_event_first: bool
) -> None:
    """The newer one arrives, is tagged by mistake, and the process dies before it looks."""
    newer = []
    dying = interrupted(resizer, before=lambda: newer.append(image.upload(number=2)), after=crash)
    ref = image.upload(b"no image", number=1)
    with pytest.raises(ConnectionError):
        dying.resize(ref, "invocation-1")
    assert tags(image) == FAILED
    events = [(ref, "invocation-1"), (newer[0], "invocation-2")]
    for event, invocation in reversed(events) if newer_event_first else events:
        resizer.resize(event, invocation)
    assert tags(image) == {}
    image.in_status(Status.DONE)


def test_no_crash_leaves_the_tag_on_a_newer_upload_that_is_done(
    resizer: Resizer, image: Image
) -> None:
    dying = interrupted(
        resizer,
        before=lambda: resizer.resize(image.upload(number=2), "invocation-2"),
        after=crash,
    )
    ref = image.upload(b"no image", number=1)
    with pytest.raises(ConnectionError):
        dying.resize(ref, "invocation-1")
    assert tags(image) == FAILED
    assert resizer.resize(ref, "invocation-1") is Outcome.IGNORED
    assert tags(image) == {}


def test_s3_takes_the_templates_rule(s3: "S3Client") -> None:
    """The emulator does not apply a template's lifecycle rules, so this puts it there."""
    name, value = FAILED_TAG
    [rule] = (
        rule
        for rule in RESOURCES["ImagesBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        if rule["Id"] == "ExpireFailedOriginals"
    )
    assert rule == {
        "Id": "ExpireFailedOriginals",
        "Status": ("!If", ["ExpiresFailed", "Enabled", "Disabled"]),
        "Prefix": "uploads/",
        "TagFilters": [{"Key": name, "Value": value}],
        "ExpirationInDays": ("!If", ["ExpiresFailed", ("!Ref", "FailedDays"), "36500"]),
    }
    selected: Any = {"And": {"Prefix": rule["Prefix"], "Tags": rule["TagFilters"]}}
    stored: Any = {
        "ID": rule["Id"],
        "Status": "Enabled",
        "Filter": selected,
        "Expiration": {"Days": int(PARAMETERS["FailedDays"]["Default"])},
    }
    s3.create_bucket(Bucket="with-lifecycle")
    s3.put_bucket_lifecycle_configuration(
        Bucket="with-lifecycle", LifecycleConfiguration={"Rules": [stored]}
    )
    response = s3.get_bucket_lifecycle_configuration(Bucket="with-lifecycle")
    s3.delete_bucket(Bucket="with-lifecycle")
    [held] = response["Rules"]
    assert (held["Status"], held["Expiration"]) == ("Enabled", {"Days": 30})
    assert held["Filter"]["And"]["Prefix"] == "uploads/"
    assert held["Filter"]["And"]["Tags"] == rule["TagFilters"]
