"""Attack a running deployment as an outsider would, then use it as intended.

    python -m tools.verify_deploy --api https://… --user NAME   (token in THUMBLINE_TOKEN)

Prints one line per attack and exits with code 1 if anything got through. An attack that does not
apply to this deployment is reported as not run, with the reason. The uploads are deleted again.
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

from tools.pictures import jpeg, opened, picture, saved
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
SERVED_HEADERS = ("content-type", "content-disposition", "x-content-type-options")
DISGUISED = {
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "HTML after a GIF's first bytes": b"GIF89a/*<html>*/=1;//<script>alert(1)</script>",
}


class Breach(Exception):  # noqa: N818 -- the word in the report
    """An attack succeeded."""


class NotRun(Exception):  # noqa: N818 -- not an error
    """The attack does not apply to this deployment; the message says why."""


class Outsider(Uploader):
    """An attacker who knows the API's URL and has a token for one of its users."""

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

    def send_altered(
        self, data: bytes = b"", fields: dict[str, str] | None = None
    ) -> httpx.Response:
        """Plan an upload, change fields of its form, and send `data` or a picture."""
        picture = jpeg()
        upload = self.plan(self.user, picture)["upload"]
        upload["fields"] |= fields or {}
        return send(upload, data or picture)

    def done_image(self) -> dict[str, Any]:
        """Upload a picture and wait until its thumbnails are made."""
        image = self.finished(self.user, self.upload(self.user, jpeg()), FINISH_SECONDS)
        if image["status"] != "done":
            raise Breach(f"a plain JPEG ended as {image['status']}: {image['error']}")
        return image


def must_fail(response: httpx.Response, what: str) -> None:
    """Raise Breach unless the response is a client error (4xx)."""
    if response.status_code < 400:
        raise Breach(f"{what} was accepted: {response.status_code}")
    if response.status_code >= 500:
        raise Breach(f"{what} caused a server error: {response.status_code}")


def a_request_without_a_token(outsider: Outsider) -> None:
    path = f"/users/{outsider.user}/images"
    if outsider.is_open:
        raise NotRun("this API needs no token (--open)")
    must_fail(outsider.anonymous.get(path), "listing without a token")
    must_fail(
        outsider.anonymous.get(path, headers={"Authorization": "Bearer x.y.z"}), "a bad token"
    )


def another_users_images(outsider: Outsider) -> None:
    if outsider.is_open:
        raise NotRun("this API needs no token (--open)")
    client, path = outsider.client, f"/users/{outsider.other}"
    image = f"{path}/images/1763853422123-9f86d081-cat.jpg"
    upload = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 1}
    must_fail(client.get(f"{path}/images"), "another user's listing")
    must_fail(client.get(image), "another user's image")
    must_fail(client.delete(image), "deleting another user's image")
    must_fail(client.post(f"{path}/uploads", json=upload), "an upload for another user")


def an_own_image_under_another_user(outsider: Outsider) -> None:
    image_id = outsider.done_image()["imageId"]
    response = outsider.client.get(f"/users/{outsider.other}/images/{image_id}")
    must_fail(response, "the user's own image under another user's id")


def user_ids_with_path_tricks(outsider: Outsider) -> None:
    for user in ("..%2f..", "%2e%2e", "a%2fb", "a%00b", "x" * 129):
        must_fail(outsider.client.get(f"/users/{user}/images"), f"user {user[:20]}")


def a_file_larger_than_declared(outsider: Outsider) -> None:
    must_fail(outsider.send_altered(jpeg() + b"x"), "one byte more")


def a_file_larger_than_s3_accepts(outsider: Outsider) -> None:
    body = {"filename": "cat.jpg", "contentType": "image/jpeg", "size": 5 * 1024**3 + 1}
    must_fail(outsider.client.post(f"/users/{outsider.user}/uploads", json=body), "5 GB and a byte")


def a_changed_key(outsider: Outsider) -> None:
    name = "1763853422123-9f86d081-cat.jpg"
    for key in (f"uploads/{outsider.other}/{name}", f"thumbnails/200/{name}", "index.html"):
        must_fail(outsider.send_altered(fields={"key": key}), f"an upload to {key}")


def a_changed_content_type(outsider: Outsider) -> None:
    for content_type in ("text/html", "image/svg+xml", "image/png"):
        must_fail(outsider.send_altered(fields={"Content-Type": content_type}), content_type)
    body = {"filename": "x.svg", "contentType": "image/svg+xml", "size": 10}
    must_fail(outsider.client.post(f"/users/{outsider.user}/uploads", json=body), "planning an SVG")


def a_forged_policy(outsider: Outsider) -> None:
    upload = outsider.plan(outsider.user, jpeg())["upload"]
    policy = json.loads(base64.b64decode(upload["fields"]["policy"]))
    policy["conditions"] = [["starts-with", "$key", ""]]
    upload["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    must_fail(send(upload, jpeg()), "a forged policy with the old signature")


def an_upload_without_a_policy(outsider: Outsider) -> None:
    planned = outsider.plan(outsider.user, jpeg())["upload"]
    key = {"key": planned["fields"]["key"]}
    must_fail(send({**planned, "fields": key}, jpeg()), "a form without policy and signature")
    must_fail(httpx.put(f"{planned['url']}/{key['key']}", content=jpeg()), "an anonymous PUT")


def a_replay_after_expiry(outsider: Outsider) -> None:
    upload = outsider.plan(outsider.user, jpeg())["upload"]
    wait = upload["expiresAt"] / 1000 - time.time()
    if wait > LONGEST_WAIT_SECONDS:
        raise NotRun(f"an upload form lasts {wait:.0f} s; set UPLOAD_URL_SECONDS=10 to try it")
    time.sleep(max(0, wait) + 2)
    must_fail(send(upload, jpeg()), "an upload after its expiry")


def anonymous_reads(outsider: Outsider) -> None:
    image = outsider.done_image()
    urls = [image["originalUrl"], *(thumb["url"] for thumb in image["thumbnails"])]
    for url in urls:
        must_fail(httpx.get(url.partition("?")[0]), "an image without a signature")
    bucket = outsider.plan(outsider.user, jpeg())["upload"]["url"]
    must_fail(httpx.get(bucket), "listing the bucket")
    must_fail(
        httpx.get(bucket, params={"list-type": "2", "prefix": "uploads/"}), "listing uploads/"
    )


def a_tampered_signed_url(outsider: Outsider) -> None:
    first, second = outsider.done_image(), outsider.done_image()
    url, other = urlsplit(first["originalUrl"]), urlsplit(second["originalUrl"])
    must_fail(
        httpx.get(urlunsplit(url._replace(path=other.path))), "one image's signature on another"
    )
    query = dict(parse_qsl(url.query))
    lifetime = next((name for name in ("X-Amz-Expires", "Expires") if name in query), None)
    if lifetime:
        query[lifetime] = str(int(query[lifetime]) + 1)
        must_fail(httpx.get(urlunsplit(url._replace(query=urlencode(query)))), "a longer lifetime")
    must_fail(httpx.put(first["originalUrl"], content=b"x"), "a PUT to a GET URL")
    must_fail(httpx.delete(first["originalUrl"]), "a DELETE to a GET URL")


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


def a_type_that_the_bytes_do_not_have(outsider: Outsider) -> None:
    """A PNG declared as JPEG and named like a page."""
    data = saved(picture(40, 30), "PNG")
    image_id = outsider.upload(outsider.user, data, filename="evil.html", contentType="image/jpeg")
    image = outsider.finished(outsider.user, image_id, FINISH_SECONDS)
    response = httpx.get(image["originalUrl"])
    served = {name: response.headers.get(name, "") for name in SERVED_HEADERS}
    if served["content-type"] != "image/png" or ".html.png" not in served["content-disposition"]:
        raise Breach(f"a PNG declared as JPEG is served as {served}")
    by_cdn = "Key-Pair-Id=" in image["originalUrl"]
    if by_cdn and served["x-content-type-options"] != "nosniff":
        raise Breach("CloudFront does not set nosniff")


def a_decompression_bomb(outsider: Outsider) -> None:
    """A small PNG that declares 60000 by 60000 pixels and inflates to 10 MB of zeros."""

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
        raise Breach(f"the first 300 bytes of a JPEG ended as {image['status']}")


def odd_file_names(outsider: Outsider) -> None:
    for name in ODD_NAMES:
        body = {"filename": name, "contentType": "image/jpeg", "size": 1000}
        response = outsider.client.post(f"/users/{outsider.user}/uploads", json=body)
        if response.status_code == 201:
            key = response.json()["upload"]["fields"]["key"]
            if not KEY.fullmatch(key):
                raise Breach(f"{name[:40]!r} became the key {key!r}")
        else:
            must_fail(response, f"the name {name[:40]!r}")


def a_forged_cursor(outsider: Outsider) -> None:
    forged = base64.urlsafe_b64encode(b'{"userId":"other","imageId":"1"}').decode()
    path = f"/users/{outsider.user}/images"
    must_fail(outsider.client.get(path, params={"cursor": forged}), "a forged cursor")


def a_normal_upload_works(outsider: Outsider) -> None:
    image = outsider.done_image()
    for thumbnail in image["thumbnails"]:
        response = httpx.get(thumbnail["url"])
        if opened(response.content).width != thumbnail["width"]:
            raise Breach("a thumbnail is not as wide as reported")
    path = f"/users/{outsider.user}/images/{image['imageId']}"
    if outsider.client.delete(path).status_code != 204:
        raise Breach("the image could not be deleted")
    must_fail(outsider.client.get(path), "a deleted image")
    must_fail(httpx.get(image["originalUrl"]), "the original of a deleted image")


ATTACKS: list[Callable[[Outsider], None]] = [
    a_request_without_a_token,
    another_users_images,
    an_own_image_under_another_user,
    user_ids_with_path_tricks,
    a_file_larger_than_declared,
    a_file_larger_than_s3_accepts,
    a_changed_key,
    a_changed_content_type,
    a_forged_policy,
    an_upload_without_a_policy,
    a_replay_after_expiry,
    anonymous_reads,
    a_tampered_signed_url,
    other_files_disguised_as_images,
    a_type_that_the_bytes_do_not_have,
    a_decompression_bomb,
    a_truncated_file,
    odd_file_names,
    a_forged_cursor,
    a_normal_upload_works,
]


def verify(outsider: Outsider) -> Iterator[tuple[str, str, str]]:
    """Each attack's name, its outcome (`withstood`, `BREACH`, `not run`) and the reason."""
    for attack in ATTACKS:
        name = attack.__name__.replace("_", " ")
        try:
            attack(outsider)
        except NotRun as reason:
            yield name, "not run", str(reason)
        except Exception as breach:  # any other error needs a look too
            yield name, "BREACH", f"{type(breach).__name__}: {breach}"
        else:
            yield name, "withstood", ""


def clean_up(outsider: Outsider) -> None:
    for image in outsider.listing(outsider.user):
        outsider.client.delete(f"/users/{outsider.user}/images/{image['imageId']}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.verify_deploy")
    parser.add_argument("--api", required=True, metavar="URL", help="URL of the API")
    parser.add_argument("--user", required=True, help="the token's user, who must have no images")
    parser.add_argument("--open", action="store_true", help="the API runs with AUTH=off")
    options = parser.parse_args()
    token = os.environ.get("THUMBLINE_TOKEN")
    if bool(token) == options.open:
        parser.error("set THUMBLINE_TOKEN, or pass --open for an API with AUTH=off (not both)")
    with Outsider(options.api, options.user, token) as outsider:
        if outsider.listing(options.user):
            parser.error(f"{options.user} has images, which this would delete at the end")
        return report(outsider)


def report(outsider: Outsider) -> int:
    """Print each attack's outcome and return the exit code."""
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
