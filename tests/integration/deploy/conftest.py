import boto3
import pytest

from local.emulator import REGION
from local.infrastructure import STACK


def physical_id(root_session: boto3.Session, logical_id: str) -> str:
    """The name that the deployed stack gave to a resource."""
    client = root_session.client("cloudformation")
    found = client.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def user_session(root_session: boto3.Session, name: str) -> boto3.Session:
    """A session with an access key of an IAM user, as an operator would make it."""
    key = root_session.client("iam").create_access_key(UserName=name)["AccessKey"]
    return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)


@pytest.fixture(scope="session")
def uploader_session(root_session: boto3.Session) -> boto3.Session:
    """The template's UploaderUser."""
    return user_session(root_session, physical_id(root_session, "UploaderUser"))


@pytest.fixture(scope="session")
def api_user_session(root_session: boto3.Session) -> boto3.Session:
    """The template's ApiUser."""
    return user_session(root_session, physical_id(root_session, "ApiUser"))


@pytest.fixture(scope="session")
def doctor_session(root_session: boto3.Session) -> boto3.Session:
    """A user to whom an operator attached DoctorPolicy."""
    iam = root_session.client("iam")
    iam.create_user(UserName="doctor")
    policy = physical_id(root_session, "DoctorPolicy")
    iam.attach_user_policy(UserName="doctor", PolicyArn=policy)
    return user_session(root_session, "doctor")
