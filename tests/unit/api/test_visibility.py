from dataclasses import replace

from api.aws.dynamodb.visibility import is_visible
from contract.record import Status
from tests.records import finished, pending

START = 1763853422000
NOW_S = 1763853422


def test_a_planned_upload_is_hidden_once_it_has_expired() -> None:
    assert is_visible(pending("u", START, NOW_S + 1), NOW_S)
    assert not is_visible(pending("u", START, NOW_S), NOW_S)


def test_a_planned_upload_that_never_expires_stays_visible() -> None:
    assert is_visible(replace(pending("u", START, NOW_S), expires_at_s=None), NOW_S)


def test_among_other_records_only_tombstones_are_hidden() -> None:
    hidden = {
        status
        for status in set(Status) - {Status.PENDING}
        if not is_visible(finished("u", START, status=status, expires_at_s=1), NOW_S)
    }
    assert hidden == {Status.DELETED}
