"""The states in which operations start, and what each leaves behind."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from contract.record import ImageRecord, Status
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.repository import Repository
from resizer.resize import Resizer
from tests.integration.resizer.conftest import Image, sequencer
from tests.proofs.faults.operations import Operation, delete, doctor, give_up, plan_upload, resize
from tools.pictures import jpeg

Arrange = Callable[[Image, Resizer], ObjectReference]
UUID = "0c9d4b5e-8f0a-4b6e-9d43-6b1f0a0b5b5e"
TIMES = ("expires_at_s", "upload_until_s", "claimed_by", "claimed_until_ms", "created_at_ms")


@dataclass(frozen=True)
class Scenario:
    name: str
    operation: Operation
    arrange: Arrange
    foreign: bool = False  # the object's name is not in the API's form


def uploaded(image: Image, _: Resizer) -> ObjectReference:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=10**10)
    return image.upload()


def uploaded_past_the_api(image: Image, _: Resizer) -> ObjectReference:
    return image.upload()


def no_image_uploaded(image: Image, _: Resizer) -> ObjectReference:
    return image.upload(b"no image")


def finished(image: Image, resizer: Resizer) -> ObjectReference:
    ref = image.upload()
    resizer.resize(ref, "earlier")
    return ref


def replaced(image: Image, resizer: Resizer) -> ObjectReference:
    finished(image, resizer)
    return image.upload(jpeg(300, 300), number=2)


def replaced_by_no_image(image: Image, resizer: Resizer) -> ObjectReference:
    finished(image, resizer)
    return image.upload(b"no image", number=2)


def replaced_with_fewer_widths(image: Image, resizer: Resizer) -> ObjectReference:
    three = replace(resizer, settings=replace(resizer.settings, widths=(100, 200, 400)))
    finished(image, three)
    return image.upload(jpeg(300, 300), number=2)


def deleted_then_uploaded_again(image: Image, resizer: Resizer) -> ObjectReference:
    ref = finished(image, resizer)
    image.put_record(Status.DELETED, sequencer=ref.sequencer, expires_at_s=10**10)
    return image.upload(number=2)


def taken_by_another_user(image: Image, resizer: Resizer) -> ObjectReference:
    finished(image.of("somebody_else"), resizer)
    return image.upload()


def removed_by_hand(image: Image, resizer: Resizer) -> ObjectReference:
    ref = finished(image, resizer)
    image.remove_original()
    return replace(ref, sequencer=sequencer(2))


def stuck(image: Image, resizer: Resizer) -> ObjectReference:
    ref = image.upload()
    resizer.repository.claim(Transition.CLAIM, ref, Change(ref.sequencer, "dead"), until_ms=1)
    return ref


def without_record(image: Image, resizer: Resizer) -> ObjectReference:
    ref = finished(image, resizer)
    image.remove_record()
    return ref


def without_thumbnail(image: Image, resizer: Resizer) -> ObjectReference:
    ref = finished(image, resizer)
    key = str(image.key.thumbnail(400))
    image.s3.delete_object(Bucket=image.settings.bucket, Key=key)
    return ref


def given_up(image: Image, resizer: Resizer) -> ObjectReference:
    ref = image.upload()
    resizer.repository.give_up(ref, Change(ref.sequencer, "give-up"), "{}")
    return ref


def put_row(image: Image, image_id: str) -> None:
    """As a front end does that talks to DynamoDB itself."""
    row = ImageRecord(
        user_id=image.key.user_id,
        image_id=image_id,
        object_name=image.key.image_id,
        status=Status.PROCESSING,
        created_at_ms=1763853422123,
    )
    image.dynamodb.put_item(TableName=image.settings.table, Item=row.to_item())


def uploaded_with_row(image: Image, _: Resizer) -> ObjectReference:
    put_row(image, image.key.image_id)
    return image.upload()


def uploaded_with_uuid(image: Image, _: Resizer) -> ObjectReference:
    put_row(image, UUID)
    return image.upload()


def no_image_with_uuid(image: Image, _: Resizer) -> ObjectReference:
    put_row(image, UUID)
    return image.upload(b"no image")


def uuid_finished(image: Image, resizer: Resizer) -> ObjectReference:
    put_row(image, UUID)
    ref = finished(image, resizer)
    return replace(ref, record_id=UUID)


def row_put_over_it(image: Image, resizer: Resizer) -> ObjectReference:
    ref = finished(image, resizer)
    put_row(image, image.key.image_id)
    return ref


def nothing_yet(image: Image, _: Resizer) -> ObjectReference:
    return ObjectReference(image.key, 0, "")


SCENARIOS = [
    Scenario("resize an upload", resize, uploaded),
    Scenario("resize an upload past the API", resize, uploaded_past_the_api),
    Scenario("resize what is no image", resize, no_image_uploaded),
    Scenario("resize a replacement", resize, replaced),
    Scenario("resize a replacement that is no image", resize, replaced_by_no_image),
    Scenario("resize with fewer widths", resize, replaced_with_fewer_widths),
    Scenario("resize what was deleted", resize, deleted_then_uploaded_again),
    Scenario("resize onto another user's thumbnails", resize, taken_by_another_user),
    Scenario("resize what was removed by hand", resize, removed_by_hand),
    Scenario("give up", give_up, uploaded),
    Scenario("plan an upload", plan_upload, nothing_yet),
    Scenario("delete a finished image", delete, finished),
    Scenario("delete a pending image that was uploaded", delete, uploaded),
    Scenario("doctor: upload without event", doctor, uploaded),
    Scenario("doctor: stuck", doctor, stuck),
    Scenario("doctor: no record", doctor, without_record),
    Scenario("doctor: no record, no thumbnails", doctor, uploaded_past_the_api),
    Scenario("doctor: replaced without event", doctor, replaced),
    Scenario("doctor: missing thumbnail", doctor, without_thumbnail),
    Scenario("doctor: no original", doctor, removed_by_hand),
    Scenario("doctor: deleted but stored", doctor, deleted_then_uploaded_again),
    Scenario("doctor: given up", doctor, given_up),
    Scenario("resize with another program's row", resize, uploaded_with_row),
    Scenario("resize a foreign upload with its row", resize, uploaded_with_row, foreign=True),
    Scenario("resize what a UUID's row names", resize, uploaded_with_uuid, foreign=True),
    Scenario("resize no image of a UUID's row", resize, no_image_with_uuid, foreign=True),
    Scenario("give up with another program's row", give_up, uploaded_with_row),
    Scenario("give up what a UUID's row names", give_up, uploaded_with_uuid, foreign=True),
    Scenario("delete a UUID's image", delete, uuid_finished, foreign=True),
    Scenario("doctor: a row put over the record", doctor, row_put_over_it),
    Scenario("doctor: a UUID's upload without event", doctor, uploaded_with_uuid, foreign=True),
]


def end_state(image: Image) -> dict[str, Any]:
    """All that can be seen of the image and its user, without times and names of this run."""
    repository = Repository(image.dynamodb, image.settings.table)
    records = [_seen(record, image) for record in repository.of_user(image.key.user_id)]
    return {
        "records": records,
        "original": (stored := image.original()) and stored.e_tag,
        "thumbnails": {width: _thumbnail(image, width) for width in (100, 200, 400)},
    }


def _seen(record: ImageRecord, image: Image) -> str:
    fields = {name: value for name, value in asdict(record).items() if name not in TIMES}
    fields["thumbnails"] = sorted(fields["thumbnails"].items())
    fields["expires"] = record.expires_at_s is not None
    fields["unused url"] = record.upload_until_s is not None
    text = repr(fields).replace(image.key.user_id, "USER")
    nonce = image.key.filename.partition("-")[0]
    return text.replace(record.image_id, "IMAGE").replace(nonce, "NONCE")


def _thumbnail(image: Image, width: int) -> Any:
    stored = image.thumbnail(width)
    if stored is None:
        return None
    digest = hashlib.sha256(image.bytes_of(width)).hexdigest()
    return repr(sorted(stored.metadata.items())).replace(image.key.user_id, "USER"), digest
