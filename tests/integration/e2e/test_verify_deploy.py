"""`verify-deploy` against the local run with tokens, and against a server that accepts anything."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.issuer import AUDIENCE, ISSUER, issuing
from tools.local_run import LocalRun
from tools.verify_deploy import ATTACKS, Outsider, clean_up, verify


def test_the_system_withstands_every_attack(tmp_path: Path, user_id: str) -> None:
    with issuing() as issuer:
        settings = {
            "AUTH": "jwt",
            "AUTH_JWKS_URL": issuer.url,
            "AUTH_ISSUER": ISSUER,
            "AUTH_AUDIENCE": AUDIENCE,
            "UPLOAD_URL_SECONDS": "30",
        }
        with LocalRun(tmp_path / "data", settings) as system:
            api, token = str(system.client.base_url), issuer.token(user_id)
            with Outsider(api, user_id, token) as outsider:
                outcomes = {name: (outcome, why) for name, outcome, why in verify(outsider)}
                clean_up(outsider)
                assert outsider.listing(user_id) == []
    assert len(outcomes) == len(ATTACKS)
    assert {name: told for name, told in outcomes.items() if told != ("withstood", "")} == {}


class YesMan(BaseHTTPRequestHandler):
    """Accepts every request."""

    def respond(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 -- the base's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def yes_man() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), YesMan) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_successful_attacks_are_reported(yes_man: str) -> None:
    with Outsider(yes_man, "somebody", "token") as outsider:
        outcomes = {outcome for _, outcome, _ in verify(outsider)}
    assert outcomes == {"BREACH"}
