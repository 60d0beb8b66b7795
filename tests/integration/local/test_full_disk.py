"""What the local run accepts, it keeps; what the disk has no space for, it refuses."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local import disk
from local.disk import MIB, UPLOADS_NEED_BYTES, DiskFullError, Watch
from local.emulator import Emulator
from tests.integration.e2e.test_lifetime import failed_start
from tools.local_run import LocalRun
from tools.pictures import noise, saved
from tools.ports import free_port
from tools.uploader import send

BUCKET = "photos"
ONCE = Config(retries={"total_max_attempts": 1})
Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small disk with these options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        return folder

    yield mounted
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def s3_of(emulator: Emulator) -> Any:
    return emulator.root.session().client("s3", endpoint_url=emulator.url, config=ONCE)


def put(client: Any, key: str, data: bytes = b"x") -> int:
    """Put an object; returns the HTTP status."""
    try:
        response = client.put_object(Bucket=BUCKET, Key=key, Body=data)
    except ClientError as exc:
        response = exc.response
    return int(response["ResponseMetadata"]["HTTPStatusCode"])


def keys(client: Any) -> set[str]:
    return {entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def test_uploads_stop_before_the_disk_is_full_and_thumbnails_later(mount: Mount) -> None:
    data = mount("size=128m")
    filler = data / "filler"
    with Emulator(free_port(), data, {}) as emulator:
        client = s3_of(emulator)
        client.create_bucket(Bucket=BUCKET)
        assert put(client, "uploads/ann/1.jpg") == 200
        filler.write_bytes(bytes(96 * MIB))
        assert put(client, "uploads/ann/2.jpg") == 503
        assert put(client, "thumbnails/200/1.jpg") == 200
        filler.write_bytes(bytes(120 * MIB))
        assert put(client, "thumbnails/400/1.jpg") == 503
        assert client.get_object(Bucket=BUCKET, Key="uploads/ann/1.jpg")["Body"].read() == b"x"
        client.delete_object(Bucket=BUCKET, Key="uploads/ann/1.jpg")
        filler.unlink()
        assert put(client, "uploads/ann/2.jpg") == 200
        assert keys(client) == {"uploads/ann/2.jpg", "thumbnails/200/1.jpg"}


def test_what_could_not_be_written_is_refused_and_the_old_object_stays(mount: Mount) -> None:
    """There is space, but no file can be created: only the write itself shows it."""
    data = mount("size=256m,nr_inodes=200")
    with Emulator(free_port(), data, {}) as emulator:
        client = s3_of(emulator)
        client.create_bucket(Bucket=BUCKET)
        accepted = {f"uploads/ann/{n}.jpg" for n in range(200) if _accepted(client, n)}
        assert 10 < len(accepted) < 190
        assert put(client, "uploads/ann/0.jpg", b"newer") == 503
        assert client.get_object(Bucket=BUCKET, Key="uploads/ann/0.jpg")["Body"].read() == b"x"
        assert keys(client) == accepted
        emulator.kill()
    with Emulator(free_port(), data, {}) as emulator:
        assert keys(s3_of(emulator)) == accepted


def _accepted(client: Any, number: int) -> bool:
    return put(client, f"uploads/ann/{number}.jpg") == 200


def test_a_full_disk_loses_nothing_that_was_acknowledged_and_plans_nothing(
    mount: Mount, user_id: str
) -> None:
    """Plan and send until the run refuses both, make space, and kill everything."""
    data = mount(f"size={UPLOADS_NEED_BYTES + 24 * MIB}")
    photo = noise(1000, 1000)
    picture = saved(photo, "BMP")
    acknowledged = []
    with LocalRun(data / "run") as running:
        early = running.plan(user_id, picture, contentType="image/bmp")
        while (planned := plan(running, user_id, picture)).status_code == 201:
            upload = planned.json()
            if send(upload["upload"], picture).status_code < 300:
                acknowledged.append(upload["image"]["imageId"])
        assert planned.status_code == 503
        assert planned.json()["code"] == "storage_unavailable"
        assert planned.headers["retry-after"]
        assert "x-request-id" in planned.headers
        assert send(early["upload"], picture).status_code == 503
        wait_for(running, "uploads are refused until 64 MiB are free")
        deleted = running.client.delete(f"/users/{user_id}/images/{acknowledged.pop()}")
        assert deleted.status_code == 204
        assert {image["imageId"] for image in running.listing(user_id)} >= set(acknowledged)
        running.client.delete(f"/users/{user_id}/images/{acknowledged.pop()}")
        assert send(early["upload"], picture).status_code < 300
        acknowledged.append(early["image"]["imageId"])
        wait_for(running, "there is space again: uploads are accepted")
        running.kill_all()
    with LocalRun(data / "run") as running:
        images = [running.finished(user_id, image_id) for image_id in acknowledged]
        assert {image["status"] for image in images} == {"done"}
        assert {image["imageId"] for image in running.listing(user_id)} == set(acknowledged)


def wait_for(running: LocalRun, message: str) -> None:
    """Wait until the run's log has this message once; it looks at the disk every 0.5 s."""
    deadline = time.monotonic() + 20
    while running.log.read_text().count(message) != 1:
        assert time.monotonic() < deadline, running.log.read_text()
        time.sleep(0.1)


def plan(running: LocalRun, user_id: str, data: bytes) -> httpx.Response:
    declared = {"filename": "a.bmp", "contentType": "image/bmp", "size": len(data)}
    return running.client.post(f"/users/{user_id}/uploads", json=declared)


def test_a_start_on_a_full_disk_is_refused_in_one_sentence(mount: Mount) -> None:
    data = mount("size=2m")
    (data / "filler").write_bytes(bytes(2 * MIB - 8192))
    ports = {"API_PORT": str(free_port()), "EMULATOR_PORT": str(free_port())}
    said = failed_start(LOCAL_DATA=str(data / "run"), **ports)
    assert said.startswith(f"The disk of {data / 'run'} is full (")
    assert said.endswith("free some space, or set LOCAL_DATA to a folder on another disk.\n")
    assert said.count("\n") == 1


def test_the_watch_says_once_that_uploads_stop_and_once_that_they_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    watch = Watch(tmp_path, said.append)
    for free in (64 * MIB, 63 * MIB, 0, 64 * MIB, 10**12):
        monkeypatch.setattr(disk, "free_bytes", lambda _, free=free: free)
        watch.look()
    assert len(said) == 2
    assert "almost full (63 MiB free): uploads are refused until 64 MiB are free" in said[0]
    assert "uploads are accepted" in said[1]


def test_a_folder_that_does_not_exist_yet_is_on_its_parents_disk(tmp_path: Path) -> None:
    disk.check(tmp_path / "not" / "yet" / "there")


def test_a_start_needs_a_little_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: disk.START_NEEDS_BYTES - 1)
    with pytest.raises(DiskFullError, match="is full"):
        disk.check(tmp_path)
