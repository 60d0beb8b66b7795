"""Delete an image: tombstone first, then thumbnails, then the original.

A crash after the tombstone leaves objects behind; the same DELETE again, a late event or the
doctor removes them. The original goes last, as it is what the bucket knows the image by.
"""

from api.repository import Repository
from api.storage import Storage
from contract.record import Status


def delete_image(
    repository: Repository,
    storage: Storage,
    user_id: str,
    image_id: str,
    widths: tuple[int, ...],
    now_seconds: int,
) -> bool:
    """Remove record, thumbnails and original; False if there is no such record."""
    before = repository.delete(user_id, image_id, now_seconds, widths)
    if before is None:
        return False
    stored = set(widths) | set(before.thumbnails)
    if before.status is Status.DELETED:  # an earlier try broke off; its record's widths are gone
        stored |= set(storage.thumbnail_widths())
    for width in sorted(stored):
        storage.delete_thumbnail(before.key.thumbnail(width), user_id)
    storage.delete_original(before.key)
    return True
