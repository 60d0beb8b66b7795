from api.aws.s3.uploads import DeclaredFile
from api.use_cases.pending_records import GRACE_SECONDS, pending_record
from contract.record import ImageRecord, Status

NOW_MS = 1763853422123


def test_a_planned_upload_expires_a_day_after_its_url() -> None:
    file = DeclaredFile("Cät.jpg", "image/jpeg", 10)
    record = pending_record("user_1", file, NOW_MS, "0123abcd", url_lifetime_s=3600)
    assert record == ImageRecord(
        user_id="user_1",
        image_id=f"{NOW_MS}-0123abcd-Cat.jpg",
        status=Status.PENDING,
        created_at_ms=NOW_MS,
        filename="Cät.jpg",
        content_type="image/jpeg",
        size=10,
        upload_until_s=1763853422 + 3600,
        expires_at_s=1763853422 + 3600 + 24 * 3600,
    )
    assert GRACE_SECONDS == 24 * 3600
