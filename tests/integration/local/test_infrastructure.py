"""What `template.yaml` creates, inspected after its deployment."""

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from contract.keys import OriginalKey
from local import infrastructure
from local.emulator import Emulator, EmulatorError
from tests.invocations import RecordedInvocations
from tools.ports import free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

IMAGE = "1763853422123-00000104-cat.jpg"
UPLOAD = f"uploads/somebody/{IMAGE}"
THUMBNAIL = f"thumbnails/200/{IMAGE}"
RECORD = {"userId": {"S": "somebody"}, "imageId": {"S": IMAGE}}


def test_an_object_under_uploads_invokes_the_resizer(
    s3: "S3Client", bucket: str, user_id: str, invocations: RecordedInvocations
) -> None:
    key = str(OriginalKey(user_id, IMAGE))
    s3.put_object(Bucket=bucket, Key=key, Body=b"cat")
    (event,) = invocations.wait_for(key)
    record = event["Records"][0]
    assert record["eventName"].startswith("ObjectCreated:")
    assert record["s3"]["bucket"]["name"] == bucket


def test_an_object_elsewhere_invokes_nothing(
    s3: "S3Client", bucket: str, user_id: str, invocations: RecordedInvocations
) -> None:
    elsewhere = f"thumbnails/200/{user_id}"
    s3.put_object(Bucket=bucket, Key=elsewhere, Body=b"cat")
    later = str(OriginalKey(user_id, IMAGE))
    s3.put_object(Bucket=bucket, Key=later, Body=b"cat")
    invocations.wait_for(later)
    assert invocations.about(elsewhere) == []


def test_the_bucket_is_private_and_allows_browsers_of_the_front_end(
    s3: "S3Client", bucket: str, emulator: Emulator
) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    s3.put_object(Bucket=bucket, Key=THUMBNAIL, Body=b"cat")
    assert httpx.get(f"{emulator.url}/{bucket}/{THUMBNAIL}").status_code == 403
    asked = {"Access-Control-Request-Method": "POST"}
    for origin, allowed in (("http://localhost:3000", True), ("http://evil.example", False)):
        response = httpx.options(f"{emulator.url}/{bucket}", headers={**asked, "Origin": origin})
        assert (response.headers.get("access-control-allow-origin") == origin) is allowed


def test_the_template_denies_requests_without_tls(
    root_session: boto3.Session,
) -> None:
    policy = _resources(root_session)["ImagesBucketPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = (one for one in policy["Statement"] if one.get("Sid") == "TlsOnly")
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_images_and_records_outlive_the_stack(root_session: boto3.Session) -> None:
    resources = _resources(root_session)
    for name in ("ImagesBucket", "ImagesTable"):
        assert resources[name]["DeletionPolicy"] == "Retain"
        assert resources[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_has_its_keys_expiry_and_backups(
    root_session: boto3.Session, dynamodb: "DynamoDBClient", table: str
) -> None:
    described = dynamodb.describe_table(TableName=table)["Table"]
    assert [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]] == [
        ("userId", "HASH"),
        ("imageId", "RANGE"),
    ]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expiresAt")
    properties = _resources(root_session)["ImagesTable"]["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_resizer_has_five_minutes_two_retries_and_a_queue_for_what_fails(
    root_session: boto3.Session, stack: infrastructure.Stack
) -> None:
    client: LambdaClient = root_session.client("lambda")
    name = infrastructure.RESIZE_IMAGE
    configuration = client.get_function_configuration(FunctionName=name)
    assert configuration["Timeout"] == 300
    variables = configuration["Environment"]["Variables"]
    assert variables["BUCKET"] == stack.bucket
    assert variables["DYNAMODB_TABLE"] == stack.table
    invoke = client.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    assert invoke["MaximumRetryAttempts"] == 2
    queue = _queue(root_session, stack.failed_events_url)
    assert invoke["DestinationConfig"]["OnFailure"]["Destination"] == queue["QueueArn"]


def test_events_that_give_up_cannot_handle_are_kept_for_two_weeks(
    root_session: boto3.Session, stack: infrastructure.Stack
) -> None:
    unhandled = _queue(root_session, stack.unhandled_events_url)
    redrive = json.loads(_queue(root_session, stack.failed_events_url)["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == unhandled["QueueArn"]
    assert int(redrive["maxReceiveCount"]) == 5
    assert int(unhandled["MessageRetentionPeriod"]) == 14 * 24 * 3600


API_DENIED = [
    ("s3", "put_object", {"Key": THUMBNAIL, "Body": b""}),
    ("s3", "put_object", {"Key": "elsewhere", "Body": b""}),
    ("s3", "get_object", {"Key": "elsewhere"}),
    ("s3", "list_objects_v2", {}),
    ("s3", "list_objects_v2", {"Prefix": "elsewhere/"}),
    ("s3", "delete_bucket", {}),
    ("dynamodb", "scan", {}),
    ("dynamodb", "delete_table", {}),
    ("dynamodb", "get_item", {"TableName": "Others", "Key": RECORD}),
]
RESIZER_DENIED = [
    ("s3", "put_object", {"Key": UPLOAD, "Body": b""}),
    ("s3", "put_object", {"Key": "elsewhere", "Body": b""}),
    ("s3", "get_object", {"Key": "elsewhere"}),
    ("s3", "delete_object", {"Key": "elsewhere"}),
    ("s3", "list_objects_v2", {}),
    ("s3", "list_objects_v2", {"Prefix": "elsewhere/"}),
    ("dynamodb", "put_item", {"Item": RECORD}),
    ("dynamodb", "scan", {}),
    ("dynamodb", "get_item", {"TableName": "Others", "Key": RECORD}),
]
GIVE_UP_DENIED = [
    ("s3", "get_object", {"Key": UPLOAD}),
    ("s3", "put_object", {"Key": THUMBNAIL, "Body": b""}),
    ("s3", "list_objects_v2", {"Prefix": "uploads/"}),
    ("dynamodb", "get_item", {"Key": RECORD}),
    ("dynamodb", "delete_item", {"Key": RECORD}),
    ("dynamodb", "scan", {}),
]


@pytest.mark.parametrize(
    ("identity", "service", "operation", "arguments"),
    [
        *(("api_session", *attempt) for attempt in API_DENIED),
        *(("resizer_session", *attempt) for attempt in RESIZER_DENIED),
        *(("give_up_session", *attempt) for attempt in GIVE_UP_DENIED),
    ],
)
def test_an_identity_may_do_no_more_than_its_part_needs(
    request: pytest.FixtureRequest,
    stack: infrastructure.Stack,
    identity: str,
    service: str,
    operation: str,
    arguments: dict[str, Any],
) -> None:
    session: boto3.Session = request.getfixturevalue(identity)
    place = {"Bucket": stack.bucket} if service == "s3" else {"TableName": stack.table}
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(session.client(service), operation)(**{**place, **arguments})


@pytest.mark.parametrize("identity", ["api_session", "resizer_session"])
def test_readers_can_tell_a_missing_object_from_a_forbidden_one(
    request: pytest.FixtureRequest, bucket: str, identity: str
) -> None:
    session: boto3.Session = request.getfixturevalue(identity)
    with pytest.raises(ClientError, match="NoSuchKey"):
        session.client("s3").get_object(Bucket=bucket, Key=UPLOAD)


def test_an_existing_bucket_is_adopted_with_all_its_objects(
    tmp_path: Path, invocations: RecordedInvocations
) -> None:
    for start in (1, 2):
        functions = {infrastructure.RESIZE_IMAGE: invocations.url}
        with Emulator(free_port(), tmp_path, functions) as emulator:
            stack = infrastructure.deploy(emulator.root, emulator.url, {})
            s3: S3Client = emulator.root.session().client("s3", endpoint_url=emulator.url)
            s3.put_object(Bucket=stack.bucket, Key=f"uploads/start-{start}/{IMAGE}", Body=b"cat")
            invocations.wait_for(f"uploads/start-{start}/{IMAGE}")
            emulator.kill()
    with Emulator(free_port(), tmp_path, {}) as emulator:
        s3 = emulator.root.session().client("s3", endpoint_url=emulator.url)
        listed = s3.list_objects_v2(Bucket=stack.bucket)
        assert listed["KeyCount"] == 2


def test_a_rejected_template_is_reported_with_the_reason(tmp_path: Path) -> None:
    with (
        Emulator(free_port(), tmp_path, {}) as emulator,
        pytest.raises(infrastructure.DeployError, match=r"was not deployed: .*ThumbnailWidths"),
    ):
        infrastructure.deploy(emulator.root, emulator.url, {"ThumbnailWidths": "wide"})


def test_an_emulator_that_does_not_start_is_reported_with_its_log(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(EmulatorError, match=r"did not start: see .*emulator\.log"),
    ):
        Emulator(other.getsockname()[1], tmp_path, {})


def _resources(root_session: boto3.Session) -> dict[str, Any]:
    client = root_session.client("cloudformation")
    body = client.get_template(StackName=infrastructure.STACK, TemplateStage="Processed")
    resources: dict[str, Any] = body["TemplateBody"]["Resources"]
    return resources


def _queue(root_session: boto3.Session, url: str) -> dict[str, Any]:
    client: SQSClient = root_session.client("sqs")
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in attributes.items()}
