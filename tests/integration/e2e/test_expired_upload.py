import time

import boto3

from api.app import create_app
from api.settings import Settings
from local.emulator import REGION, Emulator
from tests.serving import serve
from tools.pictures import jpeg
from tools.uploader import send


def test_storage_rejects_an_expired_upload(
    emulator: Emulator, bucket: str, table: str, api_session: boto3.Session, user_id: str
) -> None:
    settings = Settings(
        bucket=bucket,
        table=table,
        region=REGION,
        endpoint_url=emulator.url,
        upload_url_seconds=60,
    )
    statuses = {age: _upload_planned_ago(age, settings, api_session, user_id) for age in (30, 61)}
    assert statuses[30] < 300
    assert statuses[61] == 403


def _upload_planned_ago(
    age_seconds: int, settings: Settings, session: boto3.Session, user_id: str
) -> int:
    data = jpeg(50, 50)
    body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(data)}
    app = create_app(settings, session=session, clock=lambda: time.time() - age_seconds)
    with serve(app) as client:
        planned = client.post(f"/users/{user_id}/uploads", json=body).json()
    return send(planned["upload"], data).status_code
