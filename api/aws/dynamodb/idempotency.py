"""The rows of idempotency keys: when, and from which seed, the first request planned its uploads.

A row is in the same table as the images, in its own partition, and lasts as long as the upload URL
that the request returned (decision 0032).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from contract.keys import BOOKKEEPING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """What a repeated request needs to produce the response of the first one.

    `fingerprint` is a hash of what was requested; nonces are derived from `seed`.
    """

    planned_at_ms: int
    seed: str
    fingerprint: str


class IdempotencyRows:
    """First requests by user and idempotency key; each lasts for `lifetime_s` seconds."""

    def __init__(self, client: "DynamoDBClient", table: str, lifetime_s: int) -> None:
        self._client = client
        self._table = table
        self._lifetime_s = lifetime_s

    def find(self, user_id: str, key: str, now_s: int) -> FirstRequest | None:
        response = self._client.get_item(
            TableName=self._table, Key=_primary_key(user_id, key), ConsistentRead=True
        )
        row: Any = response.get("Item")
        if row is None or int(row["expiresAt"]["N"]) <= now_s:
            return None
        return _first_request(row)

    def put(self, user_id: str, key: str, request: FirstRequest) -> FirstRequest:
        """Put `request` unless an earlier one has not expired; returns the one in the table."""
        now_s = request.planned_at_ms // 1000
        row = {
            **_primary_key(user_id, key),
            "plannedAt": {"N": str(request.planned_at_ms)},
            "seed": {"S": request.seed},
            "fingerprint": {"S": request.fingerprint},
            "expiresAt": {"N": str(now_s + self._lifetime_s)},
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=row,
                ConditionExpression="attribute_not_exists(imageId) OR expiresAt <= :now",
                ExpressionAttributeValues={":now": {"N": str(now_s)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            old: Any = exc.response  # the stubs leave `Item` out
            return _first_request(old["Item"])
        return request


def _primary_key(user_id: str, key: str) -> dict[str, Any]:
    return {
        "userId": {"S": f"{BOOKKEEPING}idempotency#{user_id}"},
        "imageId": {"S": sha256(key.encode()).hexdigest()},
    }


def _first_request(row: Any) -> FirstRequest:
    return FirstRequest(int(row["plannedAt"]["N"]), row["seed"]["S"], row["fingerprint"]["S"])
