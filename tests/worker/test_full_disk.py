"""A disk that fills up in the middle of a download: it waits with its bytes, and goes on when there is room."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Status
from downloads_app.services.accounts import users
from tests.conftest import PASSWORD
from tests.support.downloading import end_wait, folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import wait_until
from tests.support.small_disk import fill_up, small_disk
from tests.worker.running import working
from tests.worker.transfer.transferring import noise

MIB = 1 << 20
FILES = {"config.json": b"{}", "model.bin": noise(8 * MIB)}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 12 * MIB) as folder:
        yield folder


def test_a_disk_that_fills_up_in_the_middle_makes_the_download_wait_with_its_bytes_until_there_is_room(
    make_app: Callable[..., Flask], server: FileServer, disk: Path
) -> None:
    app = make_app(downloads_dir=disk / "downloads")
    with app.app_context():
        publish(server, "org/model", FILES)
        row = queue_download(users.create_user(current_settings().downloads_dir, "carol", PASSWORD), provide(server))
        server.bytes_per_second = 500_000
        with working(app):
            wait_until(lambda: reload(row).current_bytes > 2 * MIB, 60, "bytes")
            ballast = fill_up(disk)
            wait_until(lambda: reload(row).status == Status.PENDING, 60, "the download to wait")
            waiting = reload(row)
            assert "disk is full" in (waiting.wait_reason or "")
            assert (waiting.error_message, waiting.failures, waiting.worker_id) == (None, 0, None)
            kept, sent = waiting.current_bytes, server.count_sent()
            assert kept > 2 * MIB
            end_wait(row)
            wait_until(lambda: "Not enough disk" in (reload(row).wait_reason or ""), 60, "it to look and wait again")
            assert server.count_sent() == sent
            ballast.unlink()
            server.bytes_per_second = None
            end_wait(row)
            wait_until(lambda: reload(row).status == Status.COMPLETED, 60, "completion")
        folder = folder_of(reload(row))
        assert {name: (folder / name).read_bytes() for name in FILES} == FILES
        assert server.count_sent() - sent < sum(map(len, FILES.values()))  # a slow connection's rest may come twice
