"""Pictures of every format, depth, orientation and source of color that the engine reads."""

import struct
from typing import Any

from resizer.engine.color_coding import LINEAR, REC_709, Coding, profile
from tests.integration.resizer.test_engine_color import OF_PNG, chunk
from tools import pictures

SIZE = (640, 480)
FINE = {"quality": 95}
OF_MODES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "png": ("PNG", {}, ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    "tif": ("TIFF", {}, ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16")),
    "webp": ("WEBP", {"lossless": True}, ("RGB", "RGBA")),
    "avif": ("AVIF", FINE, ("RGB", "RGBA")),
    "jpg": ("JPEG", FINE, ("L", "RGB", "CMYK")),
    "bmp": ("BMP", {}, ("1", "L", "P", "RGB")),
}


def made_pictures() -> dict[str, bytes]:
    """By file name."""
    photo = pictures.photo(*SIZE)
    found = {
        "photo.gif": pictures.saved(photo.quantize(), "GIF"),
        "photo.heic": pictures.saved(photo, "HEIF", quality=95),
        "progressive.jpg": pictures.saved(photo, "JPEG", quality=95, progressive=True),
    }
    for suffix, (image_format, options, modes) in OF_MODES.items():
        for mode in modes:
            image = pictures.photo_of_mode(mode, *SIZE)
            name = f"{mode.replace(';', '-')}.{suffix}"
            found[name] = pictures.saved(image, image_format, **options)
    for orientation in range(1, 9):
        stored = pictures.stored_for(photo, orientation)
        exif = pictures.exif(orientation)
        found[f"turned{orientation}.jpg"] = pictures.saved(stored, "JPEG", quality=95, exif=exif)
    linear = profile(Coding(REC_709, LINEAR))
    for name, icc in (
        ("p3", pictures.DISPLAY_P3),
        ("adobe", pictures.ADOBE_RGB),
        ("linear", linear),
    ):
        found[f"{name}.jpg"] = pictures.saved(photo, "JPEG", quality=95, icc_profile=icc)
        found[f"{name}.png"] = pictures.saved(photo, "PNG", icc_profile=icc)
        found[f"{name}.webp"] = pictures.saved(photo, "WEBP", lossless=True, icc_profile=icc)
    plain = pictures.saved(photo, "PNG")
    for name, (chunks, _) in OF_PNG.items():
        label = "".join(part if part.isalnum() else "-" for part in name)
        inserted = b"".join(chunk(*part) for part in chunks)
        found[f"says-{label}.png"] = plain[:33] + inserted + plain[33:]
    for name, code in (("p3", (12, 13)), ("bt2020", (9, 14)), ("pq", (9, 16)), ("hlg", (9, 18))):
        data = pictures.saved(photo, "AVIF", quality=95)
        at = data.index(b"nclx") + 4
        found[f"nclx-{name}.avif"] = data[:at] + struct.pack(">HH", *code) + data[at + 4 :]
    return found
