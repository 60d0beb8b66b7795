"""Storage accepts the upload that was planned, and nothing else."""

import hashlib
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.use_cases.pending_records import GRACE_SECONDS
from contract.metadata import decode_filename
from contract.record import ImageRecord
from tests.integration.api.conftest import CreateApp
from tests.records import CAT
from tests.serving import serve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

BYTES = b"0123456789"


def planned(client: httpx.Client, user_id: str, **changes: Any) -> dict[str, Any]:
    response = client.post(f"/users/{user_id}/uploads", json={**CAT, **changes})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def send(upload: dict[str, Any], data: bytes = BYTES, **fields: str) -> httpx.Response:
    """As a browser would."""
    assert upload["method"] == "POST"
    return httpx.post(
        upload["url"], data={**upload["fields"], **fields}, files={"file": ("blob", data)}
    )


def send_put(upload: dict[str, Any], data: bytes = BYTES, **headers: str) -> httpx.Response:
    assert upload["method"] == "PUT"
    return httpx.put(upload["url"], content=data, headers={**upload["headers"], **headers})


def test_the_record_exists_before_the_upload(
    client: httpx.Client, dynamodb: "DynamoDBClient", table: str, user_id: str
) -> None:
    before = int(time.time())
    image = planned(client, user_id, filename="crème brûlée.JPG")["image"]
    key: Any = {"userId": {"S": user_id}, "imageId": {"S": image["imageId"]}}
    record = ImageRecord.from_item(dynamodb.get_item(TableName=table, Key=key)["Item"])
    assert record.status == "pending"
    assert record.filename == "crème brûlée.JPG"
    assert record.expires_at_s is not None
    assert 0 <= record.expires_at_s - GRACE_SECONDS - 3600 - before <= 5
    assert image["imageId"].endswith("-creme-brulee.JPG")
    assert image["createdAt"] == int(image["imageId"][:13])


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_storage_accepts_the_upload_and_keeps_what_was_declared(
    client: httpx.Client, s3: "S3Client", bucket: str, user_id: str, method: str
) -> None:
    name = "crème brûlée & co; 100%.jpg"
    body = planned(client, user_id, filename=name, method=method)
    sent = (send if method == "POST" else send_put)(body["upload"])
    assert sent.status_code == (201 if method == "POST" else 200), sent.text
    head = s3.head_object(Bucket=bucket, Key=body["image"]["originalKey"])
    assert head["ContentType"] == "image/jpeg"
    assert head["CacheControl"] == "private, max-age=31536000, immutable"
    assert decode_filename(head["Metadata"]["filename"]) == name


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("said", ["image/jpg", "Image/PJPEG", "image/jpeg; charset=binary"])
def test_a_type_by_another_name_is_stored_under_its_own(
    client: httpx.Client, s3: "S3Client", bucket: str, user_id: str, said: str, method: str
) -> None:
    body = planned(client, user_id, contentType=said, method=method)
    upload = body["upload"]
    assert body["image"]["contentType"] == "image/jpeg"
    assert {**upload["fields"], **upload["headers"]}["Content-Type"] == "image/jpeg"
    if method == "POST":  # a browser writes its own name into the part that has the file
        file = ("blob", BYTES, said)
        sent = httpx.post(upload["url"], data=upload["fields"], files={"file": file})
    else:
        sent = send_put(upload)
    assert sent.status_code in {200, 201}, sent.text
    head = s3.head_object(Bucket=bucket, Key=body["image"]["originalKey"])
    assert head["ContentType"] == "image/jpeg"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_front_end_may_send_the_upload_from_a_page(
    client: httpx.Client, user_id: str, method: str
) -> None:
    upload = planned(client, user_id, method=method)["upload"]
    preflight = httpx.options(
        upload["url"],
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ", ".join(sorted(map(str.lower, upload["headers"]))),
        },
    )
    assert preflight.status_code == 200
    assert method in preflight.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (BYTES + b"!", {}),
        (BYTES[:-1], {}),
        (b"", {}),
        (BYTES, {"Content-Type": "text/html"}),
        (BYTES, {"key": "uploads/somebody/1763853422123-cat.jpg"}),
        (BYTES, {"x-amz-meta-filename": "other"}),
        (BYTES, {"success_action_status": "200"}),
        (BYTES, {"x-amz-meta-more": "x"}),
        (BYTES, {"acl": "public-read"}),
    ],
    ids=["longer", "shorter", "empty", "type", "key", "filename", "status", "metadata", "acl"],
)
def test_storage_rejects_an_upload_that_breaks_the_policy(
    client: httpx.Client, user_id: str, data: bytes, fields: dict[str, str]
) -> None:
    upload = planned(client, user_id)["upload"]
    assert send(upload, data, **fields).status_code in {400, 403}
    assert send(upload).status_code == 201


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (BYTES + b"!", {}),
        (BYTES, {"Content-Type": "text/html"}),
        (BYTES, {"x-amz-meta-filename": "x"}),
    ],
    ids=["longer", "type", "filename"],
)
def test_storage_rejects_a_put_with_other_headers(
    client: httpx.Client, user_id: str, data: bytes, headers: dict[str, str]
) -> None:
    upload = planned(client, user_id, method="PUT")["upload"]
    assert send_put(upload, data, **headers).status_code == 403
    assert send_put(upload).status_code == 200


def test_storage_rejects_bytes_that_do_not_match_the_declared_checksum(
    client: httpx.Client, user_id: str
) -> None:
    digest = hashlib.sha256(BYTES).hexdigest()
    upload = planned(client, user_id, sha256=digest, method="PUT")["upload"]
    assert send_put(upload, b"9876543210").status_code == 400
    assert send_put(upload).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"x-amz-checksum-sha256": b64encode(hashlib.sha256(b"9876543210").digest()).decode()},
        {"x-amz-checksum-algorithm": "CRC32"},
    ],
    ids=["checksum", "algorithm"],
)
def test_the_declared_checksum_is_pinned_in_the_policy(
    client: httpx.Client, user_id: str, change: dict[str, str]
) -> None:
    """The emulator does not show that storage compares a form's checksum with the bytes."""
    digest = hashlib.sha256(BYTES)
    upload = planned(client, user_id, sha256=digest.hexdigest())["upload"]
    assert upload["fields"]["x-amz-checksum-sha256"] == b64encode(digest.digest()).decode()
    assert send(upload, BYTES, **change).status_code == 403
    assert send(upload).status_code == 201


def test_storage_rejects_an_expired_upload(make_app: CreateApp, user_id: str) -> None:
    with serve(make_app(clock=lambda: time.time() - 3601)) as late:
        upload = planned(late, user_id)["upload"]
        assert upload["expiresAt"] < time.time() * 1000
        assert send(upload).status_code == 403


def test_a_whole_size_written_with_a_decimal_point_is_accepted(
    client: httpx.Client, user_id: str
) -> None:
    assert planned(client, user_id, size=10.0)["image"]["size"] == 10


def test_a_batch_returns_its_files_in_order_with_a_record_for_each(
    client: httpx.Client, user_id: str
) -> None:
    files = [{**CAT, "filename": f"{number}.jpg", "size": number + 1} for number in range(100)]
    response = client.post(f"/users/{user_id}/uploads/batch", json={"files": files})
    assert response.status_code == 201, response.text
    items = response.json()["items"]
    assert [item["image"]["filename"] for item in items] == [file["filename"] for file in files]
    page = client.get(f"/users/{user_id}/images", params={"limit": 100}).json()
    assert {image["imageId"] for image in page["items"]} == {
        item["image"]["imageId"] for item in items
    }
    assert send(items[9]["upload"]).status_code == 201


def test_a_batch_with_one_invalid_file_plans_nothing(client: httpx.Client, user_id: str) -> None:
    files = [CAT, {**CAT, "size": 50_000_001}]
    response = client.post(f"/users/{user_id}/uploads/batch", json={"files": files})
    assert (response.status_code, response.json()["code"]) == (422, "file_too_large")
    assert client.get(f"/users/{user_id}/images").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"size": 0}, "invalid_request", "/size"),
        ({"size": "10"}, "invalid_request", "/size"),
        ({"size": 10.5}, "invalid_request", "/size"),
        ({"size": True}, "invalid_request", "/size"),
        ({"size": 50_000_001}, "file_too_large", None),
        ({"contentType": "image/svg+xml"}, "unsupported_content_type", "/contentType"),
        ({"contentType": "text/html; image/jpeg"}, "unsupported_content_type", "/contentType"),
        ({"contentType": 7}, "unsupported_content_type", "/contentType"),
        ({"filename": ""}, "invalid_filename", "/filename"),
        ({"filename": "a\x00b"}, "invalid_filename", "/filename"),
        ({"filename": "é" * 128}, "invalid_filename", "/filename"),
        ({"sha256": "A" * 64}, "invalid_request", "/sha256"),
        ({"method": "PATCH"}, "invalid_request", "/method"),
        ({"more": 1}, "invalid_request", "/more"),
    ],
)
def test_an_invalid_file_gets_a_stable_code(
    client: httpx.Client, user_id: str, changes: dict[str, Any], code: str, pointer: str | None
) -> None:
    response = client.post(f"/users/{user_id}/uploads", json={**CAT, **changes})
    body = response.json()
    assert (response.status_code, body["code"]) == (422, code)
    assert [error["pointer"] for error in body.get("errors", [])] == ([pointer] if pointer else [])
    assert client.get(f"/users/{user_id}/images").json()["items"] == []


def test_retrying_a_put_whose_response_was_lost_succeeds(make_app: CreateApp, user_id: str) -> None:
    """As botocore retries if a response is lost: the same clock and seed give the same record."""
    app = make_app(clock=lambda: 1763853422.5, seed=lambda: "the same")
    with serve(app) as client:
        first, second = planned(client, user_id), planned(client, user_id)
        assert first == second
        assert len(client.get(f"/users/{user_id}/images").json()["items"]) == 1
        batch = {"files": [CAT, CAT]}
        responses = [client.post(f"/users/{user_id}/uploads/batch", json=batch) for _ in range(2)]
        assert [response.status_code for response in responses] == [201, 201]
        assert responses[0].json() == responses[1].json()
