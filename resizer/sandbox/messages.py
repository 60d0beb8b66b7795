"""What a worker and the process that it works for say to each other over their socket.

The body is not among it: it lies in a map that both share. JSON and lengths instead of pickle: a
worker that a picture has taken over must not be able to run code elsewhere.
"""

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any, Self

from contract.photo_facts import Camera, taken_at
from contract.record import Reason
from resizer.rendition import Rendition, Thumbnail

MAX_HEADER_BYTES = 1024 * 1024
MAX_THUMBNAIL_BYTES = 256 * 1024 * 1024  # of all widths together

_REQUEST = struct.Struct("!cQ")  # what it is, and a number
_JOB, _ARRIVED = b"j", b"a"
_REPLY = struct.Struct("!II")  # bytes of the header, bytes of the thumbnails


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One original to make thumbnails of. Sizes in bytes, widths in pixels."""

    place: int  # number of the map that the body is in
    size: int
    widths: Sequence[int]
    max_pixels: int
    min_decoded_share: float  # of the rows of a cut original
    memory_bytes: int  # of the function


@dataclass(frozen=True, slots=True)
class Made:
    rendition: Rendition


@dataclass(frozen=True, slots=True)
class Unusable:
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine raised an exception of type `cause`."""

    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """The worker reached its limit."""


Result = Made | Unusable | Failed | OutOfMemory


@dataclass(frozen=True, slots=True)
class Reply:
    """`retiring`: the worker ends now. `plugin`: the module that it had to import for this one."""

    result: Result
    retiring: bool = False
    plugin: str = ""

    def to_bytes(self) -> bytes:
        header: dict[str, Any] = {"retiring": self.retiring, "plugin": self.plugin}
        files = []
        match self.result:
            case Made(rendition):
                header["made"] = {
                    "content_type": rendition.content_type,
                    "width": rendition.width,
                    "height": rendition.height,
                    "placeholder": rendition.placeholder,
                    "color": rendition.color,
                    "taken_at": rendition.taken_at,
                    "camera": rendition.camera and astuple(rendition.camera),
                    "partial": rendition.partial,
                    "thumbnails": [
                        [width, made.width, made.height, len(made.data), made.content_type]
                        for width, made in rendition.thumbnails.items()
                    ],
                }
                files = [made.data for made in rendition.thumbnails.values()]
            case Unusable(reason, detail):
                header["unusable"] = [reason, detail]
            case Failed(cause, detail):
                header["failed"] = [cause, detail]
            case OutOfMemory():
                header["out_of_memory"] = True
        text = json.dumps(header).encode()
        return b"".join([_REPLY.pack(len(text), sum(map(len, files))), text, *files])

    @classmethod
    def from_parts(cls, text: bytes, files: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError if it is not a reply."""
        header = json.loads(text)
        return cls(_result(header, files), bool(header["retiring"]), str(header["plugin"]))


def _result(header: dict[str, Any], files: bytes) -> Result:
    if "unusable" in header:
        reason, detail = header["unusable"]
        return Unusable(Reason(reason), str(detail))
    if "failed" in header:
        cause, detail = header["failed"]
        return Failed(str(cause), str(detail))
    if "out_of_memory" in header:
        return OutOfMemory()
    made = header["made"]
    return Made(
        Rendition(
            content_type=str(made["content_type"]),
            width=int(made["width"]),
            height=int(made["height"]),
            thumbnails=_thumbnails(made["thumbnails"], files),
            placeholder=str(made["placeholder"]),
            color=str(made["color"]),
            taken_at=taken_at(_text(made["taken_at"])),
            camera=_camera(made["camera"]),
            partial=bool(made["partial"]),
        )
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _camera(names: list[Any] | None) -> Camera | None:
    if names is None:
        return None
    make, model = map(_text, names)
    return Camera.of(make, model)


def _thumbnails(rows: list[Any], files: bytes) -> dict[int, Thumbnail]:
    thumbnails = {}
    at = 0
    for requested, width, height, size, content_type in rows:
        data = files[at : at + int(size)]
        thumbnails[int(requested)] = Thumbnail(int(width), int(height), data, str(content_type))
        at += int(size)
    return thumbnails


def send_job(connection: socket.socket, job: Job) -> None:
    text = json.dumps(asdict(job)).encode()
    connection.sendall(_REQUEST.pack(_JOB, len(text)) + text)


def send_arrived(connection: socket.socket, end: int) -> None:
    """Say that the first `end` bytes of the body are in the map."""
    connection.sendall(_REQUEST.pack(_ARRIVED, end))


def receive_job(connection: socket.socket) -> Job | None:
    """The next job; None once the other side is gone."""
    while request := _receive(connection, _REQUEST.size):
        kind, number = _REQUEST.unpack(request)
        if kind == _JOB:  # otherwise about the previous body, which was not needed to its end
            text = _receive(connection, number)
            return Job(**json.loads(text)) if text else None
    return None


def receive_arrived(connection: socket.socket) -> int | None:
    """How much of the body has arrived, in bytes; None once the other side is gone."""
    request = _receive(connection, _REQUEST.size)
    return _REQUEST.unpack(request)[1] if request else None


def receive_reply(connection: socket.socket) -> Reply | None:
    """The reply; None if the worker ended without a whole and valid one.

    Raises TimeoutError after the socket's timeout.
    """
    lengths = _receive(connection, _REPLY.size)
    if lengths is None:
        return None
    header_bytes, file_bytes = _REPLY.unpack(lengths)
    if header_bytes > MAX_HEADER_BYTES or file_bytes > MAX_THUMBNAIL_BYTES:
        return None
    text, files = _receive(connection, header_bytes), _receive(connection, file_bytes)
    if text is None or files is None:
        return None
    try:
        return Reply.from_parts(text, files)
    except (ValueError, KeyError, TypeError):
        return None


def _receive(connection: socket.socket, size: int) -> bytes | None:
    """Exactly `size` bytes; None if the other side is gone before."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        try:
            count = connection.recv_into(view)
        except ConnectionError:
            return None
        if not count:
            return None
        view = view[count:]
    return bytes(data)
