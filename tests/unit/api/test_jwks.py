import asyncio
import time
from collections.abc import Iterator

import pytest

from api.http.jwks import COOLDOWN_SECONDS, FRESH_SECONDS, Jwks, KeysUnavailableError
from tests.issuer import Issuer, issuing


class Keys:
    """A JWKS and its issuer, with a clock that tests set."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.now = 1000.0
        self.jwks = Jwks(issuer.url, clock=lambda: self.now)

    def knows(self, kid: str) -> bool:
        return asyncio.run(self.jwks.key(kid)) is not None

    def knows_after_a_while(self, kid: str, expected: bool) -> bool:
        """A background fetch takes a while."""
        end = time.monotonic() + 5
        while self.knows(kid) is not expected and time.monotonic() < end:
            time.sleep(0.02)
        return self.knows(kid)


@pytest.fixture
def keys() -> Iterator[Keys]:
    with issuing() as issuer:
        keys = Keys(issuer)
        yield keys
        keys.jwks.close()


def test_keys_are_fetched_once_and_then_known(keys: Keys) -> None:
    assert all(keys.knows("first") for _ in range(5))
    assert keys.issuer.fetches == 1


def test_known_keys_stay_known_while_the_server_is_down(keys: Keys) -> None:
    assert keys.knows("first")
    keys.issuer.up = False
    for _ in range(3):
        keys.now += FRESH_SECONDS * 100
        assert keys.knows("first")


def test_a_key_that_may_be_new_is_not_called_unknown_while_the_server_is_down(keys: Keys) -> None:
    assert keys.knows("first")
    keys.issuer.add_key("second")
    keys.issuer.up = False
    keys.now += COOLDOWN_SECONDS
    with pytest.raises(KeysUnavailableError):
        keys.knows("second")
    keys.issuer.up = True
    keys.now += COOLDOWN_SECONDS
    assert keys.knows("second")


def test_an_unknown_kid_starts_a_fetch_except_within_the_cooldown(keys: Keys) -> None:
    assert keys.knows("first")
    keys.issuer.add_key("second")
    assert not keys.knows("second")
    assert keys.issuer.fetches == 1
    keys.now += COOLDOWN_SECONDS
    assert keys.knows("second")
    assert not any(keys.knows("bogus") for _ in range(20))
    assert keys.issuer.fetches == 2


def test_a_revoked_key_is_forgotten_once_the_keys_are_stale(keys: Keys) -> None:
    keys.issuer.add_key("second")
    assert keys.knows("first")
    del keys.issuer.keys["first"]
    keys.now += FRESH_SECONDS - 1
    assert keys.knows("first")
    keys.now += 2
    assert not keys.knows_after_a_while("first", False)
    assert keys.knows("second")


def test_simultaneous_callers_share_one_fetch(keys: Keys) -> None:
    async def ask() -> None:
        found = await asyncio.gather(*(keys.jwks.key("first") for _ in range(50)))
        assert all(found)

    asyncio.run(ask())
    assert keys.issuer.fetches == 1
