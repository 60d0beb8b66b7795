"""The doctor's pure parts: diagnosis, pairing and report."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import metadata
from contract.keys import OriginalKey
from contract.record import NO_SEQUENCER, ImageRecord, Reason, Status, ThumbnailFacts
from resizer.doctor import Finding, Options, Report
from resizer.doctor.diagnosis import diagnose, is_left_over, lacks_thumbnail
from resizer.doctor.findings import MAX_KEYS, Verdict
from resizer.doctor.pairs import Pair, batches, join
from resizer.storage import StoredObject

NOW_MS = 2_000_000_000_000
GRACE_MS = 120_000
KEY = OriginalKey("ann", "1763853422123-00000000-a.jpg")
ORIGINAL = StoredObject(str(KEY), 1, "new", NOW_MS - GRACE_MS, {})
YOUNG = replace(ORIGINAL, modified_ms=NOW_MS - GRACE_MS + 1)


def record_in(status: Status, e_tag: str | None = "new", **fields: object) -> ImageRecord:
    record = ImageRecord(
        user_id=KEY.user_id,
        image_id=KEY.image_id,
        status=status,
        created_at_ms=KEY.created_at_ms,
        sequencer=NO_SEQUENCER,
        e_tag=e_tag,
    )
    return replace(record, **fields)  # type: ignore[arg-type]  # fields by name


def finding_of(
    stored: StoredObject | None, record: ImageRecord | None, complete: bool = True, days: int = 0
) -> Finding | None:
    return diagnose(stored, record, NOW_MS, GRACE_MS, days, lambda _: not complete)


LOST_EVENTS = [
    (None, Finding.ORIGINAL_WITHOUT_RECORD),
    (record_in(Status.PENDING), Finding.UNPROCESSED),
    (record_in(Status.PROCESSING), Finding.STUCK),
    (record_in(Status.PROCESSING, claimed_until_ms=NOW_MS - 1), Finding.STUCK),
    (record_in(Status.DONE, "old"), Finding.REPLACED),
    (record_in(Status.FAILED, "old"), Finding.REPLACED),
]


@pytest.mark.parametrize(("record", "finding"), LOST_EVENTS)
def test_an_event_counts_as_lost_after_the_grace_period(
    record: ImageRecord | None, finding: Finding
) -> None:
    assert finding_of(ORIGINAL, record) is finding
    assert finding_of(YOUNG, record) is None


@pytest.mark.parametrize("original", [ORIGINAL, YOUNG, None])
def test_a_claimed_image_is_left_to_its_worker(original: StoredObject | None) -> None:
    assert finding_of(original, record_in(Status.PROCESSING, claimed_until_ms=NOW_MS)) is None


@pytest.mark.parametrize(
    ("record", "finding"),
    [
        (record_in(Status.DELETED), Finding.UNDELETED),
        (record_in(Status.DELETED, "old"), Finding.UNDELETED),
        (record_in(Status.FAILED, error=Reason.CORRUPT_IMAGE), Finding.FAILED),
        (record_in(Status.FAILED, error=Reason.GAVE_UP), Finding.GAVE_UP),
        (record_in(Status.FAILED, error=Reason.ENGINE_ERROR), Finding.ENGINE_ERROR),
        (record_in(Status.FAILED, error=Reason.ARCHIVED), Finding.GAVE_UP),
        (record_in(Status.DONE), None),
        (record_in(Status.DONE, archived=True), Finding.RETURNED),
    ],
)
@pytest.mark.parametrize("original", [ORIGINAL, YOUNG])
def test_a_processed_image_is_diagnosed_at_any_age(
    original: StoredObject, record: ImageRecord, finding: Finding | None
) -> None:
    assert finding_of(original, record) is finding


FACTS = ThumbnailFacts(str(KEY.thumbnail(200)), 200, 100, 1, "image/jpeg")
WITH_THUMBNAIL: dict[str, Any] = {"thumbnails": {200: FACTS}}
AGE_DAYS = (NOW_MS - 1763853422123) // (24 * 3600 * 1000)


@pytest.mark.parametrize(
    ("record", "finding"),
    [
        (record_in(Status.PENDING), None),
        (record_in(Status.DELETED), None),
        (record_in(Status.FAILED, error=Reason.CORRUPT_IMAGE), None),
        (record_in(Status.DONE, archived=True, **WITH_THUMBNAIL), None),
        (
            record_in(Status.FAILED, error=Reason.GAVE_UP, archived=True, **WITH_THUMBNAIL),
            Finding.ARCHIVED,
        ),
        (record_in(Status.PROCESSING, sequencer=None), Finding.FOREIGN_RECORD),
        (record_in(Status.DONE, image_id="a/b"), Finding.FOREIGN_RECORD),
        (record_in(Status.FAILED, error=Reason.GAVE_UP), Finding.RECORD_WITHOUT_ORIGINAL),
        (record_in(Status.PROCESSING), Finding.RECORD_WITHOUT_ORIGINAL),
        (record_in(Status.PROCESSING, **WITH_THUMBNAIL), Finding.ARCHIVED),
        (record_in(Status.FAILED, error=Reason.GAVE_UP, **WITH_THUMBNAIL), Finding.ARCHIVED),
        (record_in(Status.DONE, **WITH_THUMBNAIL), Finding.ORIGINAL_MISSING),
    ],
)
def test_only_a_record_without_thumbnails_has_nothing_to_lose_with_its_original(
    record: ImageRecord, finding: Finding | None
) -> None:
    assert finding_of(None, record) is finding


def test_an_original_that_a_lifecycle_rule_may_have_removed_is_archived() -> None:
    record = record_in(Status.DONE, **WITH_THUMBNAIL)
    assert finding_of(None, record, days=AGE_DAYS) is Finding.ARCHIVED
    assert finding_of(None, record, days=AGE_DAYS + 1) is Finding.ORIGINAL_MISSING


@pytest.mark.parametrize(
    ("record", "finding"),
    [
        (record_in(Status.DONE), Finding.ARCHIVED),
        (record_in(Status.DONE, archived=True), None),
        (record_in(Status.FAILED, error=Reason.ARCHIVED), Finding.FAILED),
        (record_in(Status.FAILED, error=Reason.GAVE_UP), Finding.FAILED),
    ],
)
def test_what_a_frozen_original_lacks_has_to_wait(
    record: ImageRecord, finding: Finding | None
) -> None:
    assert finding_of(replace(ORIGINAL, is_frozen=True), record, complete=False) is finding


@pytest.mark.parametrize(
    ("record", "complete", "finding"),
    [
        (record_in(Status.DONE, archived=True), True, None),
        (record_in(Status.DONE, archived=True), False, Finding.MISSING_THUMBNAIL),
        (record_in(Status.DONE), True, None),
        (record_in(Status.FAILED, error=Reason.ARCHIVED), True, Finding.GAVE_UP),
    ],
)
def test_a_restored_copy_can_be_processed_but_ends_no_archiving(
    record: ImageRecord, complete: bool, finding: Finding | None
) -> None:
    assert finding_of(replace(ORIGINAL, is_restored=True), record, complete) is finding


def test_another_apps_key_is_foreign() -> None:
    assert (
        finding_of(replace(ORIGINAL, key="uploads/ann/trip/holiday.jpg"), None)
        is Finding.FOREIGN_KEY
    )


def test_only_a_done_image_can_lack_a_thumbnail() -> None:
    assert finding_of(ORIGINAL, record_in(Status.DONE), False) is Finding.MISSING_THUMBNAIL
    assert finding_of(ORIGINAL, record_in(Status.FAILED), False) is Finding.FAILED


def thumbnail(user_id: str = "ann", e_tag: str = "new") -> StoredObject:
    said = {metadata.USER_ID: user_id, metadata.ORIGINAL_E_TAG: e_tag}
    return StoredObject(str(KEY.thumbnail(200)), 1, "t", NOW_MS, said)


DONE = record_in(Status.DONE, thumbnails={200: FACTS})


@pytest.mark.parametrize(
    ("widths", "stored", "lacks"),
    [
        ((200,), thumbnail(), False),
        ((200,), None, True),
        ((200,), thumbnail(user_id="bob"), True),
        ((200,), thumbnail(e_tag="old"), True),
        ((200, 400), thumbnail(), True),
    ],
)
def test_a_thumbnail_must_have_the_same_user_and_version(
    widths: tuple[int, ...], stored: StoredObject | None, lacks: bool
) -> None:
    assert lacks_thumbnail(DONE, widths, [stored]) is lacks


def test_the_bucket_is_not_read_if_the_record_already_lacks_a_thumbnail() -> None:
    def read() -> Iterator[StoredObject]:
        pytest.fail("the bucket was read")
        yield

    assert lacks_thumbnail(DONE, (400,), read())


@pytest.mark.parametrize(
    ("original", "record", "left_over"),
    [
        (None, None, False),
        (None, record_in(Status.DELETED), True),
        (None, record_in(Status.FAILED, error=Reason.CORRUPT_IMAGE), True),
        (None, record_in(Status.FAILED, error=Reason.CORRUPT_IMAGE, sequencer=None), False),
        (None, record_in(Status.FAILED, error=Reason.GAVE_UP), False),
        (None, record_in(Status.FAILED, error=Reason.ENGINE_ERROR), False),
        (None, record_in(Status.FAILED), False),
        (None, DONE, False),
        (ORIGINAL, None, False),
        (ORIGINAL, record_in(Status.DONE), True),
        (ORIGINAL, record_in(Status.FAILED), True),
        (ORIGINAL, record_in(Status.PROCESSING), False),
        (ORIGINAL, record_in(Status.DONE, "old"), False),
        (ORIGINAL, DONE, False),
    ],
)
def test_a_thumbnail_without_an_original_is_kept_while_a_record_may_need_it(
    original: StoredObject | None, record: ImageRecord | None, left_over: bool
) -> None:
    assert is_left_over(200, original, record) is left_over


@given(st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)))
def test_every_original_and_record_is_returned_once_with_its_partner(
    originals: set[int], records: set[int]
) -> None:
    def key(number: int) -> OriginalKey:
        return OriginalKey("ann", f"{1763853422100 + number}-é{number}.jpg")

    pairs: list[Pair] = list(
        join(
            (replace(ORIGINAL, key=str(key(number))) for number in sorted(originals)),
            (replace(DONE, image_id=key(number).image_id) for number in sorted(records)),
        )
    )
    found = [(stored and stored.key, record and str(record.key)) for stored, record in pairs]
    assert found == [
        (str(key(n)) if n in originals else None, str(key(n)) if n in records else None)
        for n in sorted(originals | records)
    ]


def test_batches_contain_everything_and_never_exceed_their_size() -> None:
    assert list(batches(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]


def test_a_report_needs_repair_until_everything_repairable_is_repaired() -> None:
    report = Report()
    for finding in (Finding.FAILED, Finding.FOREIGN_KEY, Finding.ORIGINAL_MISSING):
        report.add(Verdict(finding, f"key of {finding}"))
    assert not report.needs_repair()
    report.add(Verdict(Finding.STUCK, "one", repaired=True))
    assert not report.needs_repair()
    report.add(Verdict(Finding.STUCK, "two", repaired=False))
    assert report.needs_repair()
    assert report.as_dict() == {
        "images": 0,
        "thumbnails": 0,
        "found": {
            "failed": 1,
            "foreign_key": 1,
            "original_missing": 1,
            "stuck_in_processing": 2,
        },
        "repaired": {"stuck_in_processing": 1},
        "unrepaired": {"stuck_in_processing": 1},
        "left": {
            "failed": {"count": 1, "keys": ["key of failed"]},
            "foreign_key": {"count": 1, "keys": ["key of foreign_key"]},
            "original_missing": {"count": 1, "keys": ["key of original_missing"]},
            "stuck_in_processing": {"count": 1, "keys": ["two"]},
        },
    }


def test_a_report_counts_everything_but_lists_a_bounded_number_of_keys() -> None:
    report = Report()
    for number in range(MAX_KEYS + 5):
        report.add(Verdict(Finding.FAILED, str(number)))
    assert report.left(Finding.FAILED) == MAX_KEYS + 5
    assert len(report.keys[Finding.FAILED]) == MAX_KEYS


def test_each_option_repairs_its_own_findings() -> None:
    asked = {
        name: {finding for finding in Finding if options.ask_for(finding)}
        for name, options in {
            "nothing": Options(),
            "repair": Options(repair=True),
            "redrive": Options(redrive=True),
            "forget": Options(forget_missing=True),
        }.items()
    }
    reported_only = {Finding.FAILED, Finding.FOREIGN_KEY, Finding.FOREIGN_RECORD}
    redriven = {Finding.GAVE_UP, Finding.ENGINE_ERROR}
    forgettable = {Finding.ORIGINAL_MISSING, Finding.LAST_THUMBNAIL}
    assert asked == {
        "nothing": set(),
        "repair": set(Finding) - reported_only - redriven - forgettable,
        "redrive": redriven,
        "forget": forgettable,
    }
