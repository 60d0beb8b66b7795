"""The entry point of GiveUp: `handler` marks images whose events are out of retries.

It decodes nothing, so it has no sandbox and does not import Pillow.
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
from resizer.repository import NameTakenError, RefusedError, Repository, dynamodb_client
from resizer.settings import Settings

log = logging.getLogger(__name__)


class Context(Protocol):
    """The part of Lambda's context in use."""

    aws_request_id: str


class StillClaimedError(Exception):
    """A worker still holds the image: the queue delivers the message again."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


log_json(quiet=["botocore"])
drop_blank(os.environ)
settings = Settings.from_environment(os.environ)
repository = Repository(dynamodb_client(settings.region, settings.endpoint_url), settings.table)
collector.resume()


def handler(event: Mapping[str, Any], context: Context) -> dict[str, list[dict[str, str]]]:
    """Mark the images of on-failure messages `failed` / `gave_up` and keep their events.

    Returns the messages to deliver again ("Reporting batch item failures", Lambda Developer
    Guide): the queue's redrive policy ends those that can never be handled.
    """
    failures = []
    for message_id, s3_event in failed_invocations(event):
        references = created_originals(s3_event, settings.bucket)
        if not references:
            log.error("the message names no original", extra={"messageId": message_id})
        marked = [_mark(ref, s3_event, context.aws_request_id) for ref in references]
        if not all(marked) or not marked:
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}


def _mark(ref: ObjectReference, s3_event: Mapping[str, Any], owner: str) -> bool:
    """Mark one image; returns False if the message has to come again for it."""
    image = {
        **ref.key.log_fields,
        "sequencer": ref.sequencer,
        "bytes": ref.size,
    }
    try:
        if _give_up(ref, s3_event, owner):
            log.error("image", extra={"outcome": "gave_up", **image})
    except Exception:  # none of the others may wait for this one
        log.exception("could not mark as gave_up", extra=image)
        return False
    return True


def _give_up(ref: ObjectReference, s3_event: Mapping[str, Any], owner: str) -> bool:
    """Returns False if the image was finished, deleted or replaced in the meantime."""
    try:
        ref = repository.locate(ref)
        repository.give_up(ref, Change(ref.sequencer, owner, now_ms()), json.dumps(s3_event))
    except RefusedError as refusal:
        held = refusal.record
        if held and held.status is Status.PROCESSING and held.sequencer == ref.sequencer:
            raise StillClaimedError(ref.key.log_name) from refusal
        return False
    except NameTakenError:
        return False  # its event was ignored too
    return True
