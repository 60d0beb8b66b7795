"""What Chromium shows of a picture at its full size, on white."""

import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--disable-sync", "--disable-background-networking", "--disable-component-update"),
    *("--force-color-profile=srgb", "--force-device-scale-factor=1"),
)
SMALLEST_WINDOW = 600  # pixels; of less, a part stays white
# Drawn into a canvas: a GIF in the page itself may be shown too late, or a later frame of it.
PAGE = """<meta charset=utf-8><style>body{{margin:0}}canvas{{display:block}}</style>
<canvas></canvas>
<script>
const image = new Image(), canvas = document.querySelector("canvas")
image.onload = () => {{
  canvas.width = image.naturalWidth
  canvas.height = image.naturalHeight
  canvas.getContext("2d").drawImage(image, 0, 0)
}}
image.src = "{source}"
</script>"""


def screenshot(file: Path, size: tuple[int, int], folder: Path) -> Path:
    """A PNG, in whose top left corner the picture is; `size` is that of the upright picture."""
    assert CHROMIUM, "this needs Chromium"
    page, png = folder / f"{file.name}.html", folder / f"{file.name}.png"
    page.write_text(PAGE.format(source=file.resolve().as_uri()))
    width, height = (max(side, SMALLEST_WINDOW) for side in size)
    command = [
        *(CHROMIUM, *FLAGS, f"--user-data-dir={folder / file.name}.profile"),
        *(f"--window-size={width},{height}", f"--screenshot={png}", page.resolve().as_uri()),
    ]
    subprocess.run(command, capture_output=True, timeout=180, check=True)
    return png
