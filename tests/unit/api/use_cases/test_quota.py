import dataclasses

from api.aws.dynamodb.usage import Usage
from api.use_cases.quota import EVENT_DELAY_SECONDS, count, url_is_live
from contract.record import ImageRecord, Status
from tests.records import finished, pending

NOW = 2_000_000_000


def planned(size: int, upload_until_s: int, status: Status = Status.PENDING) -> ImageRecord:
    return dataclasses.replace(
        pending("u", 1763853422000, NOW + 24 * 3600),
        size=size,
        upload_until_s=upload_until_s,
        status=status,
    )


def test_stored_images_and_possible_uploads_count() -> None:
    over = NOW - EVENT_DELAY_SECONDS
    records = [
        finished("u", 1763853422000, size=1),
        finished("u", 1763853422000, size=10, status=Status.FAILED),
        finished("u", 1763853422000, size=100, status=Status.PROCESSING),
        planned(1000, over + 1),
        planned(10**4, over),
        finished("u", 1763853422000, size=10**5, status=Status.DELETED),
        planned(10**6, over + 1, Status.DELETED),
        planned(10**7, over, Status.DELETED),
    ]
    assert count(records, NOW) == Usage(5, 1001111)


def test_only_an_unused_url_is_live() -> None:
    """The first event of its upload removes the time from the record."""
    assert url_is_live(planned(1, NOW), NOW)
    assert not url_is_live(finished("u", 1763853422000), NOW)
    assert not url_is_live(finished("u", 1763853422000, status=Status.DELETED), NOW)
    assert not url_is_live(pending("u", 1763853422000, NOW + 24 * 3600), NOW)
