"""How storage serves an original: by the type that its bytes have, not by a declared one. Pure.

S3 overrides headers of a response by parameters of a signed URL (S3 API Reference, "GetObject",
`response-content-type`), which CloudFront forwards. It cannot add `X-Content-Type-Options`, so the
type is one that no browser runs.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from contract.record import ImageRecord, Status

# By type: the extensions that files of it have, the usual one first.
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "mpo"),
    "image/png": ("png", "apng"),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/avif": ("avif", "avifs"),
    "image/bmp": ("bmp", "dib"),
    "image/heic": ("heic", "heif", "hif", "heics"),
    "image/heif": ("heif", "heic", "hif"),
    "image/tiff": ("tiff", "tif", "dng", "nef", "cr2", "arw"),
}
# Not every browser shows these: a click downloads them instead of showing a broken page.
DOWNLOADED = frozenset({"image/heic", "image/heif", "image/tiff"})
UNKNOWN = {
    "response-content-type": "application/octet-stream",
    "response-content-disposition": 'attachment; filename="original.bin"',
}

# What changes the direction of text can make "exe.jpg" of "gpj.exe"; the rest separates folders.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_NOT_ASCII = re.compile(r"[^A-Za-z0-9 ._()+,=@~-]")


def served_as(record: ImageRecord) -> Mapping[str, str]:
    """Parameters of the signed URL, by name.

    The resizer found the type of a `done` image by its bytes. Any other is a download of bytes that
    nobody has judged, also one that another program calls `done`.
    """
    content_type = record.content_type or ""
    if record.status is not Status.DONE or record.is_bare or content_type not in EXTENSIONS:
        return UNKNOWN
    way = "attachment" if content_type in DOWNLOADED else "inline"
    return {
        "response-content-type": content_type,
        "response-content-disposition": f"{way}; {_filename(record.filename or '', content_type)}",
    }


def _filename(filename: str, content_type: str) -> str:
    """RFC 6266, section 4.3, and appendix D for clients that do not read `filename*`."""
    name = _UNSAFE.sub("_", filename).strip(" .") or "original"
    extensions = EXTENSIONS[content_type]
    if name.rpartition(".")[2].lower() not in extensions or "." not in name:
        name = f"{name}.{extensions[0]}"
    plain = f'filename="{_NOT_ASCII.sub("_", name)}"'
    encoded = quote(name, safe="", errors="replace")
    return plain if plain == f'filename="{name}"' else f"{plain}; filename*=UTF-8''{encoded}"
