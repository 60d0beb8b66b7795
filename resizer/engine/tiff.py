"""TIFF as its tags say it, or not at all: what nobody here reads right is `unsupported_format`.

Pillow rejects some layouts as damaged, and reads others wrong: planes of 16 bits, 12 and 16 bits of
gray, color maps of 8 bits, YCbCr without JPEG, big-endian BigTIFF. TIFF 6.0, Adobe's TIFF Technical
Notes and the BigTIFF design.
"""

from io import SEEK_END
from typing import TYPE_CHECKING, NamedTuple

from PIL import ImagePalette
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from contract.record import Reason
from resizer.engine.modes import SIXTEEN_BITS
from resizer.engine.orientation import turn_upright
from resizer.engine.tiff_tags import MAX_PREVIEWS
from resizer.failures import UnusableImage

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

# Tags
SUBFILE_TYPE, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, ORIENTATION = 254, 258, 259, 262, 273, 274
SAMPLES, PLANES, COLOR_MAP, TILE_WIDTH, EXTRA_SAMPLES = 277, 284, 320, 322, 338
SAMPLE_FORMAT, SUBSAMPLING = 339, 530
DATA = ((STRIPS, 279), (324, 325))  # strips and tiles: where they begin, and their lengths
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NO_COMPRESSION, OLD_JPEG, JPEG, DEFLATE = 1, 6, 7, 8
MAX_JPEG_BITS = 12  # that libtiff decodes
# CCITT, LZW, JPEG (old and new), Deflate (two numbers), PackBits, LZMA, Zstandard
COMPRESSIONS = frozenset({NO_COMPRESSION, 2, 3, 4, 5, 6, 7, DEFLATE, 32773, 32946, 34925, 50000})
OPAQUE, PREMULTIPLIED = 0, 1  # extra samples that are no alpha, and alpha that colors contain
MAX_SAMPLES = 8
# libtiff returns samples in the machine's byte order, whatever the file's.
NATIVE = {"F;32BF": "F;32F", "I;32B": "I;32N", "I;32BS": "I;32NS"}
BIG_ENDIAN_BIGTIFF = b"MM\0+"


class Layout(NamedTuple):
    """What the tags say of a pixel. `bits` of each sample; `kind` is one of all samples, or 0."""

    photometric: int
    bits: tuple[int, ...]
    kind: int
    extra: tuple[int, ...]
    in_planes: bool
    compression: int
    subsampling: tuple[int, ...]
    tiles_as_strips: bool  # tiles whose offsets are in the tag of strips

    def needs_libtiff(self) -> bool:
        """Where Pillow's own reader finds the wrong samples."""
        return self.in_planes or self.photometric == YCBCR or self.tiles_as_strips

    def is_read(self) -> bool:
        if self.compression not in COMPRESSIONS:
            return False
        if self.in_planes and not (
            self.bits in {(8,) * len(self.bits), (16,) * len(self.bits)}
            and self.photometric in {RGB, CMYK, YCBCR}
            and PREMULTIPLIED not in self.extra
            and (self.photometric != YCBCR or self.subsampling == (1, 1))
        ):
            return False
        if self.compression == JPEG and max(self.bits) > MAX_JPEG_BITS:
            return False
        match self.photometric, self.kind:
            case 3, 1:
                return max(self.bits) <= 8
            case ((0 | 1 | 2 | 5 | 6), 1):
                return self.bits != (32,)
            case 1, 2:
                return self.bits == (32,)
            case 1, 3:
                return self.bits == (32,)
        return False


class TiffFile(TiffImageFile):
    _layout: Layout | None = None

    def _open(self) -> None:
        assert self.fp is not None
        head = self.fp.read(16)
        self.fp.seek(0)
        if head[:4] == BIG_ENDIAN_BIGTIFF:
            self._open_big_endian(head)
        else:
            super()._open()
        if self._is_reduced():
            self._leave_previews()

    def _is_reduced(self) -> bool:
        return bool(self.tag_v2.get(SUBFILE_TYPE, 0) & 1)

    def _leave_previews(self) -> None:
        """Go to the first page that is no smaller copy of another one; stay if there is none."""
        for page in range(1, MAX_PREVIEWS + 1):
            try:
                self.seek(page)
            except EOFError:
                break
            if not self._is_reduced():
                return
        self.seek(0)

    def _open_big_endian(self, head: bytes) -> None:
        assert self.fp is not None
        # Pillow looks for the version in the wrong byte. This is the rest of its `_open`.
        directory = ImageFileDirectory_v2(head[:8])
        directory._bigtiff = True
        directory.next = int.from_bytes(head[8:16], "big")
        self.fp.seek(0, 2)
        self._tag_data_remaining, self._tag_data_limits = self.fp.tell(), []
        self.tag_v2, self._fp, self._frame_pos = directory, self.fp, []
        self._TiffImageFile__first = self._TiffImageFile__next = directory.next
        self._TiffImageFile__frame = -1
        self._seek(0)

    def _setup(self) -> None:
        layout = self._layout = self._read_layout()
        if not layout.is_read():
            raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"TIFF: {layout}")
        self._check_end()
        if layout.bits == (16,):  # Pillow knows black as zero only, in big-endian order
            self.tag_v2[PHOTOMETRIC] = BLACK_IS_ZERO
        if layout.compression == NO_COMPRESSION and layout.needs_libtiff():
            self.tag_v2[COMPRESSION] = DEFLATE  # libtiff then goes by the file's own tags
        try:
            super()._setup()
        except (KeyError, SyntaxError) as exc:
            raise UnusableImage(Reason.UNSUPPORTED_FORMAT, f"TIFF: {layout}") from exc
        tile = self.tile[0]
        if tile.codec_name == "libtiff":
            assert isinstance(tile.args, tuple)
            raw_mode, *rest = tile.args
            self.tile = [tile._replace(args=(NATIVE.get(raw_mode, raw_mode), *rest))]
        if self.palette is not None:
            colors = self.tag_v2[COLOR_MAP]
            if max(colors, default=0) < 256:
                self.palette = ImagePalette.raw("RGB;L", bytes(colors))

    def _check_end(self) -> None:
        """What is not there is damage, whatever the decoder would say of it."""
        assert self.fp is not None
        tags, end = self.tag_v2, self.fp.seek(0, SEEK_END)
        compressed = tags.get(COMPRESSION) not in {NO_COMPRESSION, OLD_JPEG}
        for starts, lengths in DATA:
            for start, length in zip(tags.get(starts, ()), tags.get(lengths, ()), strict=False):
                if start >= end or (compressed and start + length > end):
                    raise OSError("image file is truncated")

    def _read_layout(self) -> Layout:
        """Raises TypeError or AttributeError if a tag has another type."""
        tags = self.tag_v2
        bits = tags.get(BITS, (1,))
        samples = tags.get(SAMPLES, len(bits))
        kinds = tags.get(SAMPLE_FORMAT, (UNSIGNED,))
        return Layout(
            photometric=tags.get(PHOTOMETRIC, WHITE_IS_ZERO),
            bits=bits * samples if len(bits) == 1 and 1 < samples <= MAX_SAMPLES else bits,
            kind=kinds[0] if len(set(kinds)) == 1 else 0,
            extra=tags.get(EXTRA_SAMPLES, ()),
            in_planes=tags.get(PLANES, 1) == 2 and samples > 1,
            compression=tags.get(COMPRESSION, NO_COMPRESSION),
            subsampling=tags.get(SUBSAMPLING, (2, 2)),
            tiles_as_strips=TILE_WIDTH in tags and STRIPS in tags,
        )

    def load(self) -> "PixelAccess | None":
        try:
            return super().load()
        except OSError as exc:
            if self._layout and self._layout.compression == OLD_JPEG:  # TIFF 6.0, section 22
                raise UnusableImage(Reason.UNSUPPORTED_FORMAT, "old-style JPEG") from exc
            raise

    def load_end(self) -> None:
        layout = self._layout
        if layout and self.mode in SIXTEEN_BITS:
            self._scale_gray(16 - layout.bits[0], layout.photometric == WHITE_IS_ZERO)
        # Pillow's own would read the whole Exif block for the orientation, and fail with it.
        image = turn_upright(self._new(self.im), self.tag_v2.pop(ORIENTATION, 1))
        self.im, self._size = image.im, image.size

    def _scale_gray(self, shift: int, inverted: bool) -> None:
        """Fewer bits to the scale of 16, and white as zero to black as zero."""
        if not shift and not inverted:
            return
        scale, zero = (-(1 << shift), 65535) if inverted else (1 << shift, 0)
        image = self._new(self.im).convert("I").point(lambda value: value * scale + zero)
        self.im, self._mode = image.convert("I;16").im, "I;16"
