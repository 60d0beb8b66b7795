"""The entry points, wired from the environment as in Lambda, under their own identities."""

import importlib
import json
import logging
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

from contract.record import Reason, Status
from contract.transitions import Change, Transition
from resizer.events import ObjectReference
from resizer.resize import ClaimHeldError
from resizer.settings import SettingError, Settings
from tests.integration.resizer.conftest import Image


@pytest.fixture
def bare_logging() -> Iterator[None]:
    """The entry module sets up the root logger; pytest's own handlers come back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def entry_module(
    patch: pytest.MonkeyPatch, session: boto3.Session, settings: Settings
) -> ModuleType:
    """`resizer.handler`, imported afresh under the identity of `session`."""
    credentials = session.get_credentials()
    assert credentials is not None
    patch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
    patch.setenv("AWS_SESSION_TOKEN", credentials.token or "")
    patch.setenv("BUCKET", settings.bucket)
    patch.setenv("DYNAMODB_TABLE", settings.table)
    patch.setattr(boto3, "DEFAULT_SESSION", None)
    sys.modules.pop("resizer.handler", None)
    return importlib.import_module("resizer.handler")


@pytest.fixture
def resize_image(
    monkeypatch: pytest.MonkeyPatch,
    bare_logging: None,
    resizer_session: boto3.Session,
    settings: Settings,
) -> ModuleType:
    return entry_module(monkeypatch, resizer_session, settings)


@pytest.fixture
def give_up(
    monkeypatch: pytest.MonkeyPatch,
    bare_logging: None,
    give_up_session: boto3.Session,
    settings: Settings,
) -> ModuleType:
    return entry_module(monkeypatch, give_up_session, settings)


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


def test_an_event_is_resized_and_told_in_one_json_line(
    resize_image: ModuleType, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    resize_image.set_up_logging()  # on this test's standard output
    ref = image.upload()
    answer = resize_image.handler(event(image.settings.bucket, ref), CONTEXT)
    assert answer == {"done": 1}
    image.in_status(Status.DONE)
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["level"], told["outcome"], told["userId"]) == ("INFO", "done", image.key.user_id)
    assert "cat.jpg" not in line, "a user's file name is nothing for the log"


def test_one_image_that_fails_for_the_moment_does_not_hold_up_the_others(
    resize_image: ModuleType, image: Image
) -> None:
    held, free = image.upload(), image.of("user_free")
    change = Change(held.sequencer, "invocation-0", resize_image.now_ms())
    resize_image.repository.claim(Transition.CLAIM, held, change, change.now_ms + 60_000)
    image.of("user_free").remove_original()
    gone = ObjectReference(free.key, 1, "0" * 32, held.sequencer)
    with pytest.raises(ClaimHeldError):
        resize_image.handler(event(image.settings.bucket, held, gone), CONTEXT)
    assert free.record() is None


def test_the_test_event_of_s3_is_no_error(resize_image: ModuleType) -> None:
    assert resize_image.handler({"Service": "Amazon S3", "Event": "s3:TestEvent"}, CONTEXT) == {}


def test_a_missing_bucket_ends_the_start_with_its_name(settings: Settings) -> None:
    with pytest.raises(SettingError, match="BUCKET is not set"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THUMBNAIL_WIDTHS", "200,x"),
        ("THUMBNAIL_WIDTHS", "0"),
        ("THUMBNAIL_WIDTHS", "5000"),
        ("MAX_PIXELS", "-1"),
        ("MAX_UPLOAD_BYTES", "1.5"),
        ("CLAIM_SECONDS", "0"),
    ],
)
def test_a_bad_setting_ends_the_start_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_environment({"BUCKET": "b", name: value})


def test_giving_up_marks_the_record_and_keeps_the_event(give_up: ModuleType, image: Image) -> None:
    image.put_record(Status.PENDING, filename="Cät.jpg", expires_at_s=1)
    failed = event(image.settings.bucket, image.upload())
    assert give_up.give_up(messages(failed), CONTEXT) == {"batchItemFailures": []}
    record = image.in_status(Status.FAILED)
    assert (record.error, record.expires_at_s) == (Reason.GAVE_UP, None)
    assert json.loads(record.gave_up_event or "") == failed


def test_giving_up_leaves_what_was_done_or_deleted_in_the_meantime(
    give_up: ModuleType, image: Image
) -> None:
    ref = image.upload()
    for status in (Status.DONE, Status.DELETED):
        image.put_record(status, sequencer=ref.sequencer)
        assert not give_up.give_up(messages(event(image.settings.bucket, ref)), CONTEXT)[
            "batchItemFailures"
        ]
        image.in_status(status)


def test_an_image_that_a_worker_holds_is_not_given_up_yet(
    give_up: ModuleType, image: Image
) -> None:
    ref = image.upload()
    until = give_up.now_ms() + 60_000
    image.put_record(
        Status.PROCESSING, sequencer=ref.sequencer, claimed_by="alive", claimed_until_ms=until
    )
    answer = give_up.give_up(messages(event(image.settings.bucket, ref)), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    image.in_status(Status.PROCESSING)


def test_giving_up_leaves_a_newer_event_that_is_under_way(
    give_up: ModuleType, image: Image
) -> None:
    older, newer = image.upload(number=1), image.upload(number=2)
    image.put_record(Status.PROCESSING, sequencer=newer.sequencer, claimed_by="alive")
    answer = give_up.give_up(messages(event(image.settings.bucket, older)), CONTEXT)
    assert answer == {"batchItemFailures": []}
    image.in_status(Status.PROCESSING)


def test_only_the_message_that_cannot_be_handled_comes_again(
    give_up: ModuleType, image: Image
) -> None:
    good = event(image.settings.bucket, image.upload())
    answer = give_up.give_up(messages({"nothing": 1}, good), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    image.in_status(Status.FAILED)
