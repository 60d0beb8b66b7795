import asyncio

import httpx
from fastapi import FastAPI

from api.http import error_handlers
from api.http.error_handlers import USE_CASE_PROBLEMS
from api.use_cases import errors
from api.use_cases.errors import UseCaseError


def test_every_error_of_a_use_case_has_its_own_problem() -> None:
    assert set(USE_CASE_PROBLEMS) == set(UseCaseError.__subclasses__())
    assert len(set(USE_CASE_PROBLEMS.values())) == len(USE_CASE_PROBLEMS)


def test_the_tree_at_the_top_of_the_file_names_every_error() -> None:
    names = [refusal.__name__ for refusal in UseCaseError.__subclasses__()]
    for name in ("UseCaseError", *names):
        assert f"{name}\n" in (errors.__doc__ or "")


def test_an_error_becomes_its_problem_with_its_text() -> None:
    app = FastAPI()
    error_handlers.install(app, [])

    @app.get("/")
    def refuse() -> None:
        raise errors.FileTooLargeError(100)

    response = asyncio.run(get(app))
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:thumbline:problem:file_too_large",
        "title": "File too large",
        "status": 422,
        "code": "file_too_large",
        "detail": "at most 100 bytes",
    }


async def get(app: FastAPI) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://api"
    ) as client:
        return await client.get("/")
