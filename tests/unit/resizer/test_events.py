import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
            stored_at_ms=1763853422123,
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
        pytest.param(changed(size=True), id="boolean size"),
        pytest.param(changed(size=float("inf")), id="infinite size"),
        pytest.param(changed(size=float("nan")), id="NaN size"),
        pytest.param(changed(size=-1), id="negative size"),
        pytest.param(changed(size=10**15), id="huge size"),
        pytest.param(changed(eTag="a\r\nx: y"), id="header in the ETag"),
        pytest.param(changed(eTag='""'), id="empty ETag"),
        pytest.param(changed(eTag="\ud800"), id="surrogate in the ETag"),
        pytest.param(changed(key="uploads/user/\ud800"), id="surrogate in the key"),
        pytest.param(changed(key="uploads/user/%ED%A0%80%00"), id="NUL in the key"),
        pytest.param(changed(key=None), id="no key"),
        pytest.param(changed(sequencer=7), id="number as sequencer"),
        pytest.param({"Records": [{}]}, id="empty record"),
        pytest.param({"Records": [None, 1, "x", [], [[]], {"s3": None, "eventName": 1}]}, id="any"),
        pytest.param({"Records": None}, id="null records"),
        pytest.param({"Records": {"0": {}}}, id="map of records"),
        pytest.param({}, id="empty event"),
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
    ],
)
def test_anything_else_is_ignored(event: Any) -> None:
    assert created_originals(event, "example-images") == []


EVENT_NAMES = ["Records", "eventName", "s3", "bucket", "object", "key", "size", "eTag", "sequencer"]
NAMES = st.sampled_from([*EVENT_NAMES, "name", "eventTime", "messageId", "body"]) | st.text()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([float("inf"), float("nan"), 10**400, "\ud800", "ObjectCreated:Put"])
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
)


@st.composite
def mutated_events(draw: st.DrawFn) -> Any:
    """A captured event with anything at all in some of its places."""
    event = captured(draw(st.sampled_from(["s3_put.json", "sqs_on_failure.json"])))

    def replaced(node: Any) -> Any:
        if draw(st.integers(0, 9)) == 0:
            return draw(JSON)
        if isinstance(node, dict):
            return {name: replaced(value) for name, value in node.items()}
        return [replaced(value) for value in node] if isinstance(node, list) else node

    return replaced(event)


@given(JSON | mutated_events())
def test_no_event_whatsoever_raises(event: Any) -> None:
    for ref in created_originals(event, "example-images"):
        assert OriginalKey.parse(str(ref.key)) == ref.key
    for message_id, payload in failed_invocations(event):
        assert isinstance(message_id, str)
        created_originals(payload, "example-images")


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def test_no_depth_raises_either() -> None:
    deep = nested(100_000)
    for event in (
        deep,
        {"Records": deep},
        {"Records": [deep]},
        changed(key=deep),
        changed(size=deep),
        {"Records": [changed()["Records"][0] | {"eventTime": deep}]},
    ):
        created_originals(event, "example-images")
    body = "[" * 100_000
    assert list(failed_invocations({"Records": [{"messageId": "m", "body": body}]})) == [("m", {})]


def test_an_object_of_any_name_is_an_original() -> None:
    [ref] = created_originals(
        changed(key="uploads/user/a+b%2Bc%2520+%F0%9F%90%88"), "example-images"
    )
    assert ref.key.image_id == "a b+c%20 🐈"
    assert ref.stored_at_ms == 1763853422123


@pytest.mark.parametrize("time", [None, 5, "yesterday", "2025-11-22T23:17:02"])
def test_an_event_without_a_time_is_an_event(time: Any) -> None:
    event = changed()
    event["Records"][0]["eventTime"] = time
    [ref] = created_originals(event, "example-images")
    assert ref.stored_at_ms is None


def test_a_message_without_an_id_is_ignored() -> None:
    messages = [{"body": "{}"}, {"messageId": None}, {"messageId": 5}, None, "x"]
    assert list(failed_invocations({"Records": messages})) == []


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
