"""Color stays where it is in pictures that halved color resolution (4:2:0) would smear."""

from collections.abc import Callable
from random import Random

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, JpegImagePlugin

from resizer.engine.edges import has_hard_color_edges
from resizer.engine.encode import Encoding
from tests.integration.resizer.rendering import pixels, render
from tools import pictures

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 160, 0)


def pixel_art(mode: str = "RGB", scale: int = 1) -> Image.Image:
    image = Image.new(mode, (16, 16), "blue")
    for x in range(16):
        for y in range(x % 2, 16, 2):
            image.putpixel((x, y), RED)
    return image.resize((16 * scale, 16 * scale), Image.Resampling.NEAREST)


def red_text(mode: str = "RGB") -> Image.Image:
    image = Image.new(mode, (400, 300), "white")
    font = ImageFont.load_default(16)
    ImageDraw.Draw(image).text((20, 140), "An error", fill="red", font=font)
    ImageDraw.Draw(image).text((20, 40), "Some gray text", fill="gray", font=font)
    return image


def chart() -> Image.Image:
    image = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(image)
    for bar in range(12):
        color = (RED, BLUE, GREEN)[bar % 3]
        draw.rectangle((40 + bar * 60, 500 - bar * 37, 90 + bar * 60, 590), fill=color)
    return image


def screenshot_of_code() -> Image.Image:
    image = Image.new("RGB", (1440, 900), "#1e1e1e")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(15)
    for line in range(44):
        for word, color in enumerate(["#f92672", "#66d9ef", "#a6e22e", "#e6db74"] * 3):
            draw.text((20 + 110 * word, 10 + 20 * line), f"word_{word}", fill=color, font=font)
    return image


def photo_with_caption() -> Image.Image:
    image = pictures.photo(800, 600).filter(ImageFilter.GaussianBlur(2))
    font = ImageFont.load_default(60)
    ImageDraw.Draw(image).text((100, 100), "SALE 50 %", fill="red", font=font)
    return image


@pytest.mark.parametrize(
    "image",
    [pixel_art(), pixel_art(scale=25), pixel_art(scale=7), red_text(), chart()],
    ids=["pixel art", "scaled up", "scaled up oddly", "one red word", "chart"],
)
def test_a_picture_of_few_colors_with_hard_edges_becomes_lossless_webp(image: Image.Image) -> None:
    thumbnail = render(pictures.saved(image, "PNG")).thumbnails[400]
    assert thumbnail.content_type == "image/webp"
    if image.width <= 400:
        assert pixels(thumbnail).convert("RGB").tobytes() == image.tobytes()


def test_transparent_pixel_art_is_lossless_too() -> None:
    image = pixel_art("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 0))
    thumbnail = render(pictures.saved(image, "PNG")).thumbnails[400]
    assert pixels(thumbnail).getpixel((8, 8)) == (*RED, 255)


@pytest.mark.parametrize("make", [photo_with_caption, screenshot_of_code])
def test_edges_among_many_colors_keep_the_full_resolution_of_color(
    make: Callable[[], Image.Image],
) -> None:
    thumbnail = render(pictures.saved(make(), "PNG")).thumbnails[400]
    assert thumbnail.content_type == "image/jpeg"
    assert JpegImagePlugin.get_sampling(pixels(thumbnail)) == 0  # 4:4:4


@pytest.mark.parametrize("image_format", ["jpeg", "avif"])
def test_a_format_that_was_asked_for_is_kept_without_smearing(image_format: str) -> None:
    encoding = Encoding(format=image_format)  # type: ignore[arg-type]
    thumbnail = render(pictures.saved(pixel_art(), "PNG"), encoding=encoding).thumbnails[400]
    assert thumbnail.content_type == f"image/{image_format}"
    red, green, blue = pixels(thumbnail).convert("RGB").getpixel((8, 8))  # type: ignore[misc]
    assert red > 215
    assert max(green, blue) < 40


@pytest.mark.parametrize(
    "make",
    [
        lambda: pictures.photo(800, 600).filter(ImageFilter.GaussianBlur(2)),
        lambda: pictures.noise(400, 300).filter(ImageFilter.GaussianBlur(0.8)),
        lambda: Image.new("RGB", (400, 300), RED),
        lambda: Image.linear_gradient("L").convert("RGB"),
        lambda: red_text("L").convert("RGB"),
    ],
    ids=["photo", "colorful foliage", "one color", "gradient", "gray text"],
)
def test_pictures_without_hard_edges_of_color_stay_as_they_were(
    make: Callable[[], Image.Image],
) -> None:
    thumbnail = render(pictures.saved(make(), "PNG")).thumbnails[400]
    assert thumbnail.content_type == "image/jpeg"
    assert JpegImagePlugin.get_sampling(pixels(thumbnail)) in {-1, 2}  # gray, or 4:2:0


def test_a_color_under_transparent_pixels_is_no_edge() -> None:
    image = Image.new("RGBA", (100, 100), (*BLUE, 0))
    image.paste((*RED, 255), (20, 20, 80, 80))
    assert not has_hard_color_edges(image)
    image.putalpha(255)
    assert has_hard_color_edges(image)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_line_of_pixels_can_be_judged(mode: str, size: tuple[int, int]) -> None:
    assert not has_hard_color_edges(Image.new(mode, size, "white"))


def test_noise_that_the_encoder_cannot_optimize_is_written_all_the_same() -> None:
    noise = Image.frombytes("RGB", (400, 300), Random(1).randbytes(400 * 300 * 3))
    assert has_hard_color_edges(noise)
    assert pixels(render(pictures.saved(noise, "PNG")).thumbnails[400]).size == (400, 300)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_small_picture_with_hard_edges_is_lossless_whatever_its_colors(mode: str) -> None:
    noise = Image.frombytes("RGB", (100, 90), Random(1).randbytes(100 * 90 * 3)).convert(mode)
    if mode == "RGBA":
        noise.putalpha(Image.linear_gradient("L").resize(noise.size).point(lambda level: level | 1))
    thumbnail = render(pictures.saved(noise, "PNG")).thumbnails[400]
    assert thumbnail.content_type == "image/webp"
    assert pixels(thumbnail).tobytes() == noise.tobytes()
