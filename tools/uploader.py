"""Uploads to a running API as a browser would."""

import time
from typing import Any

import httpx

Image = dict[str, Any]


class Uploader:
    """`client` leads to the API."""

    client: httpx.Client

    def plan(self, user_id: str, data: bytes, **declared: Any) -> dict[str, Any]:
        body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": len(data), **declared}
        answer = self.client.post(f"/users/{user_id}/uploads", json=body)
        assert answer.status_code == 201, answer.text
        planned: dict[str, Any] = answer.json()
        return planned

    def upload(self, user_id: str, data: bytes, **declared: Any) -> str:
        """Plan and send one file; its image id."""
        planned = self.plan(user_id, data, **declared)
        answer = send(planned["upload"], data)
        assert answer.status_code in {200, 201, 204}, answer.text
        return str(planned["image"]["imageId"])

    def finished(self, user_id: str, image_id: str, seconds: float = 60) -> Image:
        """The image once it is done or failed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.client.get(f"/users/{user_id}/images/{image_id}", params={"wait": 5})
            image: Image = answer.json()
            if answer.status_code == 200 and image["status"] in {"done", "failed"}:
                return image
        raise AssertionError(f"{image_id} is not finished: {answer.text}")

    def listing(self, user_id: str) -> list[Image]:
        answer = self.client.get(f"/users/{user_id}/images", params={"limit": 100})
        assert answer.status_code == 200, answer.text
        items: list[Image] = answer.json()["items"]
        return items


def send(upload: dict[str, Any], data: bytes) -> httpx.Response:
    """The multipart POST that a browser makes of the fields and the file."""
    file = {"file": ("blob", data, "application/octet-stream")}
    return httpx.post(upload["url"], data=upload["fields"], files=file, timeout=40)
