import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.emulator import ROOT
from tools.local_run import LocalRun
from tools.pictures import jpeg


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_readmes_walk_through_works_as_written(
    system: LocalRun, user_id: str, tmp_path: Path
) -> None:
    section = (ROOT / "README.md").read_text().split("## Upload with curl", 1)[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found
    script = found[1].replace("http://localhost:8000", str(system.client.base_url).rstrip("/"))
    assert script.count("/users/ada/") == 3
    (tmp_path / "cat.jpg").write_bytes(jpeg(800, 600))
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("/users/ada/", f"/users/{user_id}/")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    decoder = json.JSONDecoder()
    image, end = decoder.raw_decode(ran.stdout)
    page = json.loads(ran.stdout[end:])
    assert image["status"] == "done"
    assert [item["imageId"] for item in page["items"]] == [image["imageId"]]
