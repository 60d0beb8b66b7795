"""List and upload as tutorials write them: a client for each request, botocore's presigning.

The responses have the same substance as the API's: three signed URLs per image, a POST policy that
fixes key, type and size, and a record that is written before the response.
"""

import os
import time
import uuid
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
BUCKET = os.environ["BUCKET"]
TABLE = os.environ["DYNAMODB_TABLE"]


class UploadRequest(BaseModel):
    filename: str
    contentType: str  # noqa: N815 - the name in JSON
    size: int


def s3_client() -> Any:
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@app.get("/users/{user_id}/images")
def list_images(user_id: str, limit: int = 50) -> dict[str, Any]:
    table = boto3.resource("dynamodb").Table(TABLE)
    found = table.query(
        KeyConditionExpression=Key("userId").eq(user_id), ScanIndexForward=False, Limit=limit
    )
    s3 = s3_client()

    def url(key: str) -> Any:
        return s3.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=3600
        )

    return {
        "items": [
            {
                **item,
                "originalUrl": url(item["originalKey"]),
                "thumbUrl200": url(item["thumb200Key"]),
                "thumbUrl400": url(item["thumb400Key"]),
            }
            for item in found["Items"]
        ]
    }


@app.post("/users/{user_id}/uploads", status_code=201)
def plan_upload(user_id: str, body: UploadRequest) -> dict[str, Any]:
    now = int(time.time() * 1000)
    image_id = f"{now}-{uuid.uuid4().hex[:8]}-{body.filename}"
    key = f"uploads/{user_id}/{image_id}"
    table = boto3.resource("dynamodb").Table(TABLE)
    table.put_item(
        Item={
            "userId": user_id,
            "imageId": image_id,
            "originalKey": key,
            "status": "pending",
            "createdAt": now,
            "filename": body.filename,
            "contentType": body.contentType,
            "size": body.size,
        }
    )
    upload = s3_client().generate_presigned_post(
        BUCKET,
        key,
        Fields={"Content-Type": body.contentType},
        Conditions=[
            {"Content-Type": body.contentType},
            ["content-length-range", body.size, body.size],
        ],
        ExpiresIn=3600,
    )
    return {"imageId": image_id, "upload": upload}
