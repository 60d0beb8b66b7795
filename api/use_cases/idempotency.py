"""Idempotency keys: a retried POST answers the image of the first one. See decision 0032.

A small row beside the user's records, put only if there is none, says when and from which seed the
first request planned. All else follows from these two and the request, so that two requests at
once, in two processes, plan the same records and sign the same uploads.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Any, Self

from api.use_cases.uploads import File
from contract.keys import BOOKKEEPING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Plan:
    """When a request planned (milliseconds), and what its nonces come from."""

    planned_at_ms: int
    seed: str
    fingerprint: str

    @classmethod
    def new(cls, now_ms: int, seed: str, files: Sequence[File]) -> Self:
        fingerprint = sha256(json.dumps([astuple(file) for file in files]).encode()).hexdigest()
        return cls(now_ms, seed, fingerprint)

    def nonce(self, number: int) -> str:
        """The nonce of the file with that number in the request."""
        return digest(self.seed.encode(), str(number).encode(), "sha256").hex()[:8]


class IdempotencyKeys:
    """Plans by user and key; one lasts as long as the upload that it hands out."""

    def __init__(self, client: "DynamoDBClient", table: str, url_seconds: int) -> None:
        self._client = client
        self._table = table
        self._url_seconds = url_seconds

    def find(self, user_id: str, key: str, now_seconds: int) -> Plan | None:
        answer = self._client.get_item(
            TableName=self._table, Key=_row_key(user_id, key), ConsistentRead=True
        )
        row: Any = answer.get("Item")
        if row is None or int(row["expiresAt"]["N"]) <= now_seconds:
            return None
        return _plan(row)

    def claim(self, user_id: str, key: str, plan: Plan) -> Plan:
        """Put `plan`, unless an earlier one still lasts; returns the one that stands."""
        now_seconds = plan.planned_at_ms // 1000
        row = {
            **_row_key(user_id, key),
            "plannedAt": {"N": str(plan.planned_at_ms)},
            "seed": {"S": plan.seed},
            "fingerprint": {"S": plan.fingerprint},
            "expiresAt": {"N": str(now_seconds + self._url_seconds)},
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=row,
                ConditionExpression="attribute_not_exists(imageId) OR expiresAt <= :now",
                ExpressionAttributeValues={":now": {"N": str(now_seconds)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as exc:
            old: Any = exc.response  # the stubs leave `Item` out
            return _plan(old["Item"])
        return plan


def _row_key(user_id: str, key: str) -> dict[str, Any]:
    return {
        "userId": {"S": f"{BOOKKEEPING}idempotency#{user_id}"},
        "imageId": {"S": sha256(key.encode()).hexdigest()},
    }


def _plan(row: Any) -> Plan:
    return Plan(int(row["plannedAt"]["N"]), row["seed"]["S"], row["fingerprint"]["S"])
