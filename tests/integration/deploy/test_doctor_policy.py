"""The doctor, run by an identity that has DoctorPolicy and nothing else."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import boto3

from contract.keys import OriginalKey
from local.emulator import ROOT, Emulator, endpoint_environment
from local.infrastructure import Stack
from tools.pictures import jpeg

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

IMAGE = "1763853422123-00000d0c-cat.jpg"


def test_the_doctor_can_repair_with_its_policy(
    doctor_session: boto3.Session,
    emulator: Emulator,
    stack: Stack,
    s3: "S3Client",
    dynamodb: "DynamoDBClient",
    user_id: str,
) -> None:
    key = OriginalKey(user_id, IMAGE)
    s3.put_object(Bucket=stack.bucket, Key=str(key), Body=jpeg(), ContentType="image/jpeg")
    keys = doctor_session.get_credentials()
    assert keys is not None
    environment = {
        "PATH": os.environ["PATH"],
        **endpoint_environment(emulator.url),
        "AWS_ACCESS_KEY_ID": keys.access_key or "",
        "AWS_SECRET_ACCESS_KEY": keys.secret_key or "",
        "BUCKET": stack.bucket,
        "DYNAMODB_TABLE": stack.table,
    }
    command = ["-m", "resizer", "doctor", "--repair", "--grace", "0", "--user", user_id]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    primary_key: Any = {"userId": {"S": user_id}, "imageId": {"S": IMAGE}}
    record = dynamodb.get_item(TableName=stack.table, Key=primary_key)["Item"]
    assert record["status"] == {"S": "done"}
