"""The API on the emulator, under the identity that the template gives it."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import hypothesis
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings
from local.emulator import REGION, Emulator
from tests.serving import serve

# A busy machine must not fail the tests.
hypothesis.settings.register_profile("api", deadline=None)
hypothesis.settings.load_profile("api")

CreateApp = Callable[..., FastAPI]


@pytest.fixture(scope="session")
def api_settings(emulator: Emulator, bucket: str, table: str) -> Settings:
    return Settings(
        bucket=bucket,
        table=table,
        region=REGION,
        endpoint_url=emulator.url,
        cors_origins=("http://localhost:3000",),
    )


@pytest.fixture(scope="session")
def make_app(api_settings: Settings, api_session: boto3.Session) -> CreateApp:
    """Make an app; keyword arguments go to `create_app`, `settings` stands for other settings."""

    def make(settings: Settings = api_settings, **arguments: Any) -> FastAPI:
        return create_app(settings, session=api_session, **arguments)

    return make


@pytest.fixture(scope="session")
def client(make_app: CreateApp) -> Iterator[httpx.Client]:
    """A client of an app with `AUTH=off`."""
    with serve(make_app()) as client:
        yield client


@pytest.fixture(scope="session")
def emulator_url(emulator: Emulator) -> str:
    return emulator.url


@pytest.fixture(scope="session")
def environment(
    api_session: boto3.Session, emulator_url: str, bucket: str, table: str
) -> dict[str, str]:
    """What a process of the API is started with."""
    credentials = api_session.get_credentials()
    assert credentials is not None
    found = {
        "PATH": os.environ["PATH"],
        "BUCKET": bucket,
        "DYNAMODB_TABLE": table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": emulator_url,
        "AUTH": "off",
        "AWS_ACCESS_KEY_ID": credentials.access_key or "",
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key or "",
        "AWS_SESSION_TOKEN": credentials.token or "",
    }
    return {name: value for name, value in found.items() if value}
