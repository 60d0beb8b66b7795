"""The condition expressions as DynamoDB evaluates them, compared with the transition table.

Every transition meets every state of a record. A transaction of ConditionChecks evaluates many
conditions in one request and reports each result, provided that it is cancelled: one more check
that always fails sees to that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from contract.conditions import condition
from contract.record import NO_SEQUENCER, ImageRecord, Item, Status, normal_sequencer
from contract.transitions import Change, Transition
from tests.records import put
from tests.unit.contract.transition_oracle import permits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRANSACTION_ITEMS = 100  # what DynamoDB accepts
NOW_MS = 1_000  # DynamoDB compares numbers as numbers: "999" < "1000"
OLDER, SAME, NEWER = (normal_sequencer(text) for text in ("0055AED6", "0055AED7", "0055AED8"))
SEQUENCERS = (None, NO_SEQUENCER, OLDER, SAME, NEWER)
CLAIMS = (  # owner, end
    (None, None),
    ("own", NOW_MS + 1),
    ("own", NOW_MS - 1),
    ("other", NOW_MS + 1),
    ("other", NOW_MS),
    ("other", NOW_MS - 1),
    ("other", None),
    (None, NOW_MS + 1),
)
CHANGES = {
    "an event's": Change(SAME, "own", NOW_MS),
    "the doctor's, of an object without a known event": Change(NO_SEQUENCER, "own", NOW_MS),
}


# What other programs write, or leave out
STATUSES: dict[str, Item] = {
    "bare": {"status": {"S": "processing"}},
    "no status": {},
    "unknown status": {"status": {"S": "uploaded"}},
    "empty status": {"status": {"S": ""}},
    "status of another type": {"status": {"N": "1"}},
    "null status": {"status": {"NULL": True}},
    "status list": {"status": {"L": [{"S": "done"}]}},
    "pending": {"status": {"S": "pending"}},
    "done": {"status": {"S": "done"}},
    "failed": {"status": {"S": "failed"}},
    "deleted": {"status": {"S": "deleted"}},
}
BOOKKEEPING: dict[str, Item] = {
    "none": {},
    "our sequencer": {"sequencer": {"S": SAME}},
    "our older sequencer": {"sequencer": {"S": OLDER}},
    "raw sequencer": {"sequencer": {"S": "0055AED7"}},
    "newer raw sequencer": {"sequencer": {"S": "0055AED8"}},
    "longer sequencer": {"sequencer": {"S": SAME + "0"}},
    "empty sequencer": {"sequencer": {"S": ""}},
    "number as sequencer": {"sequencer": {"N": "7"}},
    "null sequencer": {"sequencer": {"NULL": True}},
    "bytes as sequencer": {"sequencer": {"B": SAME.encode()}},
    "claim of another type": {
        "sequencer": {"S": SAME},
        "claimedBy": {"L": [{"S": "own"}]},
        "claimedUntil": {"S": str(NOW_MS + 1)},
    },
    "claim without sequencer": {
        "claimedBy": {"S": "other"},
        "claimedUntil": {"N": str(NOW_MS + 1)},
    },
    "endless claim": {
        "sequencer": {"S": SAME},
        "claimedBy": {"S": "other"},
        "claimedUntil": {"N": "1E+40"},
    },
}


@dataclass(frozen=True)
class States:
    """A user's rows: a record in each state, a missing one, and rows of other programs."""

    user_id: str
    records: Mapping[str, ImageRecord | None]  # by image id

    def key(self, image_id: str) -> Item:
        return {"userId": {"S": self.user_id}, "imageId": {"S": image_id}}


def all_records(user_id: str) -> Iterator[ImageRecord]:
    states = product(Status, SEQUENCERS, CLAIMS)
    for number, (status, sequencer, (owner, until_ms)) in enumerate(states):
        yield ImageRecord(
            user_id=user_id,
            image_id=f"{1763853422000 + number}-cat.jpg",
            status=status,
            created_at_ms=1763853422000 + number,
            sequencer=sequencer,
            claimed_by=owner,
            claimed_until_ms=until_ms,
        )


def foreign_rows(user_id: str) -> Iterator[Item]:
    for (status, first), (bookkeeping, second) in product(STATUSES.items(), BOOKKEEPING.items()):
        image_id = f"{status}, {bookkeeping}.jpg"
        yield {"userId": {"S": user_id}, "imageId": {"S": image_id}, **first, **second}


@pytest.fixture(scope="module")
def states(dynamodb: "DynamoDBClient", table: str) -> Iterator[States]:
    user_id = "user_of_test_conditions"
    records = list(all_records(user_id))
    put(dynamodb, table, *records)
    for row in foreign_rows(user_id):
        dynamodb.put_item(TableName=table, Item=row)
        records.append(ImageRecord.from_item(row))
    by_id = {record.image_id: record for record in records}
    made = States(user_id, by_id | {"1763853422999-missing.jpg": None})
    yield made
    for image_id in made.records:  # other tests read the whole table
        dynamodb.delete_item(TableName=table, Key=made.key(image_id))


def condition_check(
    table: str, key: Item, transition: Transition, change: Change
) -> dict[str, Any]:
    made = condition(transition, change)
    optional = {
        "ExpressionAttributeNames": made.names,
        "ExpressionAttributeValues": made.values,
    }
    return {
        "TableName": table,
        "Key": key,
        "ConditionExpression": made.expression,
        **{name: value for name, value in optional.items() if value},
    }


def evaluate(
    dynamodb: "DynamoDBClient", table: str, checks: Sequence[dict[str, Any]]
) -> Iterator[bool]:
    """Whether each condition holds."""
    never = {
        "TableName": table,
        "Key": {"userId": {"S": "nobody"}, "imageId": {"S": "nothing"}},
        "ConditionExpression": "attribute_exists(imageId)",
    }
    for start in range(0, len(checks), TRANSACTION_ITEMS - 1):
        batch = [*checks[start : start + TRANSACTION_ITEMS - 1], never]
        items: list[Any] = [{"ConditionCheck": check} for check in batch]
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as raised:
            dynamodb.transact_write_items(TransactItems=items)
        codes = [reason["Code"] for reason in raised.value.response["CancellationReasons"]]
        assert set(codes) <= {"None", "ConditionalCheckFailed"}, codes
        assert len(codes) == len(batch)
        assert codes.pop() == "ConditionalCheckFailed"
        yield from (code == "None" for code in codes)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("transition", Transition)
def test_a_condition_holds_in_exactly_the_states_that_the_table_allows(
    dynamodb: "DynamoDBClient", table: str, states: States, transition: Transition, change: Change
) -> None:
    expected = {
        image_id: permits(transition, record, change) for image_id, record in states.records.items()
    }
    assert set(expected.values()) == {True, False}
    checks = [
        condition_check(table, states.key(image_id), transition, change) for image_id in expected
    ]
    allowed = dict(zip(expected, evaluate(dynamodb, table, checks), strict=True))
    wrong = {
        image_id: (allowed[image_id], states.records.get(image_id))
        for image_id in expected
        if allowed[image_id] is not expected[image_id]
    }
    assert not wrong
