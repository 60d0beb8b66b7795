import json
from typing import Any

import pytest

from api import VERSION
from api.__main__ import openapi_json
from api.http.schemas import Image
from tests import ROOT

DOCUMENT: dict[str, Any] = json.loads(openapi_json())
OPERATIONS = [
    (path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for operation in methods.values()
]


def test_the_committed_document_is_up_to_date() -> None:
    """`make openapi` writes it."""
    assert (ROOT / "docs" / "openapi.json").read_text() == openapi_json() + "\n"


def test_the_version_is_the_projects() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_every_operation_has_a_name_a_tag_and_its_problems(
    path: str, operation: dict[str, Any]
) -> None:
    assert operation["operationId"].isidentifier()
    assert operation["tags"]
    assert operation["summary"]
    if path == "/healthz":
        return
    errors = {code: response for code, response in operation["responses"].items() if code >= "400"}
    assert errors
    for response in errors.values():
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
        assert response["description"].startswith("`")
    if path.startswith("/users/"):
        assert operation["security"] == [{"bearer": []}]
        assert {"401", "422", "500", "503"} <= set(errors)
    else:
        assert "security" not in operation


def test_models_have_examples_that_fit_them() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Image", "UploadRequest", "Upload", "Problem"):
        assert schemas[name]["examples"]
    Image.model_validate(schemas["Image"]["examples"][0])


def test_every_field_of_a_response_is_always_present() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Image", "Thumbnail", "Upload", "PlannedUpload", "Page"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"])
