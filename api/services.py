"""What the routes work with, put together once when the process starts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import boto3

from api.aws.cloudfront import CdnSigner
from api.aws.dynamodb.repository import Repository
from api.aws.s3.sigv4 import Moment, UrlSigner
from api.aws.s3.storage import Clients, Storage
from api.http.cursor import cursor_key
from api.http.views import UNKNOWN_CREDENTIALS_SECONDS, Addresses, window_start
from api.settings import Settings
from api.use_cases.idempotency import IdempotencyKeys
from api.use_cases.quota import Quota
from api.use_cases.uploads import UploadSigner
from api.use_cases.waiting import Waiting

Clock = Callable[[], float]  # seconds since the epoch
Seed = Callable[[], str]  # random text that nobody can guess


def random_seed() -> str:
    return secrets.token_hex(16)


@dataclass(slots=True)
class Services:
    """Settings, clock, table, bucket and signers of one process."""

    settings: Settings
    repository: Repository
    storage: Storage
    clock: Clock
    seed: Seed
    cursor_key: bytes
    upload_signer: UploadSigner
    idempotency_keys: IdempotencyKeys
    quota: Quota
    cdn: CdnSigner | None
    waiting: Waiting = field(default_factory=Waiting)
    stopping: bool = False

    @classmethod
    def connect(
        cls,
        settings: Settings,
        *,
        session: boto3.Session | None = None,
        clock: Clock = time.time,
        seed: Seed = random_seed,
    ) -> Self:
        clients = Clients.connect(settings, session)
        storage = Storage(clients, settings.bucket)
        dynamodb, table = clients.dynamodb, settings.table
        repository = Repository(dynamodb, table)
        url_seconds = settings.upload_url_seconds
        return cls(
            settings=settings,
            repository=repository,
            storage=storage,
            clock=clock,
            seed=seed,
            cursor_key=cursor_key(settings.region, settings.bucket, table),
            upload_signer=UploadSigner(
                storage.bucket, storage.address, storage.post_url, url_seconds
            ),
            idempotency_keys=IdempotencyKeys(dynamodb, table, url_seconds),
            quota=Quota(dynamodb, repository, table, settings.quota_images, settings.quota_bytes),
            cdn=CdnSigner(settings.cdn) if settings.cdn else None,
        )

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def stop(self) -> None:
        """From now on `/readyz` says no, and nobody is kept waiting."""
        self.stopping = True
        self.waiting.stop()

    def addresses(self) -> Addresses:
        """Signs addresses for viewing that are the same for a whole window."""
        now = int(self.clock())
        lifetime = self.settings.view_url_seconds
        start = window_start(now, lifetime)
        end = start + lifetime
        if self.cdn is not None:
            sign = self.cdn.sign
            return Addresses(lambda key: sign(key, end), end * 1000)
        credentials, credentials_end = self.storage.credentials()
        if credentials_end is None and credentials.token is not None:
            credentials_end = now + UNKNOWN_CREDENTIALS_SECONDS
        moment = Moment(credentials, self.settings.region, start)
        signer = _view_signer(moment, self.storage, lifetime)
        return Addresses(signer.url, min(end, credentials_end or end) * 1000)


@lru_cache(maxsize=4)
def _view_signer(moment: Moment, storage: Storage, lifetime: int) -> UrlSigner:
    return UrlSigner(moment, storage.address, lifetime)
