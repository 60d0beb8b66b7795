"""The entry points, wired from the environment as in Lambda, under their own identities."""

import importlib
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import boto3
import pytest

from contract.keys import OriginalKey
from contract.logs import log_json
from contract.record import ImageRecord, Reason, Status
from contract.transitions import Change, Transition
from local.emulator import REGION, Emulator
from resizer.events import ObjectReference
from resizer.resize import ClaimHeldError
from resizer.settings import Settings
from tests.integration.resizer.conftest import Image

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def bare_logging() -> Iterator[None]:
    """The entry module sets up the root logger; pytest's own handlers come back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def entry_module(
    name: str, patch: pytest.MonkeyPatch, session: boto3.Session, settings: Settings
) -> ModuleType:
    """The entry module, imported afresh under the identity of `session`."""
    credentials = session.get_credentials()
    assert credentials is not None
    patch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    patch.setenv("AWS_SESSION_TOKEN", credentials.token or "")
    patch.setenv("BUCKET", settings.bucket)
    patch.setenv("DYNAMODB_TABLE", settings.table)
    patch.setattr(boto3, "DEFAULT_SESSION", None)
    sys.modules.pop(name, None)
    return importlib.import_module(name)


@pytest.fixture
def resize_image(
    monkeypatch: pytest.MonkeyPatch,
    bare_logging: None,
    resizer_session: boto3.Session,
    settings: Settings,
) -> ModuleType:
    return entry_module("resizer.handler", monkeypatch, resizer_session, settings)


@pytest.fixture
def give_up(
    monkeypatch: pytest.MonkeyPatch,
    bare_logging: None,
    give_up_session: boto3.Session,
    settings: Settings,
) -> ModuleType:
    return entry_module("resizer.give_up", monkeypatch, give_up_session, settings)


def test_endpoint_and_region_are_those_that_were_checked(
    monkeypatch: pytest.MonkeyPatch,
    bare_logging: None,
    resizer_session: boto3.Session,
    settings: Settings,
    emulator: Emulator,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f" {emulator.url} ")
    monkeypatch.setenv("AWS_DEFAULT_REGION", " ")
    module = entry_module("resizer.handler", monkeypatch, resizer_session, settings)
    for client in (module.resizer.repository.client, module.resizer.storage.client):
        assert (client.meta.endpoint_url, client.meta.region_name) == (emulator.url, REGION)


CONTEXT = SimpleNamespace(aws_request_id="invocation-1")


def event(bucket: str, *references: ObjectReference) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventName": "ObjectCreated:Post",
                "s3": {
                    "bucket": {"name": bucket},
                    "object": {
                        "key": quote_plus(str(ref.key), safe="/"),
                        "size": ref.size,
                        "eTag": ref.e_tag,
                        "sequencer": ref.sequencer,
                    },
                },
            }
            for ref in references
        ]
    }


def messages(*events: object) -> dict[str, Any]:
    bodies = (json.dumps({"version": "1.0", "requestPayload": event}) for event in events)
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def test_an_event_is_resized_and_logged_as_one_json_line(
    resize_image: ModuleType, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    log_json()  # on this test's standard output
    ref = image.upload()
    response = resize_image.handler(event(image.settings.bucket, ref), CONTEXT)
    assert response == {"done": 1}
    image.in_status(Status.DONE)
    [line] = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["level"], logged["outcome"], logged["userId"]) == (
        "INFO",
        "done",
        image.key.user_id,
    )
    assert "cat.jpg" not in line, "a user's file name must not be logged"


def test_a_transient_failure_does_not_block_the_other_images(
    resize_image: ModuleType, image: Image
) -> None:
    held, free = image.upload(), image.of("user_free")
    change = Change(held.sequencer, "invocation-0", resize_image.now_ms())
    resize_image.resizer.repository.claim(Transition.CLAIM, held, change, change.now_ms + 60_000)
    image.of("user_free").remove_original()
    gone = ObjectReference(free.key, 1, "0" * 32, held.sequencer)
    with pytest.raises(ClaimHeldError):
        resize_image.handler(event(image.settings.bucket, held, gone), CONTEXT)
    assert free.record() is None


def test_the_test_event_of_s3_is_not_an_error(resize_image: ModuleType) -> None:
    assert resize_image.handler({"Service": "Amazon S3", "Event": "s3:TestEvent"}, CONTEXT) == {}


def test_giving_up_marks_the_record_and_keeps_the_event(give_up: ModuleType, image: Image) -> None:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=1)
    failed = event(image.settings.bucket, image.upload())
    assert give_up.handler(messages(failed), CONTEXT) == {"batchItemFailures": []}
    record = image.in_status(Status.FAILED)
    assert (record.error, record.expires_at_s) == (Reason.GAVE_UP, None)
    assert json.loads(record.gave_up_event or "") == failed


def test_a_foreign_image_is_given_up_on_under_the_id_of_its_row(
    give_up: ModuleType, image: Image, dynamodb: "DynamoDBClient"
) -> None:
    named = replace(image, key=OriginalKey(image.key.user_id, f"secret {image.key.filename}"))
    uuid = replace(image, key=OriginalKey(image.key.user_id, "0c9d4b5e-8f0a"))
    row = ImageRecord(
        user_id=image.key.user_id,
        image_id=uuid.key.image_id,
        object_name=named.key.image_id,
        status=Status.PROCESSING,
    )
    dynamodb.put_item(TableName=image.settings.table, Item=row.to_item())
    failed = event(image.settings.bucket, named.upload())
    for _ in range(2):
        assert give_up.handler(messages(failed), CONTEXT) == {"batchItemFailures": []}
    assert uuid.in_status(Status.FAILED).error == Reason.GAVE_UP
    assert named.record() is None


def test_logs_identify_a_foreign_image_without_its_name(
    resize_image: ModuleType, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    log_json()
    named = replace(image, key=OriginalKey(image.key.user_id, f"secret {image.key.filename}"))
    resize_image.handler(event(image.settings.bucket, named.upload()), CONTEXT)
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["idHash"] == named.key.log_fields["idHash"]
    assert "secret" not in line


def test_forged_events_are_logged_and_ignored(
    resize_image: ModuleType, give_up: ModuleType
) -> None:
    for forged in ({"Records": None}, {"Records": [{"s3": None}, None, 5]}, {"Records": "x"}):
        assert resize_image.handler(forged, CONTEXT) == {}
        assert give_up.handler(forged, CONTEXT)["batchItemFailures"] == []


def test_giving_up_leaves_images_that_were_done_or_deleted_in_the_meantime(
    give_up: ModuleType, image: Image
) -> None:
    ref = image.upload()
    for status in (Status.DONE, Status.DELETED):
        image.put_record(status, sequencer=ref.sequencer)
        assert not give_up.handler(messages(event(image.settings.bucket, ref)), CONTEXT)[
            "batchItemFailures"
        ]
        image.in_status(status)


def test_an_image_that_a_worker_has_claimed_is_not_given_up_on_yet(
    give_up: ModuleType, image: Image
) -> None:
    ref = image.upload()
    until = give_up.now_ms() + 60_000
    image.put_record(
        Status.PROCESSING, sequencer=ref.sequencer, claimed_by="alive", claimed_until_ms=until
    )
    response = give_up.handler(messages(event(image.settings.bucket, ref)), CONTEXT)
    assert response == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    image.in_status(Status.PROCESSING)


def test_giving_up_leaves_a_newer_event_that_is_under_way(
    give_up: ModuleType, image: Image
) -> None:
    older, newer = image.upload(number=1), image.upload(number=2)
    image.put_record(Status.PROCESSING, sequencer=newer.sequencer, claimed_by="alive")
    response = give_up.handler(messages(event(image.settings.bucket, older)), CONTEXT)
    assert response == {"batchItemFailures": []}
    image.in_status(Status.PROCESSING)


def test_only_the_message_that_cannot_be_handled_is_delivered_again(
    give_up: ModuleType, image: Image
) -> None:
    good = event(image.settings.bucket, image.upload())
    response = give_up.handler(messages({"nothing": 1}, good), CONTEXT)
    assert response == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    image.in_status(Status.FAILED)


def test_an_image_that_cannot_be_marked_holds_up_none_of_the_same_message(
    give_up: ModuleType, image: Image, user_id: str
) -> None:
    claimed, free = image.upload(), image.of(f"{user_id}_free")
    until = give_up.now_ms() + 60_000
    image.put_record(
        Status.PROCESSING, sequencer=claimed.sequencer, claimed_by="alive", claimed_until_ms=until
    )
    both = event(image.settings.bucket, claimed, free.upload())
    response = give_up.handler(messages(both), CONTEXT)
    assert response == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert free.in_status(Status.FAILED).error == Reason.GAVE_UP
    image.in_status(Status.PROCESSING)


def test_only_images_that_were_marked_count_as_given_up(
    give_up: ModuleType, image: Image, caplog: pytest.LogCaptureFixture
) -> None:
    ref = image.upload()
    image.put_record(Status.DONE, sequencer=ref.sequencer)
    logging.getLogger().addHandler(caplog.handler)
    give_up.handler(messages(event(image.settings.bucket, ref)), CONTEXT)
    assert not [record for record in caplog.records if vars(record).get("outcome")]
    image.put_record(Status.PENDING)
    give_up.handler(messages(event(image.settings.bucket, ref)), CONTEXT)
    assert [vars(record).get("outcome") for record in caplog.records] == ["gave_up"]
