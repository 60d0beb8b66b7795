import pytest

from api.use_cases.waiting import is_final
from contract.record import Status
from tests.records import finished


@pytest.mark.parametrize("status", Status)
def test_only_what_may_still_become_an_image_is_waited_for(status: Status) -> None:
    record = finished("user_1", 1763853422000, status=status)
    assert is_final(record) is (status not in {Status.PENDING, Status.PROCESSING})


def test_an_image_that_is_not_there_is_not_waited_for() -> None:
    assert is_final(None)
