"""Entry points of the image: `handler` for S3 events, `give_up` for those out of retries.

The environment is read and the clients are made here, once per process.
"""

from resizer import collector  # first: see its docstring

# isort: split
import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

from contract.logs import log_json
from contract.record import Status
from contract.settings import drop_blank
from contract.transitions import Change
from resizer.events import ObjectReference, created_originals, failed_invocations
from resizer.repository import RefusedError, Repository, dynamodb_client
from resizer.resize import ClaimHeldError, Resizer
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
aws = settings.region, settings.endpoint_url
repository = Repository(dynamodb_client(*aws), settings.table)
resizer = Resizer(Storage(s3_client(*aws), settings.bucket), repository, settings, now_ms)
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


def give_up(event: Mapping[str, Any], context: Context) -> dict[str, list[dict[str, str]]]:
    """Mark the images of on-failure messages `failed` / `gave_up` and keep their events.

    Returns the messages to deliver again ("Reporting batch item failures", Lambda Developer
    Guide): the queue's redrive policy ends those that can never be handled.
    """
    failures = []
    for message_id, s3_event in failed_invocations(event):
        try:
            _give_up_message(s3_event, context.aws_request_id)
        except Exception:
            log.exception("could not mark as gave_up", extra={"messageId": message_id})
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}


def _give_up_message(s3_event: Mapping[str, Any], owner: str) -> None:
    references = created_originals(s3_event, settings.bucket)
    if not references:
        raise ValueError("the message names no original")
    for ref in references:
        try:
            repository.give_up(ref, Change(ref.sequencer, owner, now_ms()), json.dumps(s3_event))
        except RefusedError as refusal:
            held = refusal.record
            if held and held.status is Status.PROCESSING and held.sequencer == ref.sequencer:
                raise ClaimHeldError(f"{ref.key.user_id}/{ref.key.created_at_ms}") from refusal
            continue  # done, deleted or replaced in the meantime
        _log_outcome(ref, "gave_up", 0)


def _log_outcome(ref: ObjectReference, outcome: str, duration_ms: int) -> None:
    # The key holds the user's file name and stays out of the logs; the time identifies the image.
    fields = {
        "outcome": outcome,
        "userId": ref.key.user_id,
        "createdAt": ref.key.created_at_ms,
        "sequencer": ref.sequencer,
        "bytes": ref.size,
        "durationMs": duration_ms,
    }
    level = logging.ERROR if outcome in {"error", "gave_up"} else logging.INFO
    log.log(level, "image", extra=fields)
