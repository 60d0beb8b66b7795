"""What a thumbnail's metadata says about it: enough to rebuild the record. Pure."""

from collections.abc import Mapping

from contract import metadata
from contract.record import ThumbnailFacts, is_normal_sequencer
from resizer.events import ObjectReference
from resizer.rendition import Rendition
from resizer.repository import Finished
from resizer.storage import StoredObject


def to_metadata(rendition: Rendition, width: int, ref: ObjectReference) -> dict[str, str]:
    """The metadata of the thumbnail of this requested width."""
    made = rendition.thumbnails[width]
    return {
        metadata.USER_ID: ref.key.user_id,
        metadata.ORIGINAL_E_TAG: ref.e_tag,
        metadata.SEQUENCER: ref.sequencer,
        metadata.ORIGINAL_CONTENT_TYPE: rendition.content_type,
        metadata.ORIGINAL_SIZE: str(ref.size),
        metadata.ORIGINAL_WIDTH: str(rendition.width),
        metadata.ORIGINAL_HEIGHT: str(rendition.height),
        metadata.WIDTH: str(made.width),
        metadata.HEIGHT: str(made.height),
        metadata.PLACEHOLDER: rendition.placeholder,
        metadata.COLOR: rendition.color,
    }


def is_made_from(thumbnail: StoredObject, user_id: str, e_tag: str | None) -> bool:
    """Whether the thumbnail shows this version of this user's original."""
    return is_of(thumbnail, user_id) and thumbnail.metadata.get(metadata.ORIGINAL_E_TAG) == e_tag


def is_of(thumbnail: StoredObject, user_id: str) -> bool:
    """Whether the thumbnail is this user's: another user's can have the same key."""
    return thumbnail.metadata.get(metadata.USER_ID) == user_id


def latest_sequencer(thumbnails: Mapping[int, StoredObject], default: str) -> str:
    """The newest sequencer that the thumbnails carry; `default` if they carry none.

    One that another program wrote in another form is ignored: no event could ever be newer.
    """
    carried = (stored.metadata.get(metadata.SEQUENCER, "") for stored in thumbnails.values())
    return max(filter(is_normal_sequencer, carried), default=default)


def finished_from(
    ref: ObjectReference, thumbnails: Mapping[int, StoredObject], filename: str | None
) -> Finished:
    """The contents of a finished image's record, from its thumbnails by requested width."""
    said = next(iter(thumbnails.values())).metadata
    return Finished(
        content_type=said[metadata.ORIGINAL_CONTENT_TYPE],
        size=ref.size,
        width=int(said[metadata.ORIGINAL_WIDTH]),
        height=int(said[metadata.ORIGINAL_HEIGHT]),
        placeholder=said[metadata.PLACEHOLDER],
        color=said[metadata.COLOR],
        thumbnails={
            width: ThumbnailFacts(
                key=stored.key,
                width=int(stored.metadata[metadata.WIDTH]),
                height=int(stored.metadata[metadata.HEIGHT]),
                bytes=stored.size,
                content_type=stored.content_type,
            )
            for width, stored in thumbnails.items()
        },
        filename=filename,
    )
