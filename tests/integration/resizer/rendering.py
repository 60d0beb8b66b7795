"""How tests call the engine, and the reference that its pixels are compared with."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from resizer.engine.body import Body
from resizer.engine.encode import Encoding
from resizer.rendition import Rendition, Thumbnail
from resizer.thumbnails import make_thumbnails

FINE = Encoding(jpeg_quality=97, webp_quality=97, avif_quality=97)  # the encoder adds little


def render(data: bytes, widths: Sequence[int] = (200, 400), **options: Any) -> Rendition:
    return make_thumbnails(Body(data), widths, **options)


def pixels(thumbnail: Thumbnail) -> Image.Image:
    image = Image.open(BytesIO(thumbnail.data))
    image.load()
    return image


def reference(data: bytes, width: int) -> Image.Image:
    """Full decode, upright, sRGB, Lanczos: nothing clever."""
    opened = Image.open(BytesIO(data))
    icc = opened.info.get("icc_profile")
    image: Image.Image = ImageOps.exif_transpose(opened)
    if image.mode == "I;16":
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])  # the high bytes
    if image.mode == "1":
        image = image.convert("L")
    if image.has_transparency_data or image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if icc:
        image = _by_profile(image, ImageCms.ImageCmsProfile(BytesIO(icc)))
    width = min(width, image.width)
    size = (width, max(1, round(image.height * width / image.width)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _by_profile(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    opaque = image.convert("RGB") if alpha else image
    converted = ImageCms.profileToProfile(
        opaque, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    if alpha:
        converted.putalpha(alpha)
    return converted


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference per band, in levels of 255; alpha counts, hidden color does not."""
    flat = [image.convert("RGBA").convert("RGBa") for image in (one, other)]
    parts = [Image.frombytes("RGBA", image.size, image.tobytes()) for image in flat]
    assert parts[0].size == parts[1].size
    return max(ImageStat.Stat(ImageChops.difference(*parts)).mean)
