from dataclasses import replace

import pytest

from api.aws.s3.uploads import DeclaredFile
from api.use_cases.errors import IdempotencyKeyReusedError
from api.use_cases.idempotency import first_request, nonce, same_request

CAT = DeclaredFile("cat.jpg", "image/jpeg", 10)
REQUEST = first_request(1763853422123, "seed", [CAT])


def test_a_repeated_request_returns_the_first_one() -> None:
    again = first_request(1763853422999, "another seed", [CAT])
    assert same_request(REQUEST, again) == REQUEST


@pytest.mark.parametrize(
    "files",
    [
        [],
        [CAT, CAT],
        [replace(CAT, filename="dog.jpg")],
        [replace(CAT, content_type="image/png")],
        [replace(CAT, size=11)],
        [replace(CAT, sha256="0" * 64)],
        [replace(CAT, method="PUT")],
    ],
)
def test_a_request_that_differs_in_anything_is_a_different_one(files: list[DeclaredFile]) -> None:
    with pytest.raises(IdempotencyKeyReusedError):
        same_request(REQUEST, first_request(REQUEST.planned_at_ms, REQUEST.seed, files))


def test_the_order_of_files_matters() -> None:
    dog = replace(CAT, filename="dog.jpg")
    with pytest.raises(IdempotencyKeyReusedError):
        same_request(first_request(1, "s", [CAT, dog]), first_request(1, "s", [dog, CAT]))


def test_nonces_and_fingerprints_do_not_change_between_releases() -> None:
    """A retry can be served by another version than the first request."""
    assert (nonce(REQUEST, 0), nonce(REQUEST, 1)) == ("03c52f96", "61508398")
    assert REQUEST.fingerprint == "0ec7d58627f361e8cd0a019897088f19d41da2c4fbda92560dd9632b3d8e7afd"


def test_nonces_are_eight_hex_digits_that_follow_from_seed_and_number() -> None:
    nonces = [nonce(REQUEST, number) for number in range(100)]
    assert len(set(nonces)) == 100
    assert all(len(each) == 8 and set(each) <= set("0123456789abcdef") for each in nonces)
    assert nonces == [nonce(replace(REQUEST, fingerprint=""), number) for number in range(100)]
    assert nonce(replace(REQUEST, seed="other"), 0) != nonces[0]
