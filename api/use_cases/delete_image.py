"""Delete an image: tombstone first, then thumbnails, then the original.

A crash after the tombstone leaves objects behind; the same DELETE again, a late event or the
doctor removes them. The original goes last, as it is what the bucket knows the image by.
"""

from api.services import Services
from api.use_cases.quota import Usage, counts
from contract.record import Status


def delete_image(needed: Services, user_id: str, image_id: str) -> bool:
    """Remove record, thumbnails and original; False if there is no such record."""
    now_seconds = int(needed.clock())
    widths = needed.settings.thumbnail_widths
    before = needed.repository.delete(user_id, image_id, now_seconds, widths)
    if before is None:
        return False
    if counts(before, now_seconds):
        needed.quota.release(user_id, Usage(1, before.size or 0))
    stored = set(widths) | set(before.thumbnails)
    if before.status is Status.DELETED:  # an earlier try broke off; its record's widths are gone
        stored |= set(needed.storage.thumbnail_widths())
    for width in sorted(stored):
        needed.storage.delete_thumbnail(before.key.thumbnail(width), user_id)
    needed.storage.delete_original(before.key)
    return True
