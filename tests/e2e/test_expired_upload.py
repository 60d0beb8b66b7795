import time

import boto3

from api.app import create_app
from api.settings import Settings
from local.emulator import REGION, Emulator
from tests.api.serving import serve
from tests.e2e.running import send
from tests.pictures import jpeg


def test_storage_refuses_an_upload_after_its_time(
    emulator: Emulator, bucket: str, table: str, api_session: boto3.Session, user_id: str
) -> None:
    data = jpeg(50, 50)
    settings = Settings(
        bucket=bucket,
        table=table,
        region=REGION,
        endpoint_url=emulator.url,
        upload_url_seconds=60,
    )
    answers = {}
    for age_seconds in (30, 61):
        app = create_app(
            settings, session=api_session, clock=lambda age=age_seconds: time.time() - age
        )
        with serve(app) as client:
            body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(data)}
            planned = client.post(f"/users/{user_id}/uploads", json=body).json()
        answers[age_seconds] = send(planned["upload"], data).status_code
    assert answers[30] < 300
    assert answers[61] == 403
