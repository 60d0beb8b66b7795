"""Attack a running deployment as an outsider would, then use it as it is meant.

    python -m tools.verify_deploy --api https://… --user NAME   (token in THUMBLINE_TOKEN)

Prints a line for each attack. Exit code 1: something got through. What cannot be tried against
this deployment is said to be not run, and why. Everything that it uploads is deleted again.
"""

import argparse
import base64
import json
import os
import re
import secrets
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

from tools.pictures import jpeg, opened
from tools.uploader import Uploader, send

KEY = re.compile(r"uploads/[A-Za-z0-9._:|@+=-]{1,128}/\d{13}-[0-9a-f]{8}-[A-Za-z0-9._-]{1,80}")
LONGEST_WAIT_SECONDS = 60
FINISH_SECONDS = 120
ODD_NAMES = [
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "<script>alert(1)</script>.jpg",
    "a" * 255 + ".jpg",
    "%2e%2e%2fescape.jpg",
    "\u202egpj.exe",
    "new\nline.jpg",
    "nul\x00.jpg",
    "🐈‍⬛.jpg",
    ".",
    "",
]
DISGUISED = {
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "HTML after a GIF's first bytes": b"GIF89a/*<html>*/=1;//<script>alert(1)</script>",
}


class Breach(Exception):  # noqa: N818 -- what it is called
    """Something got through that must not."""


class NotRun(Exception):  # noqa: N818 -- no error
    """This deployment gives no occasion for the attack; the message says why."""


class Outsider(Uploader):
    """Knows the API's address, and a token for one user of it."""

    def __init__(self, api: str, user: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = httpx.Client(base_url=api, headers=headers, timeout=40)
        self.anonymous = httpx.Client(base_url=api, timeout=40)
        self.user = user
        self.other = f"other-{secrets.token_hex(4)}"
        self.is_open = token is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.anonymous.close()

    def send_spoilt(
        self, data: bytes = b"", fields: dict[str, str] | None = None
    ) -> httpx.Response:
        """Plan an upload, change fields of its form, and send `data` or a picture."""
        picture = jpeg()
        upload = self.plan(self.user, picture)["upload"]
        upload["fields"] |= fields or {}
        return send(upload, data or picture)

    def done(self) -> dict[str, Any]:
        """A picture of our own, finished."""
        image = self.finished(self.user, self.upload(self.user, jpeg()), FINISH_SECONDS)
        if image["status"] != "done":
            raise Breach(f"a plain JPEG ended as {image['status']}: {image['error']}")
        return image


def refused(answer: httpx.Response, what: str) -> None:
    if answer.status_code < 400:
        raise Breach(f"{what}: {answer.status_code}")
    if answer.status_code >= 500:
        raise Breach(f"{what} broke something: {answer.status_code}")


def a_request_without_a_token(outsider: Outsider) -> None:
    path = f"/users/{outsider.user}/images"
    if outsider.is_open:
        raise NotRun("told that this API asks for no token (--open)")
    refused(outsider.anonymous.get(path), "listing without a token")
    refused(outsider.anonymous.get(path, headers={"Authorization": "Bearer x.y.z"}), "a bad token")


def another_users_images(outsider: Outsider) -> None:
    if outsider.is_open:
        raise NotRun("told that this API asks for no token (--open)")
    client, path = outsider.client, f"/users/{outsider.other}"
    image = f"{path}/images/1763853422123-9f86d081-cat.jpg"
    upload = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 1}
    refused(client.get(f"{path}/images"), "another user's listing")
    refused(client.get(image), "another user's image")
    refused(client.delete(image), "deleting another user's image")
    refused(client.post(f"{path}/uploads", json=upload), "an upload for another user")


def an_image_of_ones_own_through_another_user(outsider: Outsider) -> None:
    image_id = outsider.done()["imageId"]
    answer = outsider.client.get(f"/users/{outsider.other}/images/{image_id}")
    refused(answer, "an image under another user's name")


def user_ids_that_lead_elsewhere(outsider: Outsider) -> None:
    for user in ("..%2f..", "%2e%2e", "a%2fb", "a%00b", "x" * 129):
        refused(outsider.client.get(f"/users/{user}/images"), f"user {user[:20]}")


def a_file_larger_than_declared(outsider: Outsider) -> None:
    refused(outsider.send_spoilt(jpeg() + b"x"), "one byte more")


def a_file_larger_than_is_taken(outsider: Outsider) -> None:
    body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 5 * 1024**3 + 1}
    refused(outsider.client.post(f"/users/{outsider.user}/uploads", json=body), "5 GB and a byte")


def another_key(outsider: Outsider) -> None:
    name = "1763853422123-9f86d081-cat.jpg"
    for key in (f"uploads/{outsider.other}/{name}", f"thumbnails/200/{name}", "index.html"):
        refused(outsider.send_spoilt(fields={"key": key}), f"an upload to {key}")


def another_content_type(outsider: Outsider) -> None:
    for content_type in ("text/html", "image/svg+xml", "image/png"):
        refused(outsider.send_spoilt(fields={"Content-Type": content_type}), content_type)
    body = {"filename": "x.svg", "contentType": "image/svg+xml", "size": 10}
    refused(outsider.client.post(f"/users/{outsider.user}/uploads", json=body), "planning an SVG")


def a_forged_policy(outsider: Outsider) -> None:
    upload = outsider.plan(outsider.user, jpeg())["upload"]
    policy = json.loads(base64.b64decode(upload["fields"]["policy"]))
    policy["conditions"] = [["starts-with", "$key", ""]]
    upload["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    refused(send(upload, jpeg()), "a policy of our own under the old signature")


def an_upload_without_a_policy(outsider: Outsider) -> None:
    planned = outsider.plan(outsider.user, jpeg())["upload"]
    key = {"key": planned["fields"]["key"]}
    refused(send({**planned, "fields": key}, jpeg()), "a form without policy and signature")
    refused(httpx.put(f"{planned['url']}/{key['key']}", content=jpeg()), "an anonymous PUT")


def a_replay_after_expiry(outsider: Outsider) -> None:
    upload = outsider.plan(outsider.user, jpeg())["upload"]
    wait = upload["expiresAt"] / 1000 - time.time()
    if wait > LONGEST_WAIT_SECONDS:
        raise NotRun(f"a policy lasts {wait:.0f} s here; set UPLOAD_URL_SECONDS=10 to try it")
    time.sleep(max(0, wait) + 2)
    refused(send(upload, jpeg()), "an upload after its time")


def anonymous_reads(outsider: Outsider) -> None:
    image = outsider.done()
    urls = [image["originalUrl"], *(thumb["url"] for thumb in image["thumbnails"])]
    for url in urls:
        refused(httpx.get(url.partition("?")[0]), "an image without a signature")
    bucket = outsider.plan(outsider.user, jpeg())["upload"]["url"]
    refused(httpx.get(bucket), "listing the bucket")
    refused(httpx.get(bucket, params={"list-type": "2", "prefix": "uploads/"}), "listing uploads/")


def a_signed_url_bent(outsider: Outsider) -> None:
    first, second = outsider.done(), outsider.done()
    url, other = urlsplit(first["originalUrl"]), urlsplit(second["originalUrl"])
    refused(httpx.get(urlunsplit(url._replace(path=other.path))), "one's signature for another")
    query = dict(parse_qsl(url.query))
    lasting = next((name for name in ("X-Amz-Expires", "Expires") if name in query), None)
    if lasting:
        query[lasting] = str(int(query[lasting]) + 1)
        refused(httpx.get(urlunsplit(url._replace(query=urlencode(query)))), "a longer life")
    refused(httpx.put(first["originalUrl"], content=b"x"), "writing by a URL for reading")
    refused(httpx.delete(first["originalUrl"]), "deleting by a URL for reading")


def other_files_disguised_as_images(outsider: Outsider) -> None:
    for name, data in DISGUISED.items():
        image = outsider.finished(
            outsider.user, outsider.upload(outsider.user, data), FINISH_SECONDS
        )
        if image["status"] != "failed" or image["thumbnails"]:
            raise Breach(f"{name} as JPEG ended as {image['status']}")
        if image["originalUrl"]:
            served = httpx.get(image["originalUrl"]).headers["content-type"]
            if not served.startswith("image/") or "svg" in served:
                raise Breach(f"{name} is served as {served}")


def a_decompression_bomb(outsider: Outsider) -> None:
    """A PNG of 10 MB or so of zeros, which says that it is 60000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(10_000_000), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines)
    bomb += chunk(b"IEND", b"")
    image_id = outsider.upload(outsider.user, bomb, filename="b.png", contentType="image/png")
    image = outsider.finished(outsider.user, image_id, FINISH_SECONDS)
    if (image["status"], image["error"]) != ("failed", "too_many_pixels"):
        raise Breach(f"it ended as {image['status']}, {image['error']}")


def a_truncated_file(outsider: Outsider) -> None:
    whole = jpeg(2000, 1500)
    image = outsider.finished(
        outsider.user, outsider.upload(outsider.user, whole[:300]), FINISH_SECONDS
    )
    if image["status"] != "failed":
        raise Breach(f"its first 300 bytes ended as {image['status']}")


def odd_file_names(outsider: Outsider) -> None:
    for name in ODD_NAMES:
        body = {"filename": name, "contentType": "image/jpeg", "size": 1000}
        answer = outsider.client.post(f"/users/{outsider.user}/uploads", json=body)
        if answer.status_code == 201:
            key = answer.json()["upload"]["fields"]["key"]
            if not KEY.fullmatch(key):
                raise Breach(f"{name[:40]!r} became the key {key!r}")
        else:
            refused(answer, f"the name {name[:40]!r}")


def a_forged_cursor(outsider: Outsider) -> None:
    forged = base64.urlsafe_b64encode(b'{"userId":"other","imageId":"1"}').decode()
    path = f"/users/{outsider.user}/images"
    refused(outsider.client.get(path, params={"cursor": forged}), "a cursor of our own")


def a_normal_upload_works(outsider: Outsider) -> None:
    image = outsider.done()
    for thumbnail in image["thumbnails"]:
        answer = httpx.get(thumbnail["url"])
        if opened(answer.content).width != thumbnail["width"]:
            raise Breach("a thumbnail is not as wide as it says")
    path = f"/users/{outsider.user}/images/{image['imageId']}"
    if outsider.client.delete(path).status_code != 204:
        raise Breach("it could not be deleted")
    refused(outsider.client.get(path), "an image that was deleted")
    refused(httpx.get(image["originalUrl"]), "the original of an image that was deleted")


ATTACKS: list[Callable[[Outsider], None]] = [
    a_request_without_a_token,
    another_users_images,
    an_image_of_ones_own_through_another_user,
    user_ids_that_lead_elsewhere,
    a_file_larger_than_declared,
    a_file_larger_than_is_taken,
    another_key,
    another_content_type,
    a_forged_policy,
    an_upload_without_a_policy,
    a_replay_after_expiry,
    anonymous_reads,
    a_signed_url_bent,
    other_files_disguised_as_images,
    a_decompression_bomb,
    a_truncated_file,
    odd_file_names,
    a_forged_cursor,
    a_normal_upload_works,
]


def verify(outsider: Outsider) -> Iterator[tuple[str, str, str]]:
    """Each attack's name, what came of it (`withstood`, `BREACH`, `not run`) and why."""
    for attack in ATTACKS:
        name = attack.__name__.replace("_", " ")
        try:
            attack(outsider)
        except NotRun as reason:
            yield name, "not run", str(reason)
        except Exception as breach:  # whatever goes wrong here is worth a look
            yield name, "BREACH", f"{type(breach).__name__}: {breach}"
        else:
            yield name, "withstood", ""


def clean_up(outsider: Outsider) -> None:
    for image in outsider.listing(outsider.user):
        outsider.client.delete(f"/users/{outsider.user}/images/{image['imageId']}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.verify_deploy")
    parser.add_argument("--api", required=True, metavar="URL", help="where the API answers")
    parser.add_argument("--user", required=True, help="the token's user; give one without images")
    parser.add_argument("--open", action="store_true", help="the API runs with AUTH=off")
    options = parser.parse_args()
    token = os.environ.get("THUMBLINE_TOKEN")
    if bool(token) == options.open:
        parser.error("set THUMBLINE_TOKEN, or say --open where the API asks for no token")
    with Outsider(options.api, options.user, token) as outsider:
        if outsider.listing(options.user):
            parser.error(f"{options.user} has images, which this would delete at its end")
        return report(outsider)


def report(outsider: Outsider) -> int:
    """Print what comes of each attack; the exit code."""
    counts = {"withstood": 0, "BREACH": 0, "not run": 0}
    try:
        for name, outcome, why in verify(outsider):
            counts[outcome] += 1
            print(f"{outcome:9}  {name}" + (f": {why}" if why else ""), flush=True)
    finally:
        clean_up(outsider)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 1 if counts["BREACH"] else 0


if __name__ == "__main__":
    sys.exit(main())
