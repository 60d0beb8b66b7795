"""The user metadata (`x-amz-meta-*`) that originals and thumbnails carry in the bucket.

S3 metadata is ASCII ("Working with object metadata", S3 User Guide), so what a user typed is
percent-encoded. A thumbnail's metadata says whose it is and what it was made from, which its key
does not.
"""

from urllib.parse import quote, unquote

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


def encode_filename(filename: str) -> str:
    return quote(filename, safe="")


def decode_filename(value: str) -> str:
    return unquote(value)
