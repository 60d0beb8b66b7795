import dataclasses

from api.aws.dynamodb.usage import Usage
from api.use_cases.quota import EVENT_DELAY_SECONDS, count
from contract.record import Status
from tests.records import finished, pending


def test_stored_images_and_possible_uploads_count() -> None:
    now = 2_000_000_000
    grace = 24 * 3600
    records = [
        finished("u", 1763853422000, size=1),
        finished("u", 1763853422000, size=10, status=Status.FAILED),
        finished("u", 1763853422000, size=100, status=Status.PROCESSING),
        dataclasses.replace(pending("u", 1763853422000, now + grace), size=1000),
        dataclasses.replace(
            pending("u", 1763853422000, now + grace - EVENT_DELAY_SECONDS), size=10**4
        ),
        finished("u", 1763853422000, size=10**5, status=Status.DELETED),
    ]
    assert count(records, now) == Usage(4, 1111)
