"""Uploads images to a running API as a browser does."""

import time
from typing import Any

import httpx

Image = dict[str, Any]


class Uploader:
    """The base URL of `client` is the API's."""

    client: httpx.Client

    def plan(self, user_id: str, data: bytes, **declared: Any) -> dict[str, Any]:
        body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(data), **declared}
        response = self.client.post(f"/users/{user_id}/uploads", json=body)
        assert response.status_code == 201, response.text
        planned: dict[str, Any] = response.json()
        return planned

    def upload(self, user_id: str, data: bytes, **declared: Any) -> str:
        """Plan and send one file; returns its image id."""
        planned = self.plan(user_id, data, **declared)
        response = send(planned["upload"], data)
        assert response.status_code in {200, 201, 204}, response.text
        return str(planned["image"]["imageId"])

    def finished(self, user_id: str, image_id: str, seconds: float = 60) -> Image:
        """Wait until the image is done or failed, and return it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            response = self.client.get(f"/users/{user_id}/images/{image_id}", params={"wait": 5})
            image: Image = response.json()
            if response.status_code == 200 and image["status"] in {"done", "failed"}:
                return image
        raise AssertionError(f"{image_id} is not finished: {response.text}")

    def listing(self, user_id: str) -> list[Image]:
        response = self.client.get(f"/users/{user_id}/images", params={"limit": 100})
        assert response.status_code == 200, response.text
        items: list[Image] = response.json()["items"]
        return items


def send(upload: dict[str, Any], data: bytes) -> httpx.Response:
    """Send the fields and the file as the multipart POST that a browser sends."""
    file = {"file": ("blob", data, "application/octet-stream")}
    return httpx.post(upload["url"], data=upload["fields"], files=file, timeout=40)
