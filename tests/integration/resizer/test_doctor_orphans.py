"""Thumbnails that an upload left which was replaced since."""

import pytest

from contract.record import Reason, Status
from resizer.resize import Resizer
from tests.integration.resizer.conftest import Image
from tests.integration.resizer.test_doctor import examine
from tools.pictures import jpeg

WIDTH = 100  # neither setting nor record knows it any more


def replaced(resizer: Resizer, image: Image) -> None:
    """A finished image whose earlier upload left a thumbnail of one more width."""
    resizer.resize(image.upload(number=1), "invocation-1")
    earlier = image.thumbnail(200)
    assert earlier
    resizer.resize(image.upload(jpeg(300, 300), number=2), "invocation-2")
    image.s3.put_object(
        Bucket=image.settings.bucket,
        Key=str(image.key.thumbnail(WIDTH)),
        Body=b"earlier",
        ContentType="image/jpeg",
        Metadata=dict(earlier.metadata),
    )


@pytest.mark.parametrize(
    ("status", "removed"),
    [(Status.DONE, True), (Status.FAILED, True), (Status.PROCESSING, False)],
)
def test_an_earlier_uploads_thumbnail_goes_once_the_image_is_finished(
    operators_resizer: Resizer, image: Image, status: Status, removed: bool
) -> None:
    replaced(operators_resizer, image)
    done = image.in_status(Status.DONE)
    fields = {"sequencer": done.sequencer, "e_tag": done.e_tag}
    if status is Status.FAILED:
        image.put_record(status, error=Reason.EMPTY, **fields)
    elif status is Status.PROCESSING:
        until_ms = operators_resizer.now_ms() + 60_000
        image.put_record(status, claimed_by="alive", claimed_until_ms=until_ms, **fields)
    examine(operators_resizer, image, user_id=None, grace_ms=10**9, repair=True)
    assert (image.thumbnail(WIDTH) is None) is removed
