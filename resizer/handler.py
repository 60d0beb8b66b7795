"""The entry point of ResizeImage: `handler` makes the thumbnails of uploaded originals.

The environment is read, the fork server started and the clients are made here, once per process.
"""

from resizer import collector  # first: see its docstring

# isort: split
import logging
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

from contract.logs import log_json
from contract.settings import drop_blank
from resizer.events import ObjectReference, created_originals
from resizer.repository import Repository, dynamodb_client
from resizer.resize import Resizer
from resizer.sandbox import Sandbox
from resizer.settings import Settings
from resizer.storage import Storage, s3_client

log = logging.getLogger(__name__)


class Context(Protocol):
    """The part of Lambda's context in use: the request id, which retries of one event share."""

    aws_request_id: str


def now_ms() -> int:
    return time.time_ns() // 1_000_000


log_json(quiet=["botocore"])
drop_blank(os.environ)
settings = Settings.from_environment(os.environ)
sandbox = Sandbox(settings, places=1)  # before the clients
aws = settings.region, settings.endpoint_url
resizer = Resizer(
    Storage(s3_client(*aws), settings.bucket),
    Repository(dynamodb_client(*aws), settings.table),
    settings,
    now_ms,
    sandbox,
)
collector.resume()


def handler(event: Mapping[str, Any], context: Context) -> dict[str, int]:
    """Resize each original that an S3 event names.

    A transient failure does not keep the others from being tried. It is raised at the end, so that
    Lambda sends the whole event again; images that are done by then are ignored.
    """
    outcomes: dict[str, int] = {}
    errors: list[Exception] = []
    for ref in created_originals(event, settings.bucket):
        started = now_ms()
        try:
            outcome = str(resizer.resize(ref, context.aws_request_id))
        except Exception as exc:
            outcome = "error"
            errors.append(exc)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        _log_outcome(ref, outcome, now_ms() - started)
    if errors:
        raise errors[0] if len(errors) == 1 else ExceptionGroup("several originals failed", errors)
    return outcomes


def _log_outcome(ref: ObjectReference, outcome: str, duration_ms: int) -> None:
    # The key holds the user's file name and stays out of the logs.
    fields = {
        "outcome": outcome,
        **ref.key.log_fields,
        "sequencer": ref.sequencer,
        "bytes": ref.size,
        "durationMs": duration_ms,
    }
    level = logging.ERROR if outcome in {"error", "engine_error"} else logging.INFO
    log.log(level, "image", extra=fields)
