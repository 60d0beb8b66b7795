"""Delete an image: first the tombstone, then the thumbnails, then the original.

A crash after the tombstone leaves objects behind; repeating the DELETE, a late event or the doctor
removes them. The original goes last, because it is what identifies the image in the bucket.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.aws.dynamodb.repository import Repository
from api.aws.dynamodb.usage import Usage
from api.aws.s3.storage import Storage
from api.use_cases.errors import ImageNotFoundError
from api.use_cases.quota import Quota, is_stored
from contract.record import ImageRecord, Status


@dataclass(frozen=True, slots=True)
class ImageDeleter:
    """`widths` are those of the settings; an image can have thumbnails of other widths too."""

    repository: Repository
    storage: Storage
    quota: Quota
    widths: Sequence[int]
    now_s: Callable[[], int]

    def delete(self, user_id: str, image_id: str) -> None:
        """Remove record, thumbnails and original; raises ImageNotFoundError if none exists."""
        now_s = self.now_s()
        before = self.repository.delete(user_id, image_id, now_s, self.widths)
        if before is None:
            raise ImageNotFoundError
        if is_stored(before):  # the unused upload URL of a planned image stays valid, and counts
            self.quota.release(user_id, Usage(1, before.size or 0), image_id)
        if before.key is None:  # another program's row, which names no object
            return
        for width in sorted(self._stored_widths(before)):
            self.storage.delete_thumbnail(before.key.thumbnail(width), user_id)
        self.storage.delete_original(before.key)

    def _stored_widths(self, before: ImageRecord) -> set[int]:
        widths = set(self.widths) | set(before.thumbnails)
        # A tombstone left by an interrupted try no longer has the record's own widths.
        if before.status is Status.DELETED:
            widths |= set(self.storage.thumbnail_widths())
        return widths
