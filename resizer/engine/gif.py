"""The first frame of a GIF as browsers show it: what it does not cover is transparent."""

from PIL import Image
from PIL.GifImagePlugin import GifImageFile


class GifFile(GifImageFile):
    """Pillow fills the rest of the canvas with color 0 if the frame has no transparent color."""

    def load_end(self) -> None:
        super().load_end()
        covered = self.dispose_extent
        if covered in {None, (0, 0, *self.size)} or self._frame_transparency is not None:
            return
        frame = self._crop(self.im, covered)
        counts = frame.histogram()
        if 0 in counts:
            unused = counts.index(0)
            self.im.paste(unused, (0, 0, *self.size))
            self.info["transparency"] = unused
        else:
            if self.palette is not None:
                frame.putpalette("RGB", *self.palette.getdata())
            frame = frame.convert("RGBA", Image.Dither.NONE)
            self.im = Image.new("RGBA", self.size).im
            self._mode, self.palette = "RGBA", None
        self.im.paste(frame, covered)
