"""What a thumbnail's metadata says about it: enough to rebuild the record. Pure."""

import re
from collections.abc import Mapping

from contract import metadata
from contract.record import ThumbnailFacts, is_normal_sequencer
from resizer.events import ObjectReference
from resizer.rendition import Rendition
from resizer.repository import Finished
from resizer.storage import StoredObject

_NUMBER = re.compile(r"[0-9]{1,15}")  # of pixels or bytes; JSON parsers read it exactly


class UnreadableMetadataError(Exception):
    """Another program wrote it: something is missing or has another form."""


def to_metadata(rendition: Rendition, width: int, ref: ObjectReference) -> dict[str, str]:
    """The metadata of the thumbnail of this requested width."""
    made = rendition.thumbnails[width]
    partial = {metadata.PARTIAL: metadata.IS_PARTIAL} if rendition.partial else {}
    return partial | {
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
        **metadata.photo_metadata(rendition.taken_at, rendition.camera),
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
    """The contents of a finished image's record, from its thumbnails by requested width.

    Raises UnreadableMetadataError.
    """
    said = next(iter(thumbnails.values())).metadata
    taken_at, camera = metadata.photo_facts(said)
    return Finished(
        content_type=_text(said, metadata.ORIGINAL_CONTENT_TYPE),
        size=ref.size,
        width=number(said, metadata.ORIGINAL_WIDTH),
        height=number(said, metadata.ORIGINAL_HEIGHT),
        placeholder=_text(said, metadata.PLACEHOLDER),
        color=_text(said, metadata.COLOR),
        thumbnails={
            width: ThumbnailFacts(
                key=stored.key,
                width=number(stored.metadata, metadata.WIDTH),
                height=number(stored.metadata, metadata.HEIGHT),
                bytes=stored.size,
                content_type=stored.content_type,
            )
            for width, stored in thumbnails.items()
        },
        filename=filename,
        taken_at=taken_at,
        camera=camera,
        partial=said.get(metadata.PARTIAL) == metadata.IS_PARTIAL,
    )


def number(said: Mapping[str, str], name: str) -> int:
    """Raises UnreadableMetadataError."""
    text = _text(said, name)
    if not _NUMBER.fullmatch(text):
        raise UnreadableMetadataError(name)
    return int(text)


def _text(said: Mapping[str, str], name: str) -> str:
    try:
        return said[name]
    except KeyError as exc:
        raise UnreadableMetadataError(name) from exc
