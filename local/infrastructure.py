"""`template.yaml`, deployed into the emulator by CloudFormation.

The bucket may already exist, with the images of the last run. It is created if it is missing, and
imported into the stack; an update then creates the rest. So every start works the same way.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from local.emulator import ROOT, Credentials, endpoint_environment
from local.pool import Function

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

TEMPLATE = ROOT / "template.yaml"
STACK = "thumbline"
BUCKET = "thumbline-images"
BUCKET_RESOURCE = "ImagesBucket"
RESIZE_IMAGE = f"{STACK}-ResizeImage"  # as the template names them
GIVE_UP = f"{STACK}-GiveUp"
ROLE_SECONDS = 10 * 365 * 24 * 3600  # the emulator allows more than AWS's 12 hours
DEPLOY_SECONDS = 60.0


class DeployError(Exception):
    """The template was not deployed; the message says why."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the template created: names, and an identity for each part."""

    bucket: str
    table: str
    api: Credentials
    resizer: Credentials
    give_up: Credentials
    resize_image_function: Function
    give_up_function: Function
    failed_events_url: str
    unhandled_events_url: str


def deploy(root: Credentials, endpoint_url: str, parameters: Mapping[str, str]) -> Stack:
    """Deploy the template as `root`, which then assumes its roles. Raises DeployError."""
    session = root.session()
    s3: S3Client = session.client("s3", endpoint_url=endpoint_url)
    cloudformation: CloudFormationClient = session.client(
        "cloudformation", endpoint_url=endpoint_url
    )
    try:
        _adopt_bucket(s3, cloudformation)
        outputs = _update(cloudformation, {"BucketName": BUCKET, **parameters})
    except ClientError as exc:
        raise DeployError(f"template.yaml was not deployed: {exc}") from exc
    _allow_http(s3)
    dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=endpoint_url)
    _let_records_expire(cloudformation, dynamodb, outputs["TableName"])
    roles = {
        name: _assume(session, endpoint_url, outputs[f"{name}Arn"])
        for name in ("ApiRole", "LambdaResizeRole", "LambdaGiveUpRole")
    }
    return Stack(
        bucket=outputs["BucketName"],
        table=outputs["TableName"],
        api=roles["ApiRole"],
        resizer=roles["LambdaResizeRole"],
        give_up=roles["LambdaGiveUpRole"],
        resize_image_function=_function(
            session, endpoint_url, RESIZE_IMAGE, roles["LambdaResizeRole"]
        ),
        give_up_function=_function(session, endpoint_url, GIVE_UP, roles["LambdaGiveUpRole"]),
        failed_events_url=outputs["FailedEventsUrl"],
        unhandled_events_url=outputs["UnhandledEventsUrl"],
    )


def _adopt_bucket(s3: "S3Client", cloudformation: "CloudFormationClient") -> None:
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    only_the_bucket = {
        "Resources": {
            BUCKET_RESOURCE: {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "Properties": {"BucketName": BUCKET},
            }
        }
    }
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(only_the_bucket),
        ResourcesToImport=[
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": BUCKET_RESOURCE,
                "ResourceIdentifier": {"BucketName": BUCKET},
            }
        ],
    )
    _settle(
        lambda: cloudformation.describe_change_set(StackName=STACK, ChangeSetName="adopt"),
        "CREATE_COMPLETE",
    )
    cloudformation.execute_change_set(StackName=STACK, ChangeSetName="adopt")
    _settle(lambda: _describe(cloudformation), "IMPORT_COMPLETE")


def _update(cloudformation: "CloudFormationClient", parameters: dict[str, str]) -> dict[str, str]:
    cloudformation.update_stack(
        StackName=STACK,
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = _settle(lambda: _describe(cloudformation), "UPDATE_COMPLETE")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _describe(cloudformation: "CloudFormationClient") -> dict[str, Any]:
    return dict(cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])


def _settle(describe: Callable[[], Mapping[str, Any]], expected: str) -> Mapping[str, Any]:
    """Wait for a stack or change set to settle. boto3's waiters would poll every few seconds."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        described = describe()
        status = described.get("StackStatus") or described["Status"]
        if status == expected:
            return described
        if not status.endswith(("_IN_PROGRESS", "_PENDING")):
            reason = described.get("StackStatusReason") or described.get("StatusReason")
            raise DeployError(f"template.yaml was not deployed: {status}: {reason}")
        time.sleep(0.05)
    raise DeployError(f"template.yaml was not deployed within {DEPLOY_SECONDS:.0f} seconds.")


def _allow_http(s3: "S3Client") -> None:
    """Remove the one statement that cannot hold on loopback: TLS only."""
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    rest = [statement for statement in policy["Statement"] if statement.get("Sid") != "TlsOnly"]
    if rest:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({**policy, "Statement": rest}))
    else:
        s3.delete_bucket_policy(Bucket=BUCKET)


def _let_records_expire(
    cloudformation: "CloudFormationClient", dynamodb: "DynamoDBClient", table_name: str
) -> None:
    """Set the table's TimeToLiveSpecification, which the emulator's CloudFormation ignores."""
    template: Any = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")
    table = template["TemplateBody"]["Resources"]["ImagesTable"]["Properties"]
    dynamodb.update_time_to_live(
        TableName=table_name, TimeToLiveSpecification=table["TimeToLiveSpecification"]
    )


def _function(session: boto3.Session, endpoint_url: str, name: str, role: Credentials) -> Function:
    """A function as the template deployed it, with its command, timeout and variables."""
    client: LambdaClient = session.client("lambda", endpoint_url=endpoint_url)
    configuration = client.get_function_configuration(FunctionName=name)
    return Function(
        name=name,
        arn=configuration["FunctionArn"],
        handler=configuration["ImageConfigResponse"]["ImageConfig"]["Command"][0],
        timeout_seconds=configuration["Timeout"],
        environment={
            **configuration["Environment"]["Variables"],
            **role.environment(),
            **endpoint_environment(endpoint_url),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        },
    )


def _assume(session: boto3.Session, endpoint_url: str, role_arn: str) -> Credentials:
    """A role's credentials. Its trust policy changes first: no Lambda service assumes it here."""
    iam: IAMClient = session.client("iam", endpoint_url=endpoint_url)
    sts: STSClient = session.client("sts", endpoint_url=endpoint_url)
    account = sts.get_caller_identity()["Account"]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    iam.update_assume_role_policy(
        RoleName=role_arn.rsplit("/", 1)[-1],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    assumed = sts.assume_role(
        RoleArn=role_arn, RoleSessionName="local", DurationSeconds=ROLE_SECONDS
    )
    keys = assumed["Credentials"]
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
