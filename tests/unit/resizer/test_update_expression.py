from contract.conditions import Condition
from resizer.update_expression import Update

IF_PENDING = Condition("#status = :pending", {"#status": "status"}, {":pending": {"S": "pending"}})


def test_an_update_sets_keeps_and_removes_attributes_under_its_condition() -> None:
    update = Update().set(status={"S": "done"}).set_if_missing(filename={"S": "a.jpg"})
    assert update.remove("error", "claimedBy").arguments(IF_PENDING) == {
        "UpdateExpression": "SET #status = :new_status, "
        "#filename = if_not_exists(#filename, :new_filename) REMOVE #error, #claimedBy",
        "ConditionExpression": "#status = :pending",
        "ExpressionAttributeNames": {
            "#status": "status",
            "#filename": "filename",
            "#error": "error",
            "#claimedBy": "claimedBy",
        },
        "ExpressionAttributeValues": {
            ":new_status": {"S": "done"},
            ":new_filename": {"S": "a.jpg"},
            ":pending": {"S": "pending"},
        },
    }


def test_an_update_that_removes_nothing_has_no_remove_clause() -> None:
    arguments = Update().set(size={"N": "1"}).arguments(IF_PENDING)
    assert arguments["UpdateExpression"] == "SET #size = :new_size"
