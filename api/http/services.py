"""Everything that the routes use, put together once when the process starts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from fastapi.concurrency import run_in_threadpool

from api.aws.clients import Clients, Session
from api.aws.cloudfront import CdnSigner
from api.aws.dynamodb.idempotency import IdempotencyRows
from api.aws.dynamodb.repository import Repository
from api.aws.dynamodb.usage import UsageRows
from api.aws.s3.sigv4 import SigningContext
from api.aws.s3.storage import Storage
from api.aws.s3.uploads import UploadSigner
from api.aws.view_urls import ViewUrls, ViewUrlSigner
from api.http.cursor import cursor_key
from api.settings import Settings
from api.use_cases.batched_reads import BatchedReads
from api.use_cases.delete_image import ImageDeleter
from api.use_cases.plan_uploads import UploadPlanner
from api.use_cases.quota import Limits, Quota
from api.use_cases.waiting import Waiting

Clock = Callable[[], float]  # seconds since the epoch
Seed = Callable[[], str]  # random text that nobody can guess


def random_seed() -> str:
    return secrets.token_hex(16)


def retry_after_s() -> int:
    """Jittered, so that those who were sent away together do not come back together."""
    return 2 + secrets.randbelow(4)


@dataclass(slots=True)
class Services:
    """Settings, clock, table, bucket and use cases of one process."""

    settings: Settings
    repository: Repository
    storage: Storage
    upload_planner: UploadPlanner
    image_deleter: ImageDeleter
    view_url_signer: ViewUrlSigner
    cursor_key: bytes
    clock: Clock
    waited_for: BatchedReads
    waiting: Waiting = field(default_factory=lambda: Waiting(retry_after_s))
    stopping: bool = False

    @classmethod
    def connect(
        cls,
        settings: Settings,
        *,
        session: Session | None = None,
        clock: Clock = time.time,
        seed: Seed = random_seed,
    ) -> Self:
        """Create the clients and wire everything up; nothing is sent yet."""
        clients = Clients.connect(settings, session)
        table, region = settings.table, settings.region
        storage = Storage(clients.s3, settings.bucket)
        repository = Repository(clients.dynamodb, table)
        rows = UsageRows(clients.dynamodb, table)
        limits = Limits(settings.quota_images, settings.quota_bytes, settings.max_pending_uploads)
        url_seconds = settings.upload_url_seconds
        quota = Quota(rows, repository, limits, url_seconds)
        planner = UploadPlanner(
            repository=repository,
            quota=quota,
            idempotency=IdempotencyRows(clients.dynamodb, table, url_seconds),
            signer=UploadSigner(storage.bucket, storage.endpoint, storage.post_url, url_seconds),
            context=lambda at_s: SigningContext(clients.credentials()[0], region, at_s),
            now_ms=lambda: int(clock() * 1000),
            seed=seed,
            max_bytes=settings.max_upload_bytes,
        )
        cdn = CdnSigner(settings.cdn) if settings.cdn else None
        return cls(
            settings=settings,
            repository=repository,
            storage=storage,
            upload_planner=planner,
            image_deleter=ImageDeleter(
                repository, storage, quota, settings.thumbnail_widths, lambda: int(clock())
            ),
            view_url_signer=ViewUrlSigner(
                clients.credentials,
                storage.endpoint,
                region,
                settings.view_url_seconds,
                cdn,
                settings.expire_originals_days,
            ),
            cursor_key=cursor_key(region, settings.bucket, table),
            clock=clock,
            waited_for=BatchedReads(lambda names: run_in_threadpool(repository.get_many, names)),
        )

    def now_s(self) -> int:
        return int(self.clock())

    def view_urls(self) -> ViewUrls:
        """The signed URLs to return now."""
        return self.view_url_signer.at(self.now_s())

    def stop(self) -> None:
        """From now on `/readyz` fails, and no request is kept waiting."""
        self.stopping = True
        self.waiting.stop()
