"""A start with invalid settings prints one line that names all of them."""

import os
import subprocess
import sys

import pytest

from tests import ROOT

BAD = {"THUMBNAIL_WIDTHS": "5000", "MAX_UPLOAD_BYTES": "6000000000", "AWS_REGION": "Ireland"}
WIDTHS = (
    "THUMBNAIL_WIDTHS is '5000': it must be a list of whole numbers from 1 to 4096, like 320,640"
)
BYTES = "MAX_UPLOAD_BYTES is '6000000000': it must be a whole number from 1 to 5368709120"
REGION = "AWS_REGION is 'Ireland': it must be an AWS region, like eu-west-1"
PORT = "'abc': it must be a whole number from 1 to 65535"


def start(*arguments: str, **settings: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={"PATH": os.environ["PATH"], **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_api() -> None:
    bad = {**BAD, "AUTH": "off", "BUCKET": "my-bucket", "HOST": "my host", "PORT": "abc"}
    assert start("api", **bad) == (
        1,
        "",
        f"The API cannot start: {REGION}; {WIDTHS}; {BYTES}; "
        f"HOST is 'my host': it must be a host name or an IP address; PORT is {PORT}\n",
    )


def test_the_doctor() -> None:
    expected = f"doctor: BUCKET is not set; {REGION}; {WIDTHS}; {BYTES}\n"
    assert start("resizer", "doctor", **BAD) == (2, "", expected)


def test_the_doctor_without_a_region() -> None:
    settings = {"BUCKET": "my-bucket", "AWS_CONFIG_FILE": "/dev/null"}
    code, output, errors = start("resizer", "doctor", **settings)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert "region" in errors


def test_the_local_run() -> None:
    code, output, errors = start("local", **BAD, API_PORT="abc", AUTH="jwt", AUTH_ISSUER="me")
    assert (code, output) == (1, "")
    assert errors == (
        f"The local run cannot start: API_PORT is {PORT}; {WIDTHS}; {BYTES}; "
        "AUTH_JWKS_URL is not set, but AUTH=jwt needs it; "
        "AUTH_AUDIENCE is not set, but AUTH=jwt needs it\n"
    )


def test_the_containers_aws() -> None:
    code, output, errors = start("local.aws", **BAD)
    assert (code, output) == (1, "")
    assert errors == f"{WIDTHS}; {BYTES}\n"


@pytest.mark.parametrize("data", ["/dev/null", "/dev/null/data"])
def test_an_impossible_data_folder_is_named(data: str) -> None:
    code, output, errors = start("local", LOCAL_DATA=data)
    assert (code, output) == (1, "")
    assert errors.startswith(f"LOCAL_DATA is '{data}': ")
    assert errors.count("\n") == 1
