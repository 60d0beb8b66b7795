"""Compare the cost of a page deep in one user's 100,000 images with that of the first page.

`python -m benchmarks.api.deep`: reads and CPU are the API's own. The emulator's query time is
reported separately: it grows with the partition, and DynamoDB's does not.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from api.aws.dynamodb.repository import Repository
from api.aws.view_urls import ViewUrls
from api.http import views
from api.http.cursor import cursor_key, decode_cursor, encode_cursor
from benchmarks.api.stub import USER_ID, record
from local import infrastructure
from local.emulator import Emulator
from tools.ports import free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IMAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
LIMIT = 50
ROUNDS = 5
KEY = cursor_key("bench")


class Counted:
    """A table that counts its queries, the records they read and the seconds they took."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.repository = Repository(client, table)
        self.queries = self.scanned = 0
        self.waited = 0.0
        client.meta.events.register("before-send.dynamodb.Query", self._sent)
        client.meta.events.register("after-call.dynamodb.Query", self._received)

    def _sent(self, **_: object) -> None:
        self.queries += 1
        self._started = time.perf_counter()

    def _received(self, parsed: Any, **_: object) -> None:
        self.waited += time.perf_counter() - self._started
        self.scanned += parsed["ScannedCount"]

    def page(self, cursor: str | None) -> tuple[str, float]:
        """The cursor for the next page, and the CPU seconds that this page cost."""
        self.queries, self.scanned, self.waited = 0, 0, 0.0
        started = time.process_time()
        before = decode_cursor(KEY, USER_ID, cursor) if cursor else None
        found = self.repository.page(USER_ID, None, before, LIMIT, 0)
        signed = ViewUrls(lambda key, overrides=None: key, 0)
        response = [views.image(each, signed).to_json() for each in found.records]
        after = encode_cursor(KEY, USER_ID, found.last or "")
        assert len(response) == LIMIT
        return after, time.process_time() - started


def fill(client: "DynamoDBClient", table: str) -> None:
    for start in range(0, IMAGES, 25):
        requests: Any = [
            {"PutRequest": {"Item": record(number).to_item()}}
            for number in range(start, start + 25)
        ]
        client.batch_write_item(RequestItems={table: requests})


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(free_port(), Path(folder), {}) as emulator,
    ):
        stack = infrastructure.deploy(emulator.root, emulator.url, {})
        client = emulator.root.session().client(
            "dynamodb", endpoint_url=emulator.url, config=Config(read_timeout=300)
        )
        fill(client, stack.table)
        print(f"{IMAGES:,} images of one user", flush=True)
        counted = Counted(client, stack.table)
        image_id = record(IMAGES // 10).image_id
        for name, cursor in (
            ("first page", None),
            (
                f"page after {IMAGES - IMAGES // 10:,} images",
                encode_cursor(KEY, USER_ID, image_id),
            ),
        ):
            counted.page(cursor)  # warms up
            cpu = [counted.page(cursor)[1] for _ in range(ROUNDS)]
            print(
                f"{name}: {counted.queries} query, {counted.scanned} records read, "
                f"{statistics.median(cpu) * 1000:.2f} ms CPU "
                f"(the emulator took {counted.waited * 1000:.0f} ms)",
                flush=True,
            )


if __name__ == "__main__":
    main()
