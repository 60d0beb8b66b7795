"""Plan uploads for a user: check sizes, reserve quota, put the records, sign the requests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.aws.dynamodb.idempotency import FirstRequest, IdempotencyRows
from api.aws.dynamodb.repository import Repository
from api.aws.dynamodb.usage import Usage
from api.aws.s3.sigv4 import SigningContext
from api.aws.s3.uploads import DeclaredFile, SignedUpload, UploadSigner
from api.use_cases.errors import FileTooLargeError, ImageDeletedError
from api.use_cases.idempotency import first_request, nonce, same_request
from api.use_cases.pending_records import pending_record
from api.use_cases.quota import Quota
from contract.record import ImageRecord, Status


@dataclass(frozen=True, slots=True)
class PlannedUpload:
    """The record of the planned image, and the request that uploads it."""

    record: ImageRecord
    upload: SignedUpload


@dataclass(frozen=True, slots=True)
class UploadPlanner:
    """`context` returns the signing context for a time in seconds; `seed` is unguessable text."""

    repository: Repository
    quota: Quota
    idempotency: IdempotencyRows
    signer: UploadSigner
    context: Callable[[int], SigningContext]
    now_ms: Callable[[], int]
    seed: Callable[[], str]
    max_bytes: int

    def plan(
        self, user_id: str, files: Sequence[DeclaredFile], idempotency_key: str | None
    ) -> list[PlannedUpload]:
        """Plan `files`, all or none, and return them in order. Raises UseCaseError."""
        self._check_sizes(files)
        request = self._reserve(user_id, files, idempotency_key)
        records = self.repository.put_all_pending(self._records(user_id, files, request))
        if any(record.status is Status.DELETED for record in records):
            raise ImageDeletedError
        return self._sign(files, records, request.planned_at_ms // 1000)

    def _check_sizes(self, files: Sequence[DeclaredFile]) -> None:
        if any(file.size > self.max_bytes for file in files):
            raise FileTooLargeError(self.max_bytes)

    def _reserve(
        self, user_id: str, files: Sequence[DeclaredFile], key: str | None
    ) -> FirstRequest:
        """The request whose files are reserved: an earlier one with this key, or this one."""
        new = first_request(self.now_ms(), self.seed(), files)
        usage = Usage(len(files), sum(file.size for file in files), len(files))
        now_s = new.planned_at_ms // 1000
        if key is None:
            self.quota.reserve(user_id, usage, now_s)
            return new
        earlier = self.idempotency.find(user_id, key, now_s) if self.quota.enabled else None
        if earlier:
            return same_request(earlier, new)
        self.quota.reserve(user_id, usage, now_s)
        stored = self.idempotency.put(user_id, key, new)
        if stored != new:  # the other request has reserved them
            self.quota.release(user_id, usage, new.seed)
        return same_request(stored, new)

    def _records(
        self, user_id: str, files: Sequence[DeclaredFile], request: FirstRequest
    ) -> list[ImageRecord]:
        at_ms, lifetime_s = request.planned_at_ms, self.signer.lifetime_s
        return [
            pending_record(user_id, file, at_ms, nonce(request, number), lifetime_s)
            for number, file in enumerate(files)
        ]

    def _sign(
        self, files: Sequence[DeclaredFile], records: Sequence[ImageRecord], planned_at_s: int
    ) -> list[PlannedUpload]:
        """Signed as of `planned_at_s`, so that a repeated request gets the same upload again."""
        context = self.context(planned_at_s)
        return [
            PlannedUpload(record, self.signer.sign(file, str(record.key), context))
            for file, record in zip(files, records, strict=True)
        ]
