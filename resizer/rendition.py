"""What is made from one original."""

from dataclasses import dataclass

from contract.photo_facts import Camera


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One file. Its width is the requested one, or less for a small or very tall original."""

    width: int
    height: int
    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """Everything made from one original. Width and height are the original's, upright."""

    content_type: str
    width: int
    height: int
    thumbnails: dict[int, Thumbnail]  # by requested width
    placeholder: str
    color: str
    taken_at: str | None = None
    camera: Camera | None = None
    partial: bool = False  # the original lacks its end, or details; what is there is shown
