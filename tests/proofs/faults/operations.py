"""The operations that are broken at each of their AWS calls, as one process would run them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore.session
import httpx
from botocore.config import Config
from botocore.loaders import create_loader
from fastapi import FastAPI

from api.app import create_app
from api.http.services import Services
from api.settings import Settings as ApiSettings
from api.use_cases.errors import ImageNotFoundError
from contract.transitions import Change
from local.emulator import REGION, Credentials
from resizer.doctor import Doctor, Options
from resizer.events import ObjectReference
from resizer.repository import DYNAMODB_CONFIG, RefusedError, Repository
from resizer.resize import Resizer
from resizer.settings import Settings
from resizer.storage import S3_CONFIG, Storage
from tests.inline_executor import InlineExecutor
from tests.sandbox import shared_sandbox

LATER_MS = 120_000  # by then a dead process's claim is free


@dataclass(frozen=True)
class World:
    """AWS's URL, the identities, and the time."""

    endpoint_url: str
    settings: Settings
    identities: dict[str, Credentials]
    attempts: int  # of the client for each call
    ahead_ms: int = 0

    def client(self, identity: str, service: Any, config: Config) -> Any:
        keys = self.identities[identity]
        return _client(self.endpoint_url, keys, service, config, self.attempts)

    def session(self, identity: str) -> boto3.Session:
        return _session(self.identities[identity])

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def resizer(self, identity: str, threads: Executor) -> Resizer:
        return Resizer(
            Storage(self.client(identity, "s3", S3_CONFIG), self.settings.bucket),
            self.repository(identity),
            self.settings,
            self.now_ms,
            shared_sandbox(self.settings),
            threads,
        )

    def repository(self, identity: str) -> Repository:
        return Repository(self.client(identity, "dynamodb", DYNAMODB_CONFIG), self.settings.table)


# Clients cost far more than the calls: a process keeps them, and its children inherit the models.
_LOADER = create_loader()


@cache
def _session(keys: Credentials) -> boto3.Session:
    session = botocore.session.get_session()
    session.register_component("data_loader", _LOADER)
    return boto3.Session(
        keys.access_key_id,
        keys.secret_access_key,
        keys.session_token,
        region_name=REGION,
        botocore_session=session,
    )


@cache
def _client(
    endpoint_url: str, keys: Credentials, service: Any, config: Config, attempts: int
) -> Any:
    retries = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return _session(keys).client(service, endpoint_url=endpoint_url, config=config.merge(retries))


def load_models() -> None:
    """Read what clients are made from, so that forks of this process need not."""
    nobody = Credentials("nobody", "nothing")
    _client("http://127.0.0.1:1", nobody, "s3", S3_CONFIG, 1)
    _client("http://127.0.0.1:1", nobody, "dynamodb", DYNAMODB_CONFIG, 1)


def resize(world: World, ref: ObjectReference) -> None:
    """Lambda's way: a retry has the request id of the invocation that it repeats."""
    world.resizer("resizer", InlineExecutor()).resize(ref, "invocation-1")


def give_up(world: World, ref: ObjectReference) -> None:
    change = Change(ref.sequencer, "give-up-1", world.now_ms())
    repository = world.repository("give_up")
    try:
        repository.give_up(repository.locate(ref), change, "{}")
    except RefusedError:
        return  # marked by an earlier delivery


def doctor(world: World, ref: ObjectReference) -> None:
    options = Options(repair=True, redrive=True, user_id=ref.key.user_id, grace_ms=0)
    resizer = world.resizer("root", InlineExecutor())
    Doctor(resizer, options, "doctor-1", InlineExecutor()).examine()


def delete(world: World, ref: ObjectReference) -> None:
    services = Services.connect(
        _api_settings(world), session=world.session("api"), clock=lambda: world.now_ms() / 1000
    )
    with suppress(ImageNotFoundError):
        services.image_deleter.delete(ref.key.user_id, ref.record_id or ref.key.image_id)


def plan_upload(world: World, ref: ObjectReference) -> None:
    """A client that retries with the same Idempotency-Key until it gets a response."""
    app = create_app(_api_settings(world), session=world.session("api"))
    response = asyncio.run(_post_upload(app, ref.key.user_id))
    if response.status_code != 201:
        raise ConnectionError(response.text)


def _api_settings(world: World) -> ApiSettings:
    return ApiSettings(
        bucket=world.settings.bucket,
        table=world.settings.table,
        region=REGION,
        endpoint_url=world.endpoint_url,
    )


async def _post_upload(app: FastAPI, user_id: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.post(
            f"/users/{user_id}/uploads",
            json={"filename": "cat.jpg", "contentType": "image/jpeg", "size": 1000},
            headers={"Idempotency-Key": "one-upload"},
        )


Operation = Callable[[World, ObjectReference], None]
