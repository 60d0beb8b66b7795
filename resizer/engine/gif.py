"""The first frame of a GIF as browsers show it: what it does not cover is transparent."""

from PIL import Image
from PIL.GifImagePlugin import GifImageFile

CONTROL_BYTES = 4  # of a graphic control extension (GIF89a, section 23)


class GifFile(GifImageFile):
    """Pillow fills the rest of the canvas with color 0 if the frame has no transparent color."""

    _after_extension = -1  # where the last extension ended

    def data(self) -> bytes | None:
        """The next block of an extension; None at its end, however often that is asked.

        Pillow reads on after an empty extension, and fails at a control block that is too short.
        """
        assert self.fp is not None
        if self.fp.tell() == self._after_extension:
            return None
        block = super().data()
        if block is None:
            self._after_extension = self.fp.tell()
        elif len(block) < CONTROL_BYTES:
            return bytes(CONTROL_BYTES)
        return block

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
