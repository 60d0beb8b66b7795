"""An upload's whole path through the container images that ship."""

import os
import threading
import time
from pathlib import Path

import httpx
import pytest

from local.emulator import ROOT
from tests.proofs.containers.compose import Compose
from tools.pictures import jpeg, opened
from tools.verify_deploy import Outsider, verify

pytestmark = pytest.mark.containers

CORPUS = Path(os.environ.get("CORPUS", ROOT.parent / "shared" / "corpus"))
CONTENT_TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
PHOTOS = 20
AFTER_RESTART_SECONDS = 120


def photos() -> list[tuple[str, bytes, str]]:
    """20 photos as name, bytes and type: the corpus where it is, large pictures elsewhere."""
    found = sorted(path for path in CORPUS.glob("*") if path.suffix in CONTENT_TYPES)[:PHOTOS]
    if len(found) == PHOTOS:
        return [(path.name, path.read_bytes(), CONTENT_TYPES[path.suffix]) for path in found]
    return [
        (f"{number}.jpg", jpeg(4000, 3000, color=f"#{number * 12:02x}4020"), "image/jpeg")
        for number in range(PHOTOS)
    ]


def upload_all(compose: Compose, user_id: str) -> set[str]:
    return {
        compose.upload(user_id, data, filename=name, contentType=content_type)
        for name, data, content_type in photos()
    }


def all_done(compose: Compose, user_id: str, image_ids: set[str], seconds: float) -> None:
    """Wait until every image is done; fails with those that are not."""
    deadline = time.monotonic() + seconds
    states: dict[str, str] = {}
    while time.monotonic() < deadline:
        try:
            states = {image["imageId"]: image["status"] for image in compose.listing(user_id)}
        except (httpx.TransportError, AssertionError):
            states = {}  # it restarts
        if states == dict.fromkeys(image_ids, "done"):
            return
        time.sleep(0.5)
    raise AssertionError({name: states.get(name, "missing") for name in image_ids})


def test_twenty_photos_become_thumbnails_of_the_exact_width(compose: Compose, user_id: str) -> None:
    image_ids = upload_all(compose, user_id)
    all_done(compose, user_id, image_ids, 120)
    for image in compose.listing(user_id):
        widths = [opened(httpx.get(thumb["url"]).content).width for thumb in image["thumbnails"]]
        assert widths == [min(200, image["width"]), min(400, image["width"])]


def test_bytes_that_are_not_an_image_fail_with_a_reason(compose: Compose, user_id: str) -> None:
    image = compose.finished(user_id, compose.upload(user_id, b"<svg onload='alert(1)'/>"))
    assert (image["status"], image["error"]) == ("failed", "unsupported_format")


def test_a_killed_resizer_loses_nothing(compose: Compose, user_id: str) -> None:
    """Killed while it processes an image: it is replaced, and the event is redelivered."""
    kill = threading.Timer(1.5, compose.run, ("kill", "resizer"))
    kill.start()
    image_ids = upload_all(compose, user_id)
    kill.join()
    undone = [image for image in compose.listing(user_id) if image["status"] != "done"]
    assert undone, "the resizer was through before it was killed"
    compose.run("up", "--wait", "--detach", "--no-build")
    all_done(compose, user_id, image_ids, AFTER_RESTART_SECONDS)


def test_a_restart_of_everything_loses_nothing(compose: Compose, user_id: str) -> None:
    image_ids = upload_all(compose, user_id)
    compose.run("restart", "--timeout", "2")
    all_done(compose, user_id, image_ids, AFTER_RESTART_SECONDS)


def test_two_resizers_share_the_work(compose: Compose, user_id: str) -> None:
    compose.run("up", "--wait", "--detach", "--no-build", "--no-recreate", "--scale", "resizer=2")
    try:
        image_ids = upload_all(compose, user_id)
        all_done(compose, user_id, image_ids, 120)
        logs = compose.run("logs", "--no-color", "resizer")
    finally:
        compose.run("up", "--wait", "--detach", "--no-build", "--scale", "resizer=1")
    workers = {line.partition(" ")[0] for line in logs.splitlines() if user_id in line}
    assert len(workers) == 2


def test_the_containers_withstand_every_attack(compose: Compose, user_id: str) -> None:
    with Outsider(compose.api_url, user_id, None) as outsider:
        outcomes = {name: outcome for name, outcome, _ in verify(outsider)}
    assert set(outcomes.values()) == {"withstood", "not run"}
    assert [name for name, outcome in outcomes.items() if outcome == "not run"] == [
        "a request without a token",
        "another users images",
        "a replay after expiry",
    ]
