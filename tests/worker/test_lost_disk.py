"""DOWNLOADS_DIR goes away while a worker runs: it says so in a line, begins no download, and goes on by itself."""

import logging
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import Passing
from downloads_app.models import Download, Status
from downloads_app.modes import FOLDER_MODE
from downloads_app.services.accounts import users
from downloads_app.services.queue import workers
from downloads_app.worker.job import preparation
from downloads_app.worker.parent import PARENT_VARIABLE
from tests.conftest import PASSWORD
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import wait_until
from tests.support.small_disk import failed, small_disk
from tests.worker.running import FILES, working

MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 20 * MIB) as folder:
        yield folder


def queue_one(server: FileServer) -> Download:
    publish(server, "org/model", FILES)
    return queue_download(users.create_user(current_settings().downloads_dir, "carol", PASSWORD), provide(server))


def is_room_told() -> bool | None:
    """Whether the worker tells of some free room; None before it tells anything."""
    hosts = workers.list_hosts(current_settings().lease_seconds)
    free = hosts[0].disk_free_bytes if hosts else None
    return None if free is None else free > 0


def test_nothing_begins_on_a_disk_that_has_failed_until_it_is_back(
    make_app: Callable[..., Flask], server: FileServer, disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(downloads_dir=disk / "downloads", lease_seconds=3)
    with app.app_context(), caplog.at_level(logging.INFO), working(app):
        wait_until(is_room_told, what="the worker's start")
        with failed(disk):
            wait_until(lambda: "Read-only file system; no download begins until it can" in caplog.text, what="the line")
            wait_until(lambda: is_room_told() is False, what="the alert's figure")
            row = queue_one(server)
            time.sleep(1.5)  # the loop looks for work twice a second
            assert (reload(row).status, reload(row).attempt) == (Status.PENDING, 0)
        wait_until(lambda: reload(row).status == Status.COMPLETED, what="completion")
        wait_until(is_room_told, what="room")
    assert caplog.text.count("no download begins") == 1
    assert caplog.text.count("DOWNLOADS_DIR can be written to again") == 1
    assert "Traceback" not in caplog.text


def test_a_folder_that_somebody_removes_is_made_anew_as_at_the_start(
    make_app: Callable[..., Flask], server: FileServer, tmp_path: Path
) -> None:
    app = make_app(downloads_dir=tmp_path / "downloads")
    with app.app_context(), working(app):
        wait_until((tmp_path / "downloads").is_dir, what="the worker's start")
        shutil.rmtree(tmp_path / "downloads")
        row = queue_one(server)
        wait_until(lambda: reload(row).status == Status.COMPLETED, what="completion")
        assert stat.S_IMODE((tmp_path / "downloads").stat().st_mode) == FOLDER_MODE


def test_a_servers_worker_that_starts_without_its_disk_waits_for_it(
    make_app: Callable[..., Flask],
    server: FileServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, str(os.getppid()))
    app, in_its_place = make_app(downloads_dir=tmp_path / "mount" / "downloads"), tmp_path / "mount"
    in_its_place.touch()
    with app.app_context():
        row = queue_one(server)
        with working(app):
            wait_until(lambda: "mount is not a folder; trying again" in caplog.text, what="the line")
            in_its_place.unlink()
            wait_until(lambda: reload(row).status == Status.COMPLETED, what="completion")
    assert "Traceback" not in caplog.text


def test_a_disk_that_says_nothing_of_its_room_is_away_for_a_while(
    app: Flask, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> int:
        raise OSError(116, "Stale file handle")

    with pytest.raises(Passing, match="DOWNLOADS_DIR: Stale file handle"):
        preparation._measure(refuse, Path())


def test_what_the_disk_refuses_the_loop_is_one_line(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path) -> int:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("downloads_app.worker.runner.free_bytes", refuse)
    with working(app):
        wait_until(lambda: "the disk failed" in caplog.text, what="the line")
    told = f"the disk failed ({current_settings().downloads_dir}: Input/output error); trying again"
    assert {record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING} == {told}
