import httpx


def test_a_planned_upload_is_stored_and_listed(client: httpx.Client, user_id: str) -> None:
    data = b"not an image, but ten"[:10]
    response = client.post(
        f"/users/{user_id}/uploads",
        json={"filename": "crème brûlée.jpg", "contentType": "image/jpeg", "size": 10},
    )
    assert response.status_code == 201, response.text
    planned = response.json()
    sent = httpx.post(
        planned["upload"]["url"],
        data=planned["upload"]["fields"],
        files={"file": ("x", data, "image/jpeg")},
    )
    assert sent.status_code == 201, sent.text
    page = client.get(f"/users/{user_id}/images").json()
    assert [image["imageId"] for image in page["items"]] == [planned["image"]["imageId"]]
    assert page["nextCursor"] is None
    one = client.get(f"/users/{user_id}/images/{planned['image']['imageId']}")
    assert one.json()["filename"] == "crème brûlée.jpg"
    gone = client.delete(f"/users/{user_id}/images/{planned['image']['imageId']}")
    assert gone.status_code == 204
    assert client.get(f"/users/{user_id}/images").json()["items"] == []
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.get("/openapi.json").status_code == 200
