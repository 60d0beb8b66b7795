"""Conversion to sRGB, which browsers assume for a picture without a profile."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
MODES_OF_SPACE = {"RGB ": ("L", "RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}
CACHED_TRANSFORMS = 16


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """RGB, RGBA or L in sRGB. A broken profile, or one of another color space, is ignored."""
    transform = _transform(icc, image.mode) if icc else None
    if transform is None:
        return image.convert("RGB") if image.mode == "CMYK" else image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    image = image.convert(transform.input_mode) if alpha or image.mode == "L" else image
    image = transform.apply(image)
    if alpha is not None:
        image.putalpha(alpha)
    return image


@lru_cache(maxsize=CACHED_TRANSFORMS)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None if there is nothing to convert. Cached: a phone puts the same profile in every photo."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        space = profile.profile.xcolor_space
        if mode not in MODES_OF_SPACE.get(space, ()) or _is_srgb(profile):
            return None
        input_mode = {"GRAY": "L", "CMYK": "CMYK"}.get(space, "RGB")
        return ImageCms.buildTransform(profile, SRGB, input_mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return "srgb" in (profile.profile.profile_description or "").lower()
