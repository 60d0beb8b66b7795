"""A bucket and a table for the model alone, so that its doctor may look at everything."""

from typing import Any

import boto3
import pytest

from api.http.services import Services
from api.settings import Settings as ApiSettings
from local.emulator import REGION, Emulator
from resizer.repository import DYNAMODB_CONFIG
from resizer.settings import Settings
from resizer.storage import S3_CONFIG
from tests.proofs.model.system import ApiClock, Aws
from tests.proofs.model.workers import stop_before_send

BUCKET, TABLE = "model-images", "ModelImages"


@pytest.fixture(scope="session")
def model_settings() -> Settings:
    return Settings.from_environment({"BUCKET": BUCKET, "DYNAMODB_TABLE": TABLE})


@pytest.fixture(scope="session")
def aws(emulator: Emulator, root_session: boto3.Session) -> Aws:
    s3: Any = root_session.client("s3", config=S3_CONFIG)
    dynamodb: Any = root_session.client("dynamodb", config=DYNAMODB_CONFIG)
    s3.create_bucket(Bucket=BUCKET)
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "imageId", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "userId", "KeyType": "HASH"},
            {"AttributeName": "imageId", "KeyType": "RANGE"},
        ],
    )
    clock = ApiClock()
    gated = emulator.root.session()
    stop_before_send(gated)
    settings = ApiSettings(bucket=BUCKET, table=TABLE, region=REGION, endpoint_url=emulator.url)
    return Aws(
        gated_s3=gated.client("s3", config=S3_CONFIG),
        gated_dynamodb=gated.client("dynamodb", config=DYNAMODB_CONFIG),
        services=Services.connect(settings, session=gated, clock=lambda: clock.now_s),
        clock=clock,
        s3=s3,
        dynamodb=dynamodb,
    )
