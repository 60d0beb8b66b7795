"""`make bench-api`: compares signing with botocore, and two routes with a plain version.

The sides take turns in each round, so that a busy machine slows both alike. CPU time is that of the
server process, as counted by the kernel.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from api.aws.s3.sigv4 import BucketEndpoint, Credentials, SigningContext, UrlSigner, sign_post
from benchmarks.api import load
from benchmarks.api.stub import USER_ID
from tools.ports import free_port

CLIENTS = 32
ROUNDS = 5
SECONDS = 2.0  # of load per side and round
TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "BUCKET": "my-bucket",
    "DYNAMODB_TABLE": "Images",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AUTH": "off",
    "DRAIN_SECONDS": "0",
    "HOST": "127.0.0.1",
}
UPLOAD = json.dumps({"filename": "cat.jpg", "contentType": "image/jpeg", "size": 123456})
REQUESTS = {
    "list of 50": f"GET /users/{USER_ID}/images?limit=50 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "upload": (
        f"POST /users/{USER_ID}/uploads HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(UPLOAD)}\r\n\r\n{UPLOAD}"
    ).encode(),
}
GOALS = {"url": 20.0, "policy": 20.0, "list of 50": 10.0, "upload": 5.0}


def main() -> None:
    print(f"signing, CPU per call, median of {ROUNDS} alternating rounds")
    signing("without a session token", None)
    signing("with a session token of 800 characters", "IQoJb3JpZ2luX2VjE" * 47)
    with ExitStack() as stack:
        ports = {"stub": free_port(), "plain": free_port(), "ours": free_port()}
        environment = ENVIRONMENT | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['stub']}"}
        stack.enter_context(running(["benchmarks.api.stub", str(ports["stub"])], {}, ports["stub"]))
        plain = ["uvicorn", "benchmarks.api.plain:app", "--port", str(ports["plain"])]
        plain += ["--no-access-log", "--log-level", "warning"]
        servers = {
            "plain": stack.enter_context(running(plain, environment, ports["plain"])),
            "ours": stack.enter_context(
                running(["api"], environment | {"PORT": str(ports["ours"])}, ports["ours"])
            ),
        }
        for name, request in REQUESTS.items():
            route(name, request, servers, ports)


def signing(title: str, token: str | None) -> None:
    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    credentials = Credentials(
        ENVIRONMENT["AWS_ACCESS_KEY_ID"], ENVIRONMENT["AWS_SECRET_ACCESS_KEY"], token
    )
    context = SigningContext(credentials, "eu-west-1", int(time.time()))
    key = f"thumbnails/400/{USER_ID}/1763853422123-9f86d081-holiday-photo.jpg"
    endpoint = BucketEndpoint.parse(client.generate_presigned_post("my-bucket", "x")["url"])
    fields = {"Content-Type": "image/jpeg", "x-amz-meta-filename": "cat.jpg"}
    conditions: list[Any] = [{name: value} for name, value in fields.items()]
    conditions.append(["content-length-range", 5, 5])
    signer = UrlSigner(context, endpoint, 3600)
    parameters = {"Bucket": "my-bucket", "Key": key}
    compare_calls(
        f"url, {title}",
        GOALS["url"],
        lambda: client.generate_presigned_url("get_object", parameters, 3600),
        lambda: signer.url(key),
    )
    compare_calls(
        f"policy, {title}",
        GOALS["policy"],
        lambda: client.generate_presigned_post("my-bucket", key, fields, conditions, 3600),
        lambda: sign_post(context, "my-bucket", key, 3600, fields, (5, 5)),
    )


def compare_calls(
    title: str, goal: float, theirs: Callable[[], object], ours: Callable[[], object]
) -> None:
    rounds = [(cpu_of(theirs, 500), cpu_of(ours, 10_000)) for _ in range(ROUNDS)]
    micros = [statistics.median(side) * 1e6 for side in zip(*rounds, strict=True)]
    ratio = statistics.median(their / our for their, our in rounds)
    print(
        f"  {title}: botocore {micros[0]:.1f} µs, ours {micros[1]:.1f} µs, "
        f"{ratio:.1f} times faster (goal {goal:.0f})"
    )


def cpu_of(call: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - started) / times


def route(
    name: str,
    request: bytes,
    servers: Mapping[str, "subprocess.Popen[bytes]"],
    ports: Mapping[str, int],
) -> None:
    loads: dict[str, list[load.Load]] = {side: [] for side in servers}
    cpu: dict[str, list[float]] = {side: [] for side in servers}
    for round_number in range(ROUNDS + 1):
        for side, server in servers.items():
            before = cpu_seconds(server.pid)
            got = load.run(ports[side], request, CLIENTS, SECONDS)
            if round_number:  # the first round warms up
                loads[side].append(got)
                cpu[side].append((cpu_seconds(server.pid) - before) / len(got.latencies))
    print(f"{name}, {CLIENTS} clients, {ROUNDS} alternating rounds of {SECONDS:.0f} s")
    for side in servers:
        every = load.Load(sorted(chain.from_iterable(got.latencies for got in loads[side])), 1)
        rates = [got.per_second for got in loads[side]]
        print(
            f"  {side}: {statistics.median(rates):.0f} requests/s, "
            f"{statistics.median(cpu[side]) * 1000:.2f} ms CPU per request, "
            f"p50 {every.percentile(50) * 1000:.0f} ms, p99 {every.percentile(99) * 1000:.0f} ms"
        )
    pairs = zip(loads["ours"], loads["plain"], strict=True)
    ratio = statistics.median(our.per_second / their.per_second for our, their in pairs)
    less = statistics.median(
        their / our for our, their in zip(cpu["ours"], cpu["plain"], strict=True)
    )
    print(
        f"  {ratio:.1f} times the requests per second (goal {GOALS[name]:.0f}), "
        f"{less:.1f} times less CPU per request"
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def running(
    module: list[str], environment: Mapping[str, str], port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"{process.args!r} did not start")


if __name__ == "__main__":
    main()
