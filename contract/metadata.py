"""The user metadata (`x-amz-meta-*`) that originals and thumbnails carry in the bucket.

S3 metadata is ASCII ("Working with object metadata", S3 User Guide), so what a user typed is
percent-encoded. A thumbnail's metadata says whose it is and what it was made from, which its key
does not.
"""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from contract.photo_facts import Camera, taken_at

# On an original
FILENAME = "filename"  # as the user typed it, percent-encoded

# On a thumbnail
USER_ID = "user-id"
ORIGINAL_E_TAG = "original-etag"
SEQUENCER = "sequencer"  # padded, as in the record; an older one never overwrites a newer
ORIGINAL_CONTENT_TYPE = "original-content-type"
ORIGINAL_SIZE = "original-size"  # bytes
ORIGINAL_WIDTH = "original-width"  # pixels, after orientation
ORIGINAL_HEIGHT = "original-height"
WIDTH = "width"  # pixels of the thumbnail itself
HEIGHT = "height"
PLACEHOLDER = "placeholder"
COLOR = "color"
TAKEN_AT = "taken-at"  # these three only if the original says them
CAMERA_MAKE = "camera-make"  # percent-encoded
CAMERA_MODEL = "camera-model"
PARTIAL = "partial"  # only on thumbnails of an original that lacks its end
IS_PARTIAL = "true"


def encode_filename(filename: str) -> str:
    return quote(filename, safe="")


def decode_filename(value: str) -> str:
    return unquote(value)


def photo_metadata(time: str | None, camera: Camera | None) -> dict[str, str]:
    said = {
        TAKEN_AT: time,
        CAMERA_MAKE: camera and camera.make,
        CAMERA_MODEL: camera and camera.model,
    }
    return {name: quote(text, safe=" :+") for name, text in said.items() if text}


def photo_facts(said: Mapping[str, str]) -> tuple[str | None, Camera | None]:
    """Time and camera, as far as the metadata has them in the form that we write."""
    time, make, model = (
        unquote(said.get(name, "")) for name in (TAKEN_AT, CAMERA_MAKE, CAMERA_MODEL)
    )
    return taken_at(time), Camera.of(make, model)
