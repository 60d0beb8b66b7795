"""The image formats that the product accepts, as content types.

`resizer/engine/formats.py` holds what the resizer knows of each.
"""

CONTENT_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/tiff",
    "image/bmp",
)
