import re
import time
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from api.http import views
from api.http.views import Addresses, window_start
from api.services import Services
from api.settings import CdnSettings, Settings
from contract.record import Reason, Status
from contract.settings import SettingsError
from tests.records import finished, pending

SETTINGS = Settings(bucket="my-bucket", region="eu-west-1", view_url_seconds=3600)
START = 1763852400  # the start of a window of half an hour
SIGNED = Addresses(lambda key: f"https://signed/{key}", 1000)


def services(now: float, session: boto3.Session | None = None, **changes: Any) -> Services:
    settings = Settings(**{name: getattr(SETTINGS, name) for name in SETTINGS.__slots__} | changes)
    return Services.connect(
        settings, session=session or boto3.Session("AKIA", "secret"), clock=lambda: now
    )


def session_of(credentials: Credentials) -> boto3.Session:
    core: Any = botocore.session.Session()
    core._credentials = credentials
    return boto3.Session(botocore_session=core)


@given(st.integers(0, 10**10), st.integers(60, 604800))
def test_what_is_handed_out_lives_at_least_half_of_its_lifetime(now: int, lifetime: int) -> None:
    start = window_start(now, lifetime)
    assert start <= now
    assert start + lifetime - now >= lifetime / 2
    assert window_start(start, lifetime) == start


def test_an_address_stays_the_same_for_a_window_and_changes_with_the_next() -> None:
    first, last, after = (
        services(now).addresses().sign("key") for now in (START, START + 1799, START + 1800)
    )
    assert first == last != after


def test_two_processes_hand_out_the_same_address() -> None:
    assert services(START).addresses().sign("key") == services(START + 5).addresses().sign("key")


def test_addresses_do_not_outlive_temporary_credentials_without_saying_so() -> None:
    now = int(time.time())
    start = window_start(now, SETTINGS.view_url_seconds)
    ends = now + 1200  # soon, yet not so soon that botocore refreshes
    session = session_of(
        RefreshableCredentials.create_from_metadata(
            metadata={
                "access_key": "ASIA",
                "secret_key": "secret",
                "token": "token",
                "expiry_time": datetime.fromtimestamp(ends, UTC).isoformat(),
            },
            refresh_using=dict,
            method="test",
        )
    )
    found = services(now, session).addresses()
    assert found.expires_at_ms == ends * 1000 < (start + SETTINGS.view_url_seconds) * 1000
    assert "X-Amz-Security-Token=token" in found.sign("key")


def test_credentials_whose_end_nobody_tells_are_trusted_for_a_quarter_of_an_hour() -> None:
    session = session_of(Credentials("ASIA", "secret", "token"))
    assert services(START + 7, session).addresses().expires_at_ms == (START + 7 + 900) * 1000


def test_lasting_credentials_sign_for_the_whole_lifetime() -> None:
    assert services(START + 7).addresses().expires_at_ms == (START + 3600) * 1000


def test_an_image_has_all_that_next_image_needs() -> None:
    record = finished("user_1", 1763852400123)
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
        "originalKey": f"uploads/user_1/{image_id}",
        "originalUrl": f"https://signed/uploads/user_1/{image_id}",
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


def test_a_pending_image_has_no_address_and_a_failed_one_says_why() -> None:
    shown = views.image(pending("user_1", 1763852400123, 0), SIGNED)
    assert (shown.original_url, shown.src_set, shown.thumbnails) == (None, None, [])
    failed = finished("u", 1763852400123, widths=(), status=Status.FAILED, error=Reason.EMPTY)
    assert views.image(failed, SIGNED).error == "empty"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_fits_the_description_of_an_image(reason: Reason) -> None:
    failed = finished("u", 1763852400123, status=Status.FAILED, error=reason)
    answer = views.image(failed, SIGNED)
    assert type(answer).model_validate_json(answer.to_json()).error == reason


def rsa_key() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return key, pem


def test_behind_a_cdn_addresses_are_signed_with_its_key_pair() -> None:
    key, pem = rsa_key()
    cdn = CdnSettings(url="https://cdn.example.com", key_pair_id="K123", private_key=pem)
    found = services(START + 9, cdn=cdn).addresses()
    url = found.sign("uploads/user|1/1-a b.jpg")
    assert found.expires_at_ms == (START + 3600) * 1000
    match = re.fullmatch(
        r"(https://cdn\.example\.com/uploads/user%7C1/1-a%20b\.jpg)"
        rf"\?Expires={START + 3600}&Signature=(\S+)&Key-Pair-Id=K123",
        url,
    )
    assert match
    policy = (
        f'{{"Statement":[{{"Resource":"{match[1]}","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{START + 3600}}}}}}}]}}'
    )
    key.public_key().verify(_decode(match[2]), policy.encode(), padding.PKCS1v15(), SHA1())
    assert services(START + 10, cdn=cdn).addresses().sign("uploads/user|1/1-a b.jpg") == url


def _decode(text: str) -> bytes:
    """CloudFront's own base64."""
    return b64decode(text.translate(str.maketrans("-_~", "+=/")))


def test_a_broken_key_pair_ends_the_start() -> None:
    cdn = CdnSettings(url="https://cdn.example.com", key_pair_id="K", private_key="-----BEGIN X")
    with pytest.raises(SettingsError, match="CDN_PRIVATE_KEY"):
        services(START, cdn=cdn)
