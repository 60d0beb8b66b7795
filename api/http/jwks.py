"""The public keys that verify tokens, by `kid`, from a JWKS URL.

PyJWT's own client forgets all keys if its cache expires while the server is down, and blocks a
thread for each caller during a fetch. Here, known keys stay known, at most one fetch runs at a
time, on its own thread, and a fetch is never repeated within ten seconds.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWTError

log = logging.getLogger(__name__)

# Asymmetric only: with HS256 the public key would double as the secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
FRESH_SECONDS = 300.0
COOLDOWN_SECONDS = 10.0
TIMEOUT_SECONDS = 3.0


class KeysUnavailableError(Exception):
    """The key may exist, but the JWKS server does not respond."""


class Jwks:
    """The keys of one issuer. `key` can be called from any event loop."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT_SECONDS)
        self._clock = clock
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="jwks")
        self._lock = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetch: Future[None] | None = None
        self._tried_at = self._fetched_at = float("-inf")
        self._failed = False

    async def key(self, kid: str) -> PyJWK | None:
        """The key with this `kid`, None if the issuer has none. Raises KeysUnavailableError."""
        known = self._keys.get(kid)
        if known is not None:
            if self._clock() - self._fetched_at > FRESH_SECONDS:
                self._refresh()  # in the background: nobody waits for rotated keys
            return known
        fetch = self._refresh()
        if fetch is not None:
            await asyncio.wrap_future(fetch)
        known = self._keys.get(kid)
        if known is None and self._failed:
            raise KeysUnavailableError
        return known

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _refresh(self) -> "Future[None] | None":
        """The fetch that is running or has just started; None within the cooldown."""
        with self._lock:
            if self._fetch is not None and not self._fetch.done():
                return self._fetch
            if self._clock() - self._tried_at < COOLDOWN_SECONDS:
                return None
            self._tried_at = self._clock()
            self._fetch = self._executor.submit(self._fetch_keys)
            return self._fetch

    def _fetch_keys(self) -> None:
        try:
            found = _usable(PyJWKSet.from_dict(self._client.fetch_data()))
        except (PyJWTError, OSError, ValueError) as exc:
            self._failed = True
            log.error("cannot fetch the JWKS: %s", type(exc).__name__)
            return
        self._keys, self._failed, self._fetched_at = found, False, self._clock()


def _usable(keys: PyJWKSet) -> dict[str, Any]:
    return {
        key.key_id: key
        for key in keys.keys
        if key.key_id and key.public_key_use in {"sig", None} and key.algorithm_name in ALGORITHMS
    }
