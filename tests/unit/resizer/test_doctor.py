"""The doctor's pure parts: diagnosis, pairing and report."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import metadata
from contract.keys import OriginalKey
from contract.record import ImageRecord, Reason, Status, ThumbnailFacts
from resizer.doctor import Finding, Options, Report
from resizer.doctor.diagnosis import diagnose, is_left_over, lacks_thumbnail
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
        e_tag=e_tag,
    )
    return replace(record, **fields)  # type: ignore[arg-type]  # fields by name


def finding_of(
    stored: StoredObject | None, record: ImageRecord | None, complete: bool = True
) -> Finding | None:
    return diagnose(stored, record, NOW_MS, GRACE_MS, lambda _: not complete)


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
        (record_in(Status.DONE), None),
    ],
)
@pytest.mark.parametrize("original", [ORIGINAL, YOUNG])
def test_a_processed_image_is_diagnosed_at_any_age(
    original: StoredObject, record: ImageRecord, finding: Finding | None
) -> None:
    assert finding_of(original, record) is finding


@pytest.mark.parametrize(
    ("status", "finding"),
    [
        (Status.PENDING, None),
        (Status.DELETED, None),
        (Status.PROCESSING, Finding.RECORD_WITHOUT_ORIGINAL),
        (Status.DONE, Finding.RECORD_WITHOUT_ORIGINAL),
        (Status.FAILED, Finding.RECORD_WITHOUT_ORIGINAL),
    ],
)
def test_only_a_pending_or_deleted_record_may_lack_its_original(
    status: Status, finding: Finding | None
) -> None:
    assert finding_of(None, record_in(status)) is finding


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


FACTS = ThumbnailFacts(str(KEY.thumbnail(200)), 200, 100, 1, "image/jpeg")
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
        (None, None, True),
        (None, record_in(Status.DELETED), True),
        (None, record_in(Status.FAILED), True),
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
    report.add(Finding.FAILED, None)
    report.add(Finding.FOREIGN_KEY, None)
    assert not report.needs_repair()
    report.add(Finding.STUCK, True)
    assert not report.needs_repair()
    report.add(Finding.STUCK, False)
    assert report.needs_repair()
    assert report.as_dict() == {
        "images": 0,
        "thumbnails": 0,
        "found": {"failed": 1, "foreign_key": 1, "stuck_in_processing": 2},
        "repaired": {"stuck_in_processing": 1},
        "unrepaired": {"stuck_in_processing": 1},
    }


def test_a_gave_up_image_is_repaired_only_by_redrive() -> None:
    asked = {
        name: {finding for finding in Finding if options.ask_for(finding)}
        for name, options in {
            "nothing": Options(),
            "repair": Options(repair=True),
            "redrive": Options(redrive=True),
        }.items()
    }
    reported_only = {Finding.FAILED, Finding.FOREIGN_KEY}
    assert asked == {
        "nothing": set(),
        "repair": set(Finding) - reported_only - {Finding.GAVE_UP},
        "redrive": {Finding.GAVE_UP},
    }
