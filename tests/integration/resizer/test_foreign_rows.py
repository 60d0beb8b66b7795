"""Rows and objects of other programs: adopted, finished, and never doubled."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contract.keys import OriginalKey
from contract.record import ImageRecord, Reason, Status
from contract.transitions import Change
from resizer import repository
from resizer.repository import NameTakenError, RefusedError
from resizer.resize import Outcome, Resizer
from tests.integration.resizer.conftest import Image, sequencer
from tools.pictures import jpeg

UUID = "0c9d4b5e-8f0a-4b6e-9d43-6b1f0a0b5b5e"


@pytest.fixture
def foreign(image: Image) -> Image:
    """An image whose name no API made."""
    return replace(image, key=OriginalKey(image.key.user_id, f"cat {secrets.token_hex(4)} é+%.jpg"))


def bare_row(image: Image, image_id: Any = None, **attributes: Any) -> dict[str, Any]:
    """What a front end puts that talks to DynamoDB itself."""
    return {
        "userId": {"S": image.key.user_id},
        "imageId": {"S": image_id or image.key.image_id},
        "originalKey": {"S": str(image.key)},
        "status": {"S": "processing"},
        "createdAt": {"N": "1763853422123"},
        **attributes,
    }


def put(image: Image, row: dict[str, Any]) -> None:
    image.dynamodb.put_item(TableName=image.settings.table, Item=row)


def rows(image: Image) -> dict[str, dict[str, Any]]:
    """All rows of the user, by image id."""
    found: Any = image.dynamodb.query(
        TableName=image.settings.table,
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": image.key.user_id}},
        ConsistentRead=True,
    )["Items"]
    return {item["imageId"]["S"]: item for item in found}


def check_done(image: Image, image_id: str | None = None) -> dict[str, Any]:
    """The user has this one row, and it is done; returns it."""
    [(found_id, row)] = rows(image).items()
    assert found_id == (image_id or image.key.image_id)
    assert row["status"] == {"S": "done"}
    assert row["thumb200Key"] == {"S": str(image.key.thumbnail(200))}
    assert row["thumb400Key"] == {"S": str(image.key.thumbnail(400))}
    record = ImageRecord.from_item(row)
    assert record.key == image.key
    assert set(record.thumbnails) == {200, 400}
    assert image.thumbnail(200)
    assert image.thumbnail(400)
    return row


@pytest.mark.parametrize("planned", [True, False], ids=["our name", "another name"])
def test_the_row_of_a_front_end_that_talks_to_dynamodb_itself_becomes_done(
    resizer: Resizer, image: Image, foreign: Image, planned: bool
) -> None:
    image = image if planned else foreign
    put(image, bare_row(image, caption={"S": "my cat"}))
    ref = image.upload()
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    row = check_done(image)
    assert row["caption"] == {"S": "my cat"}
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    assert rows(image) == {image.key.image_id: row}


@pytest.mark.parametrize(
    "attributes",
    [
        {"status": {"S": "uploaded"}},
        {"status": {"S": "pending"}},
        {"status": {"S": "done"}, "thumb200Key": {"S": "thumbnails/200/other.jpg"}},
        {"status": {"S": "failed"}, "error": {"S": "disk full"}},
        {"status": {"NULL": True}},
        {"status": {"N": "3"}},
        {"sequencer": {"S": "0055AED7"}},
        {"sequencer": {"N": "7"}},
        {"sequencer": {"NULL": True}},
        {"claimedBy": {"S": "us"}, "claimedUntil": {"N": "99999999999999"}},
        {"createdAt": {"S": "2025-11-22T23:17:02.123Z"}},
        {"createdAt": {"BOOL": False}},
        {"thumbnails": {"L": [{"S": "x"}]}},
        {"thumbnails": {"M": {"200": {"S": "x"}, "x": {"NULL": True}}}},
        {"size": {"S": "big"}, "width": {"N": "-1"}, "eTag": {"N": "1"}},
        {"originalKey": {"S": "uploads/somebody_else/secret.jpg"}},
        {"originalKey": {"N": "1"}},
    ],
    ids=str,
)
def test_whatever_else_such_a_row_holds_it_becomes_done_and_keeps_it(
    resizer: Resizer, foreign: Image, attributes: dict[str, Any]
) -> None:
    put(foreign, bare_row(foreign, **attributes))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DONE
    row = check_done(foreign)
    for name in ("createdAt", "originalKey"):
        assert row[name] == bare_row(foreign, **attributes)[name]


def test_a_row_without_any_attribute_becomes_done(resizer: Resizer, foreign: Image) -> None:
    row = bare_row(foreign)
    put(foreign, {name: row[name] for name in ("userId", "imageId")})
    ref = replace(foreign.upload(), stored_at_ms=1763853500000)
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    row = check_done(foreign)
    assert row["createdAt"] == {"N": "1763853500000"}
    assert row["originalKey"] == {"S": str(foreign.key)}


def test_a_foreign_object_without_a_row_is_as_old_as_its_event_for_ever(
    resizer: Resizer, foreign: Image
) -> None:
    ref = replace(foreign.upload(), stored_at_ms=1763853500000)
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    later = replace(foreign.upload(number=2), stored_at_ms=1763853600000)
    assert resizer.resize(later, "invocation-2") is Outcome.DONE
    assert check_done(foreign)["createdAt"] == {"N": "1763853500000"}


@pytest.mark.parametrize("deleted", [True, False], ids=["tombstone", "its own deletion"])
def test_what_was_deleted_is_not_adopted(resizer: Resizer, foreign: Image, deleted: bool) -> None:
    extra = {"expiresAt": {"N": "9999999999"}} if deleted else {}
    put(foreign, bare_row(foreign, status={"S": "deleted"}, **extra))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DELETED
    assert foreign.original() is None
    assert foreign.thumbnail(200) is None


def test_a_row_with_another_id_is_found_by_its_original_key(
    resizer: Resizer, foreign: Image
) -> None:
    put(foreign, bare_row(foreign, UUID, caption={"S": "my cat"}))
    ref = foreign.upload()
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    assert check_done(foreign, UUID)["caption"] == {"S": "my cat"}
    assert resizer.resize(ref, "invocation-2") is Outcome.IGNORED
    newer = foreign.upload(jpeg(300, 300), number=2)
    assert resizer.resize(newer, "invocation-3") is Outcome.DONE
    assert ImageRecord.from_item(check_done(foreign, UUID)).e_tag == newer.e_tag


def test_a_row_with_another_id_fails_and_is_forgotten_under_that_id(
    resizer: Resizer, foreign: Image
) -> None:
    put(foreign, bare_row(foreign, UUID))
    assert resizer.resize(foreign.upload(b"no image"), "invocation-1") is Outcome.FAILED
    assert ImageRecord.from_item(rows(foreign)[UUID]).error == Reason.UNSUPPORTED_FORMAT
    ref = foreign.upload(number=2)
    foreign.remove_original()
    assert resizer.resize(ref, "invocation-2") is Outcome.GONE
    assert rows(foreign) == {}


def test_a_row_with_another_id_is_given_up_under_that_id(resizer: Resizer, foreign: Image) -> None:
    put(foreign, bare_row(foreign, UUID))
    ref = resizer.repository.locate(foreign.upload())
    resizer.repository.give_up(ref, Change(ref.sequencer, "give-up"), "{}")
    [(image_id, row)] = rows(foreign).items()
    assert (image_id, row["error"]) == (UUID, {"S": "gave_up"})
    with pytest.raises(RefusedError):
        resizer.repository.give_up(ref, Change(ref.sequencer, "give-up"), "{}")


def test_a_tombstone_with_another_id_keeps_the_image_deleted(
    resizer: Resizer, foreign: Image
) -> None:
    put(foreign, bare_row(foreign, UUID, status={"S": "deleted"}))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DELETED
    assert foreign.original() is None
    assert set(rows(foreign)) == {UUID}


@pytest.mark.parametrize(
    "form",
    [
        "/{}",
        "s3://bucket/{}",
        "https://bucket.s3.amazonaws.com/{}",
        "{}/",
        " {}",
    ],
)
def test_an_original_key_in_another_form_names_no_object(
    resizer: Resizer, foreign: Image, form: str
) -> None:
    key = {"S": form.format(foreign.key)}
    put(foreign, bare_row(foreign, UUID, originalKey=key))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DONE
    assert set(rows(foreign)) == {UUID, foreign.key.image_id}
    assert rows(foreign)[UUID]["status"] == {"S": "processing"}


def test_another_users_row_is_never_taken(resizer: Resizer, foreign: Image) -> None:
    theirs = foreign.of("somebody_else")
    put(theirs, bare_row(foreign, UUID) | {"userId": {"S": "somebody_else"}})
    try:
        assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DONE
        check_done(foreign)
        assert rows(theirs)[UUID]["status"] == {"S": "processing"}
    finally:
        key: Any = {"userId": {"S": "somebody_else"}, "imageId": {"S": UUID}}
        foreign.dynamodb.delete_item(TableName=foreign.settings.table, Key=key)


def test_of_two_rows_that_name_an_object_the_greatest_id_gets_it(
    resizer: Resizer, foreign: Image
) -> None:
    for image_id in (UUID, "1" + UUID, "0" + UUID):
        put(foreign, bare_row(foreign, image_id))
    ref = foreign.upload()
    for number in range(2):
        resizer.resize(ref, f"invocation-{number}")
    statuses = {image_id: row["status"]["S"] for image_id, row in rows(foreign).items()}
    assert statuses == {UUID: "processing", "0" + UUID: "processing", "1" + UUID: "done"}


def test_the_row_of_the_objects_own_name_comes_before_any_other(
    resizer: Resizer, foreign: Image
) -> None:
    put(foreign, bare_row(foreign, "zzz"))
    put(foreign, bare_row(foreign))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DONE
    assert rows(foreign)["zzz"]["status"] == {"S": "processing"}


def test_a_row_of_this_name_that_is_another_objects_is_left_alone(
    resizer: Resizer, foreign: Image
) -> None:
    other = replace(foreign, key=OriginalKey(foreign.key.user_id, "other.jpg"))
    row = bare_row(other, foreign.key.image_id, status={"S": "deleted"})
    put(foreign, row)
    ref = foreign.upload()
    with pytest.raises(NameTakenError):
        resizer.repository.locate(ref)
    assert resizer.resize(ref, "invocation-1") is Outcome.IGNORED
    assert rows(foreign) == {foreign.key.image_id: row}
    assert foreign.original() is not None


def test_the_row_of_a_planned_upload_is_never_taken_for_another_object(
    resizer: Resizer, image: Image, foreign: Image
) -> None:
    row = bare_row(foreign, image.key.image_id)
    put(image, row)
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DONE
    assert set(rows(foreign)) == {foreign.key.image_id, image.key.image_id}
    assert rows(foreign)[image.key.image_id] == row


def test_a_planned_object_costs_no_read(resizer: Resizer, image: Image) -> None:
    put(image, bare_row(image, UUID))
    ref = image.upload()
    assert resizer.repository.locate(ref) is ref
    assert resizer.resize(ref, "invocation-1") is Outcome.DONE
    assert rows(image)[UUID]["status"] == {"S": "processing"}


def test_the_search_ends_after_some_pages(
    resizer: Resizer, foreign: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = {"S": "x" * 200_000}
    put(foreign, bare_row(foreign, "0-oldest"))
    for number in range(1, 8):
        row = bare_row(foreign, f"{number}", filler=filler)
        put(foreign, row | {"originalKey": {"S": f"uploads/{foreign.key.user_id}/{number}.jpg"}})
    key = foreign.key
    found = resizer.repository.find_by_original_key(key.user_id, key)
    assert found
    assert found.image_id == "0-oldest"
    monkeypatch.setattr(repository, "MAX_PAGES_SEARCHED", 1)
    assert resizer.repository.find_by_original_key(key.user_id, key) is None


@pytest.mark.parametrize("data", [jpeg(), b"no image"], ids=["image", "no image"])
@pytest.mark.parametrize("image_id", [None, UUID], ids=["object's name", "UUID"])
def test_a_row_put_over_ours_while_the_image_is_processed_is_finished_all_the_same(
    resizer: Resizer,
    foreign: Image,
    monkeypatch: pytest.MonkeyPatch,
    data: bytes,
    image_id: str | None,
) -> None:
    """The front end sends its row after the object, and PutItem replaces the whole row."""
    if image_id:
        put(foreign, bare_row(foreign, image_id))
    after_claim(monkeypatch, lambda: put(foreign, bare_row(foreign, image_id)))
    outcome = resizer.resize(foreign.upload(data), "invocation-1")
    [row] = rows(foreign).values()
    assert row["status"] == {"S": outcome}
    assert "claimedBy" not in row
    if outcome is Outcome.DONE:
        check_done(foreign, image_id)


def test_a_row_deleted_while_the_image_is_processed_stays_deleted(
    resizer: Resizer, foreign: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = bare_row(foreign, status={"S": "deleted"})
    after_claim(monkeypatch, lambda: put(foreign, deleted))
    assert resizer.resize(foreign.upload(), "invocation-1") is Outcome.DELETED
    assert rows(foreign) == {foreign.key.image_id: deleted}
    assert foreign.original() is None


def after_claim(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen once, right after the next claim."""
    claim = repository.Repository.claim

    def claim_then_act(*arguments: Any) -> ImageRecord:
        record = claim(*arguments)
        monkeypatch.undo()
        act()
        return record

    monkeypatch.setattr(repository.Repository, "claim", claim_then_act)


def test_every_valid_name_is_served(resizer: Resizer, image: Image) -> None:
    names = [
        UUID,
        "a" * 800,
        "é" * 400,
        "🐈" * 200,
        " leading and trailing ",
        "a+b%2Bc?d#e&f=g;h",
        "\\back\"quote'<xml>&amp;",
        "2026-11-25T07:12:00.000Z-cat.jpg",
        "1763853422-cat.jpg",
        "...",
        "\x80\u2028\u202e",
    ]
    for name in names:
        named = replace(image, key=OriginalKey(image.key.user_id, name))
        for width in (200, 400):  # no user is in a thumbnail's key
            image.s3.delete_object(
                Bucket=image.settings.bucket, Key=str(named.key.thumbnail(width))
            )
        assert resizer.resize(named.upload(), "invocation-1") is Outcome.DONE, name
        record = named.in_status(Status.DONE)
        assert set(record.thumbnails) == {200, 400}
    assert set(rows(image)) == set(names)


def test_sequencers_of_an_adopted_row_order_its_events(resizer: Resizer, foreign: Image) -> None:
    put(foreign, bare_row(foreign))
    old = foreign.upload(jpeg(), number=1)
    new = foreign.upload(jpeg(300, 300), number=2)
    assert resizer.resize(new, "invocation-2") is Outcome.DONE
    assert resizer.resize(old, "invocation-1") is Outcome.IGNORED
    assert rows(foreign)[foreign.key.image_id]["sequencer"] == {"S": sequencer(2)}
