"""A start with invalid settings prints one line that names all of them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tools.ports import free_port

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


AWS = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",  # nothing listens there
    "AWS_REGION": "eu-west-1",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "BUCKET": "my-bucket",
}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Unable to locate credentials"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "Partial credentials found"),
        ({"AWS_PROFILE": "nope"}, "(nope) could not be found"),
        ({"AWS_CONFIG_FILE": "tests/integration/test_start.py"}, "Unable to parse config file"),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "nowhere"}, "Invalid endpoint: nowhere"),
        ({}, 'Could not connect to the endpoint URL: "http://127.0.0.1:1/'),
        ({"AWS_ENDPOINT_URL": " http://127.0.0.1:1/ "}, 'the endpoint URL: "http://127.0.0.1:1/my'),
        ({"AWS_DEFAULT_REGION": " ", "AWS_PROFILE": " "}, "Could not connect"),
    ],
)
def test_the_doctor_that_cannot_reach_aws(settings: dict[str, str], said: str) -> None:
    arguments = ("resizer", "doctor", "--user", "ann")
    code, output, errors = start(*arguments, **{**AWS, **settings})
    assert (code, output, errors.count("\n")) == (2, "", 1), errors
    assert errors.startswith("doctor: ")
    assert said in errors


@pytest.mark.parametrize(("option", "value"), [("--workers", "0"), ("--grace", "-1")])
def test_the_doctor_with_a_bad_option(option: str, value: str) -> None:
    code, output, errors = start("resizer", "doctor", f"{option}={value}", **AWS)
    assert (code, output) == (2, "")
    assert f"argument {option}: it must be a whole number of at least " in errors


@pytest.mark.parametrize("name", ["AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize("module", ["resizer.handler", "api.lambda_handler"])
def test_a_function_starts_with_a_blank_variable_of_botocore(module: str, name: str) -> None:
    known = {**AWS, "AUTH": "off", "AWS_ENDPOINT_URL": ""}
    code, _, errors = start(module, **{**known, name: " "})
    assert (code, errors) == (0, "")


def test_the_api_with_a_bad_url_of_botocore() -> None:
    settings = {"AUTH": "off", "AWS_ENDPOINT_URL": " ", "AWS_ENDPOINT_URL_S3": "nowhere"}
    code, output, errors = start("api", **{**AWS, **settings})
    assert (code, errors) == (1, "The API cannot start: Invalid endpoint: nowhere\n")
    assert "Traceback" not in output


def test_the_api_on_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, errors = start("api", **AWS, AUTH="off", HOST="127.0.0.1", PORT=port)
    assert code == 1
    assert errors.startswith("The API cannot start: [Errno 98] Address already in use")
    assert errors.count("\n") == 1


def test_the_api_on_a_host_that_is_not_its_own() -> None:
    code, _, errors = start("api", **AWS, AUTH="off", HOST="192.0.2.1")
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("The API cannot start: ")


def test_the_local_run() -> None:
    code, output, errors = start("local", **BAD, API_PORT="abc", AUTH="jwt", AUTH_ISSUER="me")
    assert (code, output) == (1, "")
    assert errors == (
        f"The local run cannot start: API_PORT is {PORT}; {WIDTHS}; {BYTES}; "
        "AUTH_JWKS_URL is not set, but AUTH=jwt needs it; "
        "AUTH_AUDIENCE is not set, but AUTH=jwt needs it\n"
    )


def test_the_containers_aws() -> None:
    code, output, errors = start("local.aws", **BAD, CLAIM_SECONDS="0")
    assert (code, output) == (1, "")
    claim = "CLAIM_SECONDS is '0': it must be a whole number from 1 to 900"
    assert errors == f"{WIDTHS}; {BYTES}; {claim}\n"


@pytest.mark.parametrize(
    ("name", "target"), [("lock", "."), ("lock", "/dev/full"), ("emulator.log", ".")]
)
def test_a_file_that_cannot_be_written_is_reported_with_its_setting(
    name: str, target: str, tmp_path: Path
) -> None:
    (tmp_path / name).symlink_to(target)
    ports = {"API_PORT": str(free_port()), "EMULATOR_PORT": str(free_port())}
    code, output, errors = start("local", LOCAL_DATA=str(tmp_path), **ports)
    assert (code, output) == (1, "")
    assert errors.startswith(f"LOCAL_DATA is '{tmp_path}': ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("data", ["/dev/null", "/dev/null/data"])
def test_an_impossible_data_folder_is_named(data: str) -> None:
    code, output, errors = start("local", LOCAL_DATA=data)
    assert (code, output) == (1, "")
    assert errors.startswith(f"LOCAL_DATA is '{data}': ")
    assert errors.count("\n") == 1
