"""The local run serves every object that it stored, whatever else somebody put in its folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from local.emulator import Emulator
from tests.integration.local.test_full_disk import BUCKET, keys, put, s3_of
from tools.ports import free_port

NAMES = ("a.jpg", "m.jpg", "z.jpg")


def garbage_sidecar(folder: bytes) -> None:
    with open(folder + b"/m.jpg.meta.json", "w") as file:
        file.write("[]")


def by_hand(folder: bytes) -> None:
    with open(folder + b"/by hand.jpg", "wb") as file:
        file.write(b"x")


def not_utf_8(folder: bytes) -> None:
    with open(folder + b"/caf\xe9.jpg", "wb") as file:
        file.write(b"x")


def dangling_link(folder: bytes) -> None:
    os.symlink("/nonexistent", folder + b"/link.jpg")


def fifo(folder: bytes) -> None:
    os.mkfifo(folder + b"/fifo.jpg")


@pytest.mark.parametrize(
    ("add", "skipped", "served"),
    [
        (not_utf_8, 1, {*NAMES}),
        (dangling_link, 1, {*NAMES}),
        (fifo, 1, {*NAMES}),
        (garbage_sidecar, 1, {"a.jpg", "z.jpg"}),
        (by_hand, 0, {*NAMES, "by hand.jpg"}),
    ],
)
def test_a_start_skips_what_is_no_object_and_serves_all_others(
    tmp_path: Path, add: Callable[[bytes], None], skipped: int, served: set[str]
) -> None:
    with Emulator(free_port(), tmp_path, {}) as emulator:
        client = s3_of(emulator)
        client.create_bucket(Bucket=BUCKET)
        assert {put(client, name) for name in NAMES} == {200}
        assert emulator.skipped_files() == 0
    (folder,) = (tmp_path / "s3").glob(f"*/{BUCKET}")
    add(os.fsencode(folder))
    with Emulator(free_port(), tmp_path, {}) as emulator:
        assert keys(s3_of(emulator)) == served
        assert emulator.skipped_files() == skipped
