"""The image formats that the product accepts, as content types, and their other names.

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

# Names from before registration, from old Windows (`pjpeg`, `x-png`) and terminal servers
# (`x-citrix-…`), and of files that hold several frames, of which the first one counts.
OTHER_NAMES = {
    "image/jpg": "image/jpeg",
    "image/jpe": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/pipeg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-jpeg": "image/jpeg",
    "image/x-jpg": "image/jpeg",
    "image/x-citrix-jpeg": "image/jpeg",
    "image/apng": "image/png",
    "image/vnd.mozilla.apng": "image/png",
    "image/x-png": "image/png",
    "image/x-citrix-png": "image/png",
    "image/x-webp": "image/webp",
    "image/x-citrix-gif": "image/gif",
    "image/x-gif": "image/gif",
    "image/avif-sequence": "image/avif",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "image/tif": "image/tiff",
    "image/x-tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
    "image/x-windows-bmp": "image/bmp",
}


def normal_content_type(text: str) -> str:
    """The registered name of a type in any case, without parameters; others as they are.

    RFC 9110, section 8.3.1. No image type has a parameter that says more about the format.
    """
    name = text.partition(";")[0].strip(" \t").lower()
    normal = OTHER_NAMES.get(name, name)
    return normal if normal in CONTENT_TYPES else text
