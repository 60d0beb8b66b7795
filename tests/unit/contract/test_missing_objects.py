import pytest

from contract.missing_objects import is_missing


@pytest.mark.parametrize(
    ("status", "listed", "missing"),
    [
        (404, None, True),
        (403, None, True),
        (403, "uploads/u/1-cat.jpg", False),  # there, but not to be read
        (403, "uploads/u/1-cat.jpg.bak", True),  # only begins with the key
        (412, None, False),
        (500, None, False),
    ],
)
def test_a_403_means_missing_only_where_the_listing_lacks_the_key(
    status: int, listed: str | None, missing: bool
) -> None:
    assert is_missing(status, "uploads/u/1-cat.jpg", lambda prefix: listed) is missing
