"""Downloads whose sizes nobody tells share a small disk: they fill it once, the oldest goes on, none tries for ever."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadEvent, EventKind, Status
from downloads_app.services.accounts import users
from downloads_app.services.files import partials
from downloads_app.services.queue import leftovers
from tests.conftest import PASSWORD
from tests.support.downloading import find_completed, folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, queue_download
from tests.support.server import wait_until
from tests.support.small_disk import small_disk
from tests.worker.running import working
from tests.worker.transfer.transferring import noise

MIB = 1 << 20
SIZE_BYTES = 6 * MIB
PAGE = '<html><head><title>Index of /{name}/</title></head><body><a href="../">../</a>\n{rows}</body></html>'


def publish_page(server: FileServer, name: str, size_shown: str) -> None:
    """Serve a folder as a page for people lists it."""
    server.put(f"{name}/model.bin", noise(SIZE_BYTES, len(server.files)))
    row = f'<a href="model.bin">model.bin</a> 01-Jan-2026 10:00 {size_shown}\n'
    server.put(f"{name}/", PAGE.format(name=name, rows=row).encode())


def waits(download: Download) -> bool:
    row = reload(download)
    is_for_room = "disk is full" in (row.wait_reason or "") or "Not enough disk" in (row.wait_reason or "")
    return row.status == Status.PENDING and is_for_room


def test_one_after_another_completes_where_the_sizes_are_unknown(
    make_app: Callable[..., Flask], server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk:
        app = make_app(downloads_dir=disk / "downloads", worker_concurrency=3)
        with app.app_context():
            user, provider = users.create_user(current_settings().downloads_dir, "carol", PASSWORD), provide(server)
            names = [f"org/model-{number}" for number in range(3)]
            for name in names:
                publish_page(server, name, "-")
            rows = [queue_download(user, provider, name) for name in names]
            server.bytes_per_second = 4 * MIB
            with working(app), caplog.at_level("INFO"):
                first, *others = rows
                wait_until(lambda: all(reload(row).current_bytes > MIB for row in rows), 60, "all three to begin")
                wait_until(lambda: reload(first).status == Status.COMPLETED, 90, "the oldest")
                wait_until(lambda: all(map(waits, others)), 60, "the others to wait")
                sent = server.count_sent()
                assert sent < 4 * SIZE_BYTES
                leftovers.make_remover(current_settings().downloads_dir, reload(first))()
                wait_until(lambda: reload(others[0]).status == Status.COMPLETED, 90, "the second, when there is room")
                wait_until(lambda: waits(others[1]), 60, "the third to wait")
            assert "make room for an older download" in caplog.text
            assert "there is room for it again" in caplog.text
            assert (folder_of(reload(others[0])) / "model.bin").stat().st_size == SIZE_BYTES
            story = db.session.query(DownloadEvent).filter_by(download_id=others[1].id, kind=EventKind.WAITING).all()
            assert any("an older download needed the room" in (event.reason or "") for event in story)


def test_a_rounded_size_is_reserved_so_that_nothing_is_fetched_in_vain(
    make_app: Callable[..., Flask], server: FileServer, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 8 * MIB) as disk:
        app = make_app(downloads_dir=disk / "downloads", worker_concurrency=2)
        with app.app_context():
            user, provider = users.create_user(current_settings().downloads_dir, "carol", PASSWORD), provide(server)
            for name in ("one", "two"):
                publish_page(server, name, "6.0M")
            first, second = (queue_download(user, provider, name) for name in ("one", "two"))
            server.bytes_per_second = 4 * MIB
            with working(app):
                done = wait_until(lambda: find_completed([first, second]), 60, "one of them")
                other = second if done is first else first
                wait_until(lambda: waits(other), 60, "the other one to wait")
                assert "about 6,291,456 bytes are needed" in (reload(other).wait_reason or "")
            assert not list(partials.find_partials(folder_of(reload(other))).glob("*.data"))
