"""The images' reduced botocore data: it has every operation that the code calls, unchanged."""

import ast
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import botocore.loaders
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import UnknownServiceError

from container_build.botocore_data import cut
from local.emulator import ROOT
from local.infrastructure import Stack

DOCKERFILES = {"api": "Dockerfile.api", "resizer": "Dockerfile.resizer"}
# In Dockerfile.api for its model alone: generate_presigned_post signs with it.
LENT = {"create_bucket"}
# In both for botocore itself: it asks where a bucket is if S3 responds that it is elsewhere.
BOTOCORES_OWN = {"head_bucket"}
KEY: dict[str, Any] = {"userId": {"S": "cut"}, "imageId": {"S": "1763853422123-cat.jpg"}}
OBJECT = {"Key": "uploads/cut/1763853422123-cat.jpg"}
CALLS: dict[str, dict[str, Any]] = {
    "head_bucket": {},
    "put_object": {**OBJECT, "Body": b"cat", "Metadata": {"filename": "cat.jpg"}},
    "head_object": OBJECT,
    "get_object": OBJECT,
    "list_objects_v2": {"Prefix": "uploads/cut/"},
    "put_object_tagging": {**OBJECT, "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    "get_object_tagging": OBJECT,
    "delete_object_tagging": OBJECT,
    "delete_object": OBJECT,
    "put_item": {"Item": {**KEY, "status": {"S": "pending"}}},
    "get_item": {"Key": KEY},
    "batch_get_item": {},
    "update_item": {"Key": KEY, "ReturnValues": "ALL_NEW"},
    "query": {
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": "cut"}},
    },
    "scan": {"FilterExpression": "userId = :u", "ExpressionAttributeValues": {":u": {"S": "cut"}}},
    "delete_item": {"Key": KEY, "ReturnValues": "ALL_OLD"},
    "transact_write_items": {},
}


def listed(dockerfile: str) -> dict[str, list[str]]:
    """The operations that a Dockerfile keeps, by service."""
    text = (ROOT / dockerfile).read_text()
    return {
        service: re.findall(rf"\b{service}=([A-Za-z0-9,]+)", text)[0].split(",")
        for service in ("s3", "dynamodb")
    }


def called(package: str) -> set[str]:
    """The methods of AWS clients, and the paginators, that a package uses."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = ast.unparse(node.func.value)
            if owner.endswith(("client", "s3", "dynamodb")):
                found.add(node.func.attr)
                if node.func.attr == "get_paginator":
                    found.add(ast.literal_eval(node.args[0]))
    session = botocore.session.Session()
    known = {
        xform_name(name)
        for service in ("s3", "dynamodb")
        for name in session.get_service_model(service).operation_names
    }
    return found & known


@pytest.mark.parametrize("package", ["api", "resizer"])
def test_the_image_keeps_only_what_its_code_calls(package: str) -> None:
    kept = {xform_name(name) for names in listed(DOCKERFILES[package]).values() for name in names}
    assert called(package) == kept - LENT - BOTOCORES_OWN


def some_data(folder: Path) -> Path:
    """A copy of botocore's data, with three of its 400 services."""
    whole = Path(botocore.__file__).parent / "data"
    for path in whole.glob("*.json"):
        shutil.copy(path, folder)
    for service in ("s3", "dynamodb", "sqs"):
        shutil.copytree(whole / service, folder / service)
    return folder


@pytest.fixture(scope="module", params=["api", "resizer"])
def clients(
    request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Callable[[str], Any], Callable[[str], Any], dict[str, list[str]]]:
    """Clients with full and with reduced data, and the operations of the reduced data."""
    operations = listed(DOCKERFILES[request.param])
    folder = some_data(tmp_path_factory.mktemp("botocore"))
    cut(folder, operations)
    root = request.getfixturevalue("emulator").root

    def maker(data: Path | None) -> Callable[[str], Any]:
        session = botocore.session.Session()
        session.set_credentials(root.access_key_id, root.secret_access_key)
        if data:
            loader = botocore.loaders.Loader(
                extra_search_paths=[str(data)], include_default_search_paths=False
            )
            session.register_component("data_loader", loader)
        return lambda service: session.create_client(
            service, config=Config(s3={"addressing_style": "path"})
        )

    return maker(None), maker(folder), operations


def test_every_kept_operation_behaves_as_with_the_full_data(
    clients: tuple[Callable[[str], Any], Callable[[str], Any], dict[str, list[str]]],
    stack: Stack,
) -> None:
    whole, part, operations = clients
    for service, names in operations.items():
        kept = {xform_name(name) for name in names} - LENT
        target = {"Bucket": stack.bucket} if service == "s3" else {"TableName": stack.table}
        with_whole, with_part = whole(service), part(service)
        for name in [name for name in CALLS if name in kept]:
            arguments = {**target, **CALLS[name]}
            if name == "transact_write_items":
                arguments = {"TransactItems": [{"Put": {**target, "Item": KEY}}]}
            if name == "batch_get_item":
                arguments = {"RequestItems": {stack.table: {"Keys": [KEY]}}}
            responses = []
            for client in (with_whole, with_part):
                arrange = "put_object" if service == "s3" else "put_item"
                getattr(with_whole, arrange)(**target, **CALLS[arrange])
                responses.append(_comparable(getattr(client, name)(**arguments)))
            assert responses[0] == responses[1], name
        assert kept <= set(CALLS)


def test_an_operation_that_is_not_kept_does_not_exist(
    clients: tuple[Callable[[str], Any], Callable[[str], Any], dict[str, list[str]]],
) -> None:
    whole, part, _ = clients
    assert whole("sqs")
    with pytest.raises(UnknownServiceError):
        part("sqs")
    assert hasattr(whole("s3"), "delete_bucket")
    assert not hasattr(part("s3"), "delete_bucket")


def test_urls_are_the_same_as_with_the_full_data_in_every_partition(
    clients: tuple[Callable[[str], Any], Callable[[str], Any], dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, part, _ = clients
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for region in ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"):
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        for service in ("s3", "dynamodb"):
            urls = [make(service).meta.endpoint_url for make in (whole, part)]
            assert urls[0] == urls[1]


def _comparable(response: dict[str, Any]) -> dict[str, Any]:
    """A response without what differs between two calls of the same kind."""
    kept = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    if "Body" in kept:
        kept["Body"] = kept["Body"].read()
    kept.pop("LastModified", None)
    for entry in kept.get("Contents", []):
        entry.pop("LastModified", None)
    return kept


def test_an_unknown_operation_fails_the_build(tmp_path: Path) -> None:
    folder = some_data(tmp_path)
    with pytest.raises(SystemExit, match="PutObjekt"):
        cut(folder, {"s3": ["PutObjekt"]})


def test_files_that_an_installers_cache_shares_stay_whole(tmp_path: Path) -> None:
    folder, shared = tmp_path / "target", tmp_path / "cache"
    folder.mkdir()
    some_data(folder)
    shutil.copytree(folder, shared, copy_function=os.link)
    before = {path: path.read_bytes() for path in shared.rglob("*") if path.is_file()}
    cut(folder, {"s3": ["GetObject"]})
    assert {path: path.read_bytes() for path in before} == before
