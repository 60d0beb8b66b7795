"""Makes a client return items as the JSON that DynamoDB sent."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def return_items_as_json(client: "DynamoDBClient") -> None:
    """Skip botocore's parser for `BatchGetItem`, `GetItem` and `Query`.

    It goes through every attribute of every item only to decode binary ones, and we have none. For
    a page of 50, that costs more than everything else together (decision 0034).
    """
    for operation in ("BatchGetItem", "GetItem", "Query"):
        client.meta.events.register(
            f"before-parse.dynamodb.{operation}", _parse, unique_id=f"items-as-json-{operation}"
        )


def _parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
