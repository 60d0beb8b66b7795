import io

import httpx
import pytest

from tools.local_run import LocalRun
from tools.pictures import jpeg, opened, picture
from tools.uploader import send


def test_an_upload_becomes_thumbnails_and_is_listed(system: LocalRun, user_id: str) -> None:
    image_id = system.upload(user_id, jpeg(1200, 800), filename="Grüße.jpg")
    image = system.finished(user_id, image_id)
    assert image["status"] == "done"
    assert (image["width"], image["height"]) == (1200, 800)
    assert image["filename"] == "Grüße.jpg"
    sizes = [opened(httpx.get(thumb["url"]).content).size for thumb in image["thumbnails"]]
    assert sizes == [(200, 133), (400, 267)]
    assert [listed["imageId"] for listed in system.listing(user_id)] == [image_id]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_format_gets_thumbnails_of_the_exact_width(
    system: LocalRun, user_id: str, format_name: str
) -> None:
    output = io.BytesIO()
    picture(640, 480).save(output, format_name)
    content_type = f"image/{format_name.lower()}"
    image_id = system.upload(user_id, output.getvalue(), contentType=content_type)
    image = system.finished(user_id, image_id)
    assert image["contentType"] == content_type
    assert [(thumb["width"], thumb["height"]) for thumb in image["thumbnails"]] == [
        (200, 150),
        (400, 300),
    ]


def test_a_small_image_is_not_enlarged(system: LocalRun, user_id: str) -> None:
    image = system.finished(user_id, system.upload(user_id, jpeg(300, 150)))
    assert [(thumb["width"], thumb["height"]) for thumb in image["thumbnails"]] == [
        (200, 100),
        (300, 150),
    ]


def test_the_newest_image_comes_first(system: LocalRun, user_id: str) -> None:
    uploaded = [system.upload(user_id, jpeg(50, 50)) for _ in range(3)]
    for image_id in uploaded:
        system.finished(user_id, image_id)
    assert [image["imageId"] for image in system.listing(user_id)] == uploaded[::-1]


def test_bytes_that_are_not_an_image_fail_with_a_reason(system: LocalRun, user_id: str) -> None:
    image = system.finished(user_id, system.upload(user_id, b"this is no image"))
    assert (image["status"], image["error"]) == ("failed", "unsupported_format")


def test_a_deleted_image_is_gone_from_listing_and_storage(system: LocalRun, user_id: str) -> None:
    image = system.finished(user_id, system.upload(user_id, jpeg(50, 50)))
    path = f"/users/{user_id}/images/{image['imageId']}"
    assert system.client.delete(path).status_code == 204
    assert system.client.get(path).status_code == 404
    assert system.listing(user_id) == []
    urls = [image["originalUrl"], *(thumb["url"] for thumb in image["thumbnails"])]
    assert {httpx.get(url).status_code for url in urls} == {404}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "uploads/somebody-else/1763853422123-9f86d081-cat.jpg"),
        ("key", "thumbnails/200/1763853422123-9f86d081-cat.jpg"),
        ("Content-Type", "text/html"),
    ],
)
def test_storage_rejects_an_upload_with_another_key_or_type(
    system: LocalRun, user_id: str, field: str, value: str
) -> None:
    data = jpeg(50, 50)
    upload = system.plan(user_id, data)["upload"]
    assert field in upload["fields"]
    upload["fields"][field] = value
    assert send(upload, data).status_code == 403


@pytest.mark.parametrize("size", [1, -1])
def test_storage_rejects_a_file_of_another_size(system: LocalRun, user_id: str, size: int) -> None:
    data = jpeg(50, 50)
    upload = system.plan(user_id, data, size=len(data) - size)["upload"]
    response = send(upload, data)
    assert response.status_code == 400
    assert "EntityToo" in response.text


def test_storage_rejects_an_upload_without_a_signature(system: LocalRun, user_id: str) -> None:
    data = jpeg(50, 50)
    upload = system.plan(user_id, data)["upload"]
    del upload["fields"]["x-amz-signature"]
    assert send(upload, data).status_code in {400, 403}


def test_the_bucket_cannot_be_read_without_a_signature(system: LocalRun, user_id: str) -> None:
    image = system.finished(user_id, system.upload(user_id, jpeg(50, 50)))
    for url in [image["originalUrl"], image["thumbnails"][0]["url"]]:
        assert httpx.get(url.partition("?")[0]).status_code == 403


def test_the_page_sends_requests_to_this_system_only(system: LocalRun) -> None:
    page = system.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    external = page.text.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in external
    assert "https://" not in external
    assert "src=" not in external
