"""The FastAPI application: wiring and error handlers only."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Lifespan

from api import VERSION
from api.aws.clients import THREADS, Session
from api.http import error_handlers, health, routes
from api.http.auth import Authorize, TokenCheck, everyone
from api.http.jwks import Jwks
from api.http.middleware import BodyLimit, Observed
from api.http.openapi import describe
from api.http.services import Clock, Seed, Services, random_seed
from api.settings import Settings

log = logging.getLogger(__name__)

# Both log paths, and an image id contains the user's file name.
QUIET_LOGGERS = ("uvicorn.access", "mangum")


def create_app(
    settings: Settings,
    *,
    session: Session | None = None,
    clock: Clock = time.time,
    seed: Seed = random_seed,
) -> FastAPI:
    """Put the API together. AWS clients are created here, once; nothing is sent yet."""
    services = Services.connect(settings, session=session, clock=clock, seed=seed)
    jwks = Jwks(settings.jwt.jwks_url) if settings.jwt else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        services.stop()
        if jwks is not None:
            jwks.close()

    app = described_app(settings, lifespan)
    app.state.services = services
    app.state.authorize = _authorize(settings, jwks)
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


def described_app(settings: Settings, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The routes and their OpenAPI document, without the services behind them."""
    app = FastAPI(
        title="Thumbline",
        version=VERSION,
        description="Direct image uploads to storage, thumbnails, and listings with signed URLs.",
        lifespan=lifespan,
        redoc_url=None,
    )
    app.include_router(routes.router)
    app.include_router(health.router)
    error_handlers.install(app, [routes.router, health.router])
    describe(app, settings)
    return app


def _authorize(settings: Settings, jwks: Jwks | None) -> Authorize:
    if settings.jwt is None or jwks is None:
        log.warning("AUTH=off: anyone can see and change every user's images")
        return everyone
    return TokenCheck(settings.jwt, jwks)
