"""A DynamoDB stub that responds to each operation at once, with bytes prepared beforehand.

With it, only the API is measured. `python -m benchmarks.api.stub PORT`
"""

import asyncio
import json
import sys

from contract.record import ImageRecord, Status, ThumbnailFacts

USER_ID = "user_2abcdefghijklmnop"
PLACEHOLDER = "data:image/webp;base64," + "UklGRlIAAABXRUJQVlA4IEYAAADQAQCdASoQAAsA" * 3


def record(number: int) -> ImageRecord:
    """A finished image as the resizer leaves it."""
    created_at_ms = 1763853422123 + number
    image_id = f"{created_at_ms}-9f86d081-holiday-photo-{number}.jpg"
    return ImageRecord(
        user_id=USER_ID,
        image_id=image_id,
        status=Status.DONE,
        created_at_ms=created_at_ms,
        filename=f"Holiday photo {number}.jpg",
        content_type="image/jpeg",
        size=3_456_789,
        width=4032,
        height=3024,
        thumbnails={
            width: ThumbnailFacts(
                f"thumbnails/{width}/{image_id}", width, width * 3 // 4, 9876, "image/webp"
            )
            for width in (200, 400)
        },
        placeholder=PLACEHOLDER,
        color="#8a7f6d",
        sequencer="0055AED6DCD90281E50000000000000A",
        e_tag="9b2cf535f27731c974343645a3985328",
    )


def canned(body: object) -> bytes:
    content = json.dumps(body).encode()
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: 0\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


PAGE = [record(number).to_item() for number in range(50, 0, -1)]
RESPONSES = {
    b"Query": canned({"Items": PAGE, "Count": 50, "ScannedCount": 50}),
    b"PutItem": canned({}),
    b"UpdateItem": canned({}),
}


class Stub(asyncio.Protocol):
    """One connection, on which requests arrive one at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found or len(body) < header(head, b"content-length: "):
            return
        self._data = b""
        _, _, after = head.partition(b"DynamoDB_20120810.")
        self._transport.write(RESPONSES[after.split(b"\r", 1)[0]])


def header(head: bytes, name: bytes) -> int:
    start = head.lower().index(name) + len(name)
    return int(head[start:].split(b"\r", 1)[0])


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stub, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
