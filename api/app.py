"""The FastAPI application: wiring and error handlers only."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

import anyio.to_thread
import boto3
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import auth, errors, health, routes
from api.middleware import BodyLimit, Observed
from api.openapi import describe
from api.services import Clock, Nonce, Services, random_nonce
from api.settings import Settings
from api.storage import THREADS


def create_app(
    settings: Settings,
    *,
    session: boto3.Session | None = None,
    clock: Clock = time.time,
    nonce: Nonce = random_nonce,
) -> FastAPI:
    """Put the API together: clients are made here, once, and nothing is sent yet."""
    services = Services.connect(settings, session=session, clock=clock, nonce=nonce)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        services.stop()

    app = FastAPI(
        title="Thumbline",
        version=_version(),
        lifespan=lifespan,
        redoc_url=None,
    )
    app.state.services = services
    app.state.authorize = auth.everyone
    app.include_router(routes.router)
    app.include_router(health.router)
    errors.install(app)
    describe(app, settings)
    app.add_middleware(BodyLimit)
    app.add_middleware(Observed)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"],
            expose_headers=["X-Request-Id", "Retry-After"],
            max_age=3600,
        )
    return app


def _version() -> str:
    try:
        return version("thumbline")
    except PackageNotFoundError:  # run from the source tree
        return "0"
