from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from api.aws.view_urls import ViewUrls
from api.http import views
from contract.photo_facts import Camera
from contract.record import Reason, Status
from tests.records import finished, pending


def sign(key: str, overrides: Mapping[str, str] | None = None, /) -> str:
    return f"https://signed/{key}" + (f"?{urlencode(overrides)}" if overrides else "")


SIGNED = ViewUrls(sign, 1000)


def test_an_image_has_everything_that_next_image_needs() -> None:
    taken_at = "2026-05-01T12:34:56+02:00"
    record = finished("user_1", 1763852400123, taken_at=taken_at, camera=Camera("Apple", None))
    shown = views.image(record, SIGNED).model_dump(by_alias=True)
    image_id = "1763852400123-0123abcd-cat.jpg"
    assert shown == {
        "userId": "user_1",
        "imageId": image_id,
        "status": "done",
        "createdAt": 1763852400123,
        "filename": "cat.jpg",
        "contentType": "image/jpeg",
        "size": 123456,
        "width": 1200,
        "height": 800,
        "eTag": "9b2cf535f27731c974343645a3985328",
        "error": None,
        "color": "#8a7f6d",
        "placeholder": "data:image/webp;base64,UklGRg==",
        "takenAt": taken_at,
        "camera": {"make": "Apple", "model": None},
        "originalKey": f"uploads/user_1/{image_id}",
        "originalUrl": f"https://signed/uploads/user_1/{image_id}?response-content-type="
        "image%2Fjpeg&response-content-disposition=inline%3B+filename%3D%22cat.jpg%22",
        "archived": False,
        "partial": False,
        "thumbnails": [
            {
                "width": width,
                "height": width * 2 // 3,
                "bytes": 5120,
                "contentType": "image/webp",
                "key": f"thumbnails/{width}/{image_id}",
                "url": f"https://signed/thumbnails/{width}/{image_id}",
            }
            for width in (200, 400)
        ],
        "srcSet": f"https://signed/thumbnails/200/{image_id} 200w, "
        f"https://signed/thumbnails/400/{image_id} 400w",
        "urlExpiresAt": 1000,
    }


def test_a_small_original_has_one_candidate_for_each_real_width() -> None:
    record = finished("user_1", 1763852400123)
    facts = record.thumbnails[200]
    small = finished("user_1", 1763852400123, thumbnails={200: facts, 400: facts})
    assert views.image(small, SIGNED).src_set == f"https://signed/{facts.key} 200w"


def test_a_pending_image_has_no_url_and_a_failed_one_says_why() -> None:
    shown = views.image(pending("user_1", 1763852400123, 0), SIGNED)
    assert (shown.original_url, shown.src_set, shown.thumbnails) == (None, None, [])
    failed = finished("u", 1763852400123, widths=(), status=Status.FAILED, error=Reason.EMPTY)
    assert views.image(failed, SIGNED).error == "empty"


@pytest.mark.parametrize("reason", list(Reason))
def test_the_original_of_a_failed_image_is_never_handed_out(reason: Reason) -> None:
    failed = finished("u", 1763852400123, status=Status.FAILED, error=reason)
    shown = views.image(failed, SIGNED)
    assert shown.original_url is None
    assert shown.original_key == f"uploads/u/{failed.image_id}"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_fits_the_description_of_an_image(reason: Reason) -> None:
    failed = finished("u", 1763852400123, status=Status.FAILED, error=reason)
    response = views.image(failed, SIGNED)
    assert type(response).model_validate_json(response.to_json()).error == reason
