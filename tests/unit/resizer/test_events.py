import json
from typing import Any

import pytest

from contract.keys import OriginalKey
from contract.record import normal_sequencer
from resizer.events import ObjectReference, created_originals, failed_invocations
from tests import EVENTS


def captured(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


def test_a_put_notification_names_one_version_of_one_original() -> None:
    assert created_originals(captured("s3_put.json"), "example-images") == [
        ObjectReference(
            key=OriginalKey("user_2abc", "1763853422123-9f86d081-cat.jpg"),
            size=1024,
            e_tag="0123456789abcdef0123456789abcdef",
            sequencer=normal_sequencer("0A1B2C3D4E5F678901"),
        )
    ]


def test_a_key_is_url_decoded_once() -> None:
    [ref] = created_originals(captured("s3_post_encoded_key.json"), "example-images")
    assert str(ref.key) == "uploads/a@b.example/1763853422123-my cat + 100%25.jpg"


def test_several_records_are_returned_in_order() -> None:
    references = created_originals(captured("s3_several_records.json"), "example-images")
    assert [ref.key.filename for ref in references] == ["a.jpg", "b.png"]


def changed(**s3_object: object) -> dict[str, Any]:
    event: dict[str, Any] = captured("s3_put.json")
    event["Records"][0]["s3"]["object"] |= s3_object
    return event


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(captured("s3_test_event.json"), id="test event"),
        pytest.param(captured("s3_removed.json"), id="removal"),
        pytest.param(changed(key="uploads/user/trip/cat.jpg"), id="key with a folder"),
        pytest.param(changed(key="thumbnails/200/1763853422123-a.jpg"), id="thumbnail"),
        pytest.param(changed(sequencer="not hex"), id="sequencer"),
        pytest.param(changed(size=None), id="size"),
        pytest.param({"Records": [{}]}, id="empty record"),
        pytest.param({}, id="empty event"),
    ],
)
def test_anything_else_is_ignored(event: dict[str, Any]) -> None:
    assert created_originals(event, "example-images") == []


def test_another_buckets_event_is_ignored() -> None:
    assert created_originals(captured("s3_put.json"), "other-bucket") == []


def test_an_on_failure_message_yields_the_event_that_failed() -> None:
    [(message_id, event)] = failed_invocations(captured("sqs_on_failure.json"))
    assert message_id == "059f36b4-87a3-44ab-83d2-661975830a7d"
    [ref] = created_originals(event, "example-images")
    assert ref.key.image_id == "1763853422123-9f86d081-cat.jpg"


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", '{"requestPayload": 1}'])
def test_a_message_without_an_event_yields_an_empty_one(body: str) -> None:
    message = {"messageId": "m1", "body": body}
    assert list(failed_invocations({"Records": [message]})) == [("m1", {})]
