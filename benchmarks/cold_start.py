"""Cold starts of the functions: `make bench-cold`.

Each contestant is a folder built as its image is, and is started many times under AWS's runtime
client and runtime interface emulator. Contestants take turns, so that a busy machine slows all of
them alike. The measured time is what Lambda bills: from the start of the runtime client to its
request for the first event, in wall-clock and in CPU time.

- empty: a handler that imports nothing
- plain: boto3 clients for S3 and DynamoDB, Pillow with its JPEG, PNG and WebP plugins, installed
  with pip as in AWS's guide to Python container images; the same versions, pillow-heif too
- resizer: ours, as Dockerfile.resizer builds it, and without each of its optimizations
- api plain: FastAPI, Mangum and the same two clients; api: ours, as Dockerfile.api builds it
"""

import argparse
import compileall
import py_compile
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from container_build.botocore_data import cut
from local.emulator import ROOT
from tools.environment import find_uv
from tools.lambda_emulator import LambdaEmulator

PLAIN_API = """
import boto3
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel
s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")
app = FastAPI()
class Upload(BaseModel):
    filename: str
    size: int
@app.post("/uploads")
def upload(body: Upload) -> Upload:
    return body
handler = Mangum(app, lifespan="off")
"""
EMPTY = "def handler(event, context):\n    return None\n"
AWS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}
OURS = {**AWS, "BUCKET": "images", "AUTH": "off"}


@dataclass
class Contestant:
    name: str
    folder: Path
    handler: str
    environment: Mapping[str, str]
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def install(group: str, target: Path, compiled: bool = True) -> None:
    """Install a locked group into a folder, as the Dockerfiles do."""
    install_lock(ROOT / "requirements" / f"{group}.txt", target, compiled)


def install_lock(lock: Path, target: Path, compiled: bool = True) -> None:
    command = [find_uv(), "pip", "install", "--quiet", "--system-certs", "--python", sys.executable]
    hashed = ["--no-deps", "--require-hashes", "--target", str(target), "-r", str(lock)]
    options = ["--compile-bytecode"] if compiled else []
    subprocess.run([*command, *options, *hashed], check=True)


def install_plain(target: Path, lock: Path) -> None:
    """Install what a handler with boto3 and Pillow needs, in the versions of the dev lock."""
    wanted = "boto3|botocore|jmespath|pillow|pillow-heif|python-dateutil|s3transfer|six|urllib3"
    entries = re.findall(
        rf"^(?:{wanted})==.*(?:\n    --hash.*)+",
        (ROOT / "requirements" / "dev.txt").read_text(),
        re.MULTILINE,
    )
    lock.write_text("\n".join(entries) + "\n")
    install_lock(lock, target)


def cut_data(dockerfile: str, target: Path) -> None:
    """Reduce botocore's data as the Dockerfile does."""
    text = (ROOT / dockerfile).read_text()
    wanted = re.findall(r"\b(s3|dynamodb)=([A-Za-z0-9,]+)", text)
    cut(target / "botocore" / "data", {name: names.split(",") for name, names in wanted})


def compile_all(target: Path) -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(target, quiet=2, force=True, invalidation_mode=mode)


def copy_code(target: Path, *packages: str) -> None:
    for package in packages:
        shutil.copytree(
            ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__")
        )


def contestants(work: Path, with_api: bool) -> list[Contestant]:
    empty = _written(work / "empty", EMPTY)
    plain = _written(work / "plain", (ROOT / "benchmarks/plain/function.py").read_text())
    install_plain(plain, work / "plain.txt")
    ours = work / "resizer"
    install("resizer", ours, compiled=False)
    copy_code(ours, "contract", "resizer")
    uncut = work / "resizer with full botocore data"
    shutil.copytree(ours, uncut)
    uncompiled = work / "resizer not compiled"
    cut_data("Dockerfile.resizer", ours)
    shutil.copytree(ours, uncompiled)
    compile_all(ours)
    compile_all(uncut)
    found = [
        Contestant("empty", empty, "function.handler", AWS),
        Contestant("plain", plain, "function.handler", AWS),
        Contestant("resizer", ours, "resizer.handler.handler", OURS),
        Contestant(uncut.name, uncut, "resizer.handler.handler", OURS),
        Contestant(
            uncompiled.name,
            uncompiled,
            "resizer.handler.handler",
            {**OURS, "PYTHONDONTWRITEBYTECODE": "1"},
        ),
    ]
    if with_api:
        plain_api = _written(work / "api plain", PLAIN_API)
        install("api", plain_api)
        api = work / "api"
        install("api", api, compiled=False)
        copy_code(api, "contract", "api")
        cut_data("Dockerfile.api", api)
        compile_all(api)
        found += [
            Contestant(plain_api.name, plain_api, "function.handler", AWS),
            Contestant("api", api, "api.lambda_handler.handler", OURS),
        ]
    return found


def _written(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "function.py").write_text(code)
    return folder


def runtime_client(work: Path) -> Path:
    """Install AWS's runtime client in a separate folder, as in Lambda's images."""
    folder = work / "runtime"
    install("lambda", folder)
    return folder


def start(contestant: Contestant, runtime: Path, log: Path) -> tuple[float, float]:
    """Start once; returns wall-clock and CPU time of the init phase, in milliseconds."""
    folders = [contestant.folder, runtime]
    with LambdaEmulator(
        contestant.handler, folders, log, environment=contestant.environment
    ) as rie:
        response = rie.invoke({"Records": []})
        assert response.status_code == 200, rie.log
        return rie.init_ms, rie.cpu_ms


def table(measured: list[Contestant]) -> str:
    by_name = {contestant.name: contestant for contestant in measured}
    lines = [
        "| | wall, median (ms) | wall, fastest | CPU, median (ms) | wall ÷ plain |",
        "| --- | --- | --- | --- | --- |",
    ]
    for contestant in measured:
        plain = by_name["api plain" if contestant.name.startswith("api") else "plain"]
        ratio = statistics.median(contestant.wall_ms) / statistics.median(plain.wall_ms)
        lines.append(
            f"| {contestant.name} | {statistics.median(contestant.wall_ms):.0f} "
            f"| {min(contestant.wall_ms):.0f} | {statistics.median(contestant.cpu_ms):.0f} "
            f"| {ratio:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="starts of each (15)")
    parser.add_argument("--no-api", action="store_true", help="the resizer only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        runtime = runtime_client(work)
        found = contestants(work, not options.no_api)
        for number in range(options.rounds + 1):
            for contestant in found:
                wall, cpu = start(contestant, runtime, work / "log")
                if number:  # the first round warms up the file system
                    contestant.wall_ms.append(wall)
                    contestant.cpu_ms.append(cpu)
        print(f"{options.rounds} starts of each, Python {sys.version.split()[0]}\n")
        print(table(found))
        for folder in (each.folder for each in found):
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            print(f"{folder.name}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
