"""The OpenAPI document: what FastAPI generates, and what it cannot know."""

from typing import Any

from fastapi import FastAPI

from api.http import schemas
from api.settings import Settings


def describe(app: FastAPI, settings: Settings) -> None:
    """Add the limits from the settings and the schema of problem documents to `/openapi.json`."""
    derive = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(derive(), settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI documents it


def _complete(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    components = document["components"]["schemas"]
    problem = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components |= problem.pop("$defs")
    components["Problem"] = problem
    components["UploadRequest"]["properties"]["size"]["maximum"] = settings.max_upload_bytes
    components["Image"]["examples"] = [schemas.IMAGE_EXAMPLE]  # FastAPI would drop its nulls
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return document
