import json

import httpx

from api.__main__ import openapi_json


def test_the_document_contains_the_limits_from_the_settings(client: httpx.Client) -> None:
    served = client.get("/openapi.json").json()
    assert served == json.loads(openapi_json())
    size = served["components"]["schemas"]["UploadRequest"]["properties"]["size"]
    assert (size["minimum"], size["maximum"]) == (1, 50_000_000)


def test_the_docs_page_is_served(client: httpx.Client) -> None:
    assert "swagger" in client.get("/docs").text
