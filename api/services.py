"""What the routes work with, put together once when the process starts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import boto3

from api.cursor import cursor_key
from api.repository import Repository
from api.settings import Settings
from api.signing import Moment, UrlSigner
from api.storage import Clients, Storage
from api.uploads import UploadSigner
from api.views import UNKNOWN_CREDENTIALS_SECONDS, Addresses, window_start
from api.waiting import Waiting

Clock = Callable[[], float]  # seconds since the epoch
Nonce = Callable[[], str]  # 8 random lower-case hex digits


def random_nonce() -> str:
    return secrets.token_hex(4)


@dataclass(slots=True)
class Services:
    """Settings, clock, table, bucket and signers of one process."""

    settings: Settings
    repository: Repository
    storage: Storage
    clock: Clock
    nonce: Nonce
    cursor_key: bytes
    waiting: Waiting = field(default_factory=Waiting)
    stopping: bool = False

    @classmethod
    def connect(
        cls,
        settings: Settings,
        *,
        session: boto3.Session | None = None,
        clock: Clock = time.time,
        nonce: Nonce = random_nonce,
    ) -> Self:
        clients = Clients.connect(settings, session)
        return cls(
            settings=settings,
            repository=Repository(clients.dynamodb, settings.table),
            storage=Storage(clients, settings.bucket),
            clock=clock,
            nonce=nonce,
            cursor_key=cursor_key(settings.region, settings.bucket, settings.table),
        )

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def stop(self) -> None:
        """From now on `/readyz` says no, and nobody is kept waiting."""
        self.stopping = True
        self.waiting.stop()

    def upload_signer(self) -> UploadSigner:
        storage = self.storage
        return UploadSigner(
            storage.bucket, storage.address, storage.post_url, self.settings.upload_url_seconds
        )

    def moment(self) -> Moment:
        credentials, _ = self.storage.credentials()
        return Moment(credentials, self.settings.region, int(self.clock()))

    def addresses(self) -> Addresses:
        """Signs addresses for viewing that are the same for a whole window."""
        now = int(self.clock())
        lifetime = self.settings.view_url_seconds
        credentials, credentials_end = self.storage.credentials()
        start = window_start(now, lifetime)
        signer = _view_signer(
            Moment(credentials, self.settings.region, start), self.storage, lifetime
        )
        if credentials_end is None and credentials.token is not None:
            credentials_end = now + UNKNOWN_CREDENTIALS_SECONDS
        end = start + lifetime
        return Addresses(signer.url, min(end, credentials_end or end) * 1000)


@lru_cache(maxsize=4)
def _view_signer(moment: Moment, storage: Storage, lifetime: int) -> UrlSigner:
    return UrlSigner(moment, storage.address, lifetime)
