"""What each identity of the template may not do, tried and refused; and what it may, allowed.

The emulator enforces the policies that template.yaml gives to each identity.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.infrastructure import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

MINE = "uploads/somebody/1763853422123-cat.jpg"
THUMBNAIL = "thumbnails/200/1763853422123-cat.jpg"
ELSEWHERE = "backup/1763853422123-cat.jpg"
KEY: dict[str, Any] = {"userId": {"S": "somebody"}, "imageId": {"S": "1763853422123-cat.jpg"}}
DENIED = ("AccessDenied", "AccessDeniedException", "403", "AuthorizationError")


@dataclass(frozen=True)
class Call:
    """One AWS call; `{bucket}`, `{table}` and `{failed}` (a queue) stand for the stack's own."""

    service: str
    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        subject = self.arguments.get("Key") or self.arguments.get("Prefix")
        return f"{self.operation} {subject}" if isinstance(subject, str) else self.operation


def of_bucket(operation: str, **arguments: Any) -> Call:
    return Call("s3", operation, {"Bucket": "{bucket}", **arguments})


def of_table(operation: str, name: str = "{table}", **arguments: Any) -> Call:
    return Call("dynamodb", operation, {"TableName": name, **arguments})


def put(key: str) -> Call:
    return of_bucket("put_object", Key=key, Body=b"x")


def get(key: str) -> Call:
    return of_bucket("get_object", Key=key)


def delete(key: str) -> Call:
    return of_bucket("delete_object", Key=key)


def listing(prefix: str) -> Call:
    return of_bucket("list_objects_v2", Prefix=prefix)


QUERY: dict[str, Any] = {
    "KeyConditionExpression": "userId = :user",
    "ExpressionAttributeValues": {":user": {"S": "somebody"}},
}
GET_RECORD = of_table("get_item", Key=KEY)
GET_RECORDS = Call("dynamodb", "batch_get_item")  # of the stack's table
PUT_RECORD = of_table("put_item", Item=KEY)
UPDATE_RECORD = of_table("update_item", Key=KEY)
DELETE_RECORD = of_table("delete_item", Key=KEY)
QUERY_RECORDS = of_table("query", **QUERY)
TAG = of_bucket(
    "put_object_tagging",
    Key=MINE,
    Tagging={"TagSet": [{"Key": "thumbline-status", "Value": "failed"}]},
)
READ_TAGS = of_bucket("get_object_tagging", Key=MINE)
REMOVE_TAGS = of_bucket("delete_object_tagging", Key=MINE)
TAGGING = [TAG, READ_TAGS, REMOVE_TAGS]
TAG_THUMBNAIL = of_bucket("put_object_tagging", Key=THUMBNAIL, Tagging={"TagSet": []})
SCAN = of_table("scan")
SEND = Call("sqs", "send_message", {"QueueUrl": "{failed}", "MessageBody": "{}"})
RECEIVE = Call("sqs", "receive_message", {"QueueUrl": "{failed}"})

# Nobody but an administrator may do these.
NEVER = [
    of_bucket("list_objects_v2"),  # the whole bucket
    listing("backup/"),
    put(ELSEWHERE),
    get(ELSEWHERE),
    delete(ELSEWHERE),
    TAG_THUMBNAIL,
    of_bucket("delete_bucket"),
    of_bucket("delete_bucket_policy"),
    of_bucket("put_bucket_policy", Policy="{}"),
    of_bucket("delete_public_access_block"),
    Call("s3", "list_buckets"),
    Call("s3", "put_object", {"Bucket": "other-bucket", "Key": MINE, "Body": b"x"}),
    Call("s3", "get_object", {"Bucket": "other-bucket", "Key": MINE}),
    of_table("delete_table"),
    of_table("get_item", "Other", Key=KEY),
    of_table("put_item", "Other", Item=KEY),
    of_table("query", "Other", **QUERY),
    Call("dynamodb", "list_tables"),
    RECEIVE,
    Call("sqs", "list_queues"),
    Call("iam", "list_users"),
    Call("iam", "create_access_key", {"UserName": "doctor"}),
    Call("lambda", "list_functions"),
    Call("cloudformation", "describe_stacks"),
]
DENIALS = {
    "resizer_session": [
        put(MINE),
        GET_RECORD,
        GET_RECORDS,
        PUT_RECORD,
        SCAN,
        Call("sqs", "send_message", {"QueueUrl": "{unhandled}", "MessageBody": "{}"}),
        *NEVER,
    ],
    "give_up_session": [
        *(call(key) for call in (put, get, delete) for key in (MINE, THUMBNAIL)),
        listing("uploads/"),
        GET_RECORD,
        GET_RECORDS,
        PUT_RECORD,
        DELETE_RECORD,
        SCAN,
        SEND,
        *TAGGING,
        *(call for call in NEVER if call is not RECEIVE),
    ],
    "api_session": [put(THUMBNAIL), DELETE_RECORD, SCAN, SEND, *TAGGING, *NEVER],
    "api_user_session": [put(THUMBNAIL), DELETE_RECORD, SCAN, SEND, *TAGGING, *NEVER],
    "uploader_session": [
        get(MINE),
        delete(MINE),
        put(THUMBNAIL),
        get(THUMBNAIL),
        delete(THUMBNAIL),
        listing("uploads/"),
        GET_RECORD,
        GET_RECORDS,
        PUT_RECORD,
        UPDATE_RECORD,
        DELETE_RECORD,
        QUERY_RECORDS,
        SCAN,
        SEND,
        *TAGGING,
        *NEVER,
    ],
    "doctor_session": [put(MINE), GET_RECORDS, PUT_RECORD, SEND, *NEVER],
}
THUMBNAIL_WORK = [put(THUMBNAIL), get(THUMBNAIL), delete(THUMBNAIL)]
LISTINGS = [listing("uploads/somebody/"), listing("thumbnails/200/")]
ALLOWED = {
    "resizer_session": [
        *(get(MINE), *TAGGING, delete(MINE)),
        *THUMBNAIL_WORK,
        *LISTINGS,
        *(QUERY_RECORDS, UPDATE_RECORD, DELETE_RECORD, SEND),
    ],
    "give_up_session": [QUERY_RECORDS, UPDATE_RECORD, RECEIVE],
    "api_session": [
        *(put(MINE), get(MINE), delete(MINE), get(THUMBNAIL), delete(THUMBNAIL)),
        *LISTINGS,
        *(GET_RECORD, GET_RECORDS, PUT_RECORD, UPDATE_RECORD, QUERY_RECORDS),
    ],
    "api_user_session": [put(MINE), get(MINE), QUERY_RECORDS],
    "uploader_session": [put(MINE)],
    "doctor_session": [
        *(get(MINE), *TAGGING, delete(MINE)),
        *THUMBNAIL_WORK,
        *(listing("uploads/"), listing("thumbnails/")),
        *(GET_RECORD, UPDATE_RECORD, DELETE_RECORD, QUERY_RECORDS, SCAN),
    ],
}


@pytest.fixture(scope="module")
def clients() -> dict[tuple[str, str], Any]:
    """Clients by identity and service: making one takes longer than a call."""
    return {}


@pytest.fixture
def act(
    request: pytest.FixtureRequest, stack: Stack, clients: dict[tuple[str, str], Any]
) -> Callable[[str, Call], Any]:
    """Make a call as an identity."""
    names = {
        "bucket": stack.bucket,
        "table": stack.table,
        "failed": stack.failed_events_url,
        "unhandled": stack.unhandled_events_url,
    }

    def call(identity: str, attempt: Call) -> Any:
        session = request.getfixturevalue(identity)
        if (identity, attempt.service) not in clients:
            clients[identity, attempt.service] = session.client(attempt.service)
        client = clients[identity, attempt.service]
        arguments = {
            name: value.format(**names) if isinstance(value, str) and len(value) > 2 else value
            for name, value in attempt.arguments.items()
        }
        if attempt is GET_RECORDS:
            arguments = {"RequestItems": {stack.table: {"Keys": [KEY]}}}
        return getattr(client, attempt.operation)(**arguments)

    return call


@pytest.fixture(scope="module", autouse=True)
def things_to_reach_for(root_session: boto3.Session, stack: Stack) -> Iterator[None]:
    """Objects, a bucket and a table that exist: a denial must not hide behind a 404."""
    client = root_session.client("s3")
    dynamodb = root_session.client("dynamodb")
    client.create_bucket(Bucket="other-bucket")
    client.put_object(Bucket="other-bucket", Key=MINE, Body=b"x")
    dynamodb.create_table(
        TableName="Other",
        AttributeDefinitions=[
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "imageId", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "imageId", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield
    client.delete_object(Bucket="other-bucket", Key=MINE)
    client.delete_bucket(Bucket="other-bucket")
    dynamodb.delete_table(TableName="Other")


@pytest.fixture(autouse=True)
def objects(s3: "S3Client", dynamodb: "DynamoDBClient", stack: Stack) -> Iterator[None]:
    for key in (MINE, THUMBNAIL, ELSEWHERE):
        s3.put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    yield
    for key in (MINE, THUMBNAIL, ELSEWHERE):
        s3.delete_object(Bucket=stack.bucket, Key=key)
    dynamodb.delete_item(TableName=stack.table, Key=KEY)


@pytest.mark.parametrize(
    ("identity", "attempt"),
    [(identity, call) for identity, calls in DENIALS.items() for call in calls],
    ids=str,
)
def test_an_identity_may_not_do_more(
    act: Callable[[str, Call], Any], identity: str, attempt: Call
) -> None:
    with pytest.raises(ClientError) as refused:
        act(identity, attempt)
    assert refused.value.response["Error"]["Code"] in DENIED


@pytest.mark.parametrize(
    ("identity", "attempt"),
    [(identity, call) for identity, calls in ALLOWED.items() for call in calls],
    ids=str,
)
def test_an_identity_may_do_its_work(
    act: Callable[[str, Call], Any], identity: str, attempt: Call
) -> None:
    act(identity, attempt)


def test_root_may_do_all_of_this(act: Callable[[str, Call], Any]) -> None:
    """So the policies, not the calls, are the reason for the denials above."""
    whole_bucket = of_bucket("list_objects_v2")
    for attempt in (put(ELSEWHERE), get(ELSEWHERE), whole_bucket, SCAN, PUT_RECORD, SEND):
        act("root_session", attempt)
