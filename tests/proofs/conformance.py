"""`make test-api-schema`: schemathesis against the running API on the emulator, all checks.

It runs in an environment of its own, as it pins much that the product does not use, and talks to
the API over HTTP only.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from api.app import create_app
from api.settings import JwtSettings, Settings
from local import infrastructure
from local.emulator import REGION, Emulator
from tests import ROOT
from tests.issuer import AUDIENCE, ISSUER, issuing
from tests.serving import serve
from tools.ports import free_port


def main() -> int:
    """`python -m tests.proofs.conformance SCHEMATHESIS [ARGUMENT...]`"""
    command, *arguments = sys.argv[1:]
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(free_port(), Path(folder), {}) as emulator,
        issuing() as issuer,
    ):
        stack = infrastructure.deploy(emulator.root, emulator.url, {"CreateApiUser": "true"})
        settings = Settings(
            bucket=stack.bucket,
            table=stack.table,
            region=REGION,
            endpoint_url=emulator.url,
            jwt=JwtSettings(jwks_url=issuer.url, issuer=ISSUER, audience=AUDIENCE),
        )
        app = create_app(settings, session=stack.api.session())
        app.state.services.waiting.stop()  # nothing makes thumbnails here, so waiting is pointless
        with serve(app) as client:
            token = issuer.token("conformance", scope="images:any", exp=4_000_000_000)
            config = ["--config-file", str(ROOT / "tests" / "proofs" / "schemathesis.toml")]
            target = ["run", f"{client.base_url}/openapi.json", *arguments]
            header = ["--header", f"Authorization: Bearer {token}"]
            run = [str(ROOT / command), *config, *target, *header]
            return subprocess.run(run, cwd=folder, check=False).returncode  # it leaves files there


if __name__ == "__main__":
    sys.exit(main())
