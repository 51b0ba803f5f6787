"""A download and the room it needs: on the disk, in its user's quota."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.accounts import users
from downloads_app.services.downloads import listings
from downloads_app.services.queue import claims, leftovers, outcomes
from downloads_app.sources import Listing, RemoteFile
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, find_completed, folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, publish_manifest, queue_download
from tests.support.server import wait_until
from tests.support.small_disk import small_disk
from tests.worker.running import FILES, run, run_to_failure, working
from tests.worker.transfer.transferring import noise


def test_a_download_too_large_for_the_disk_is_refused_with_the_numbers(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_manifest(server, "org/model", [{"path": "huge.bin", "size": 10**17}])
    queue_download(alice, provider)
    assert "100,000,000,000,000,000 bytes are needed" in run_to_failure(app)


def test_sizes_that_nobody_can_store_together_fail_a_download_in_plain_words(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_manifest(server, "org/model", [{"path": name, "size": (1 << 63) - 1} for name in ("a", "b")])
    queue_download(alice, provider)
    assert run_to_failure(app) == "The listing's 2 files together are larger than any disk"


def test_a_disk_that_filled_up_since_makes_a_begun_download_wait(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    begun = claims.claim_next(OTHER_WORKER, LEASE_SECONDS)
    assert begun is not None
    listings.store_listing(begun, Listing((RemoteFile("huge.bin", server.url + "x", 10**17),)))
    outcomes.hand_back(begun)
    run(app)
    row = reload(row)
    assert row.status == Status.PENDING
    assert "Not enough disk" in (row.wait_reason or "")
    assert row.not_before_at is not None
    assert row.failures == 0


def test_a_disk_without_room_for_the_folder_makes_the_download_wait(
    app: Flask, alice: User, provider: Provider, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    folder, make = folder_of(row), Path.mkdir

    def refuse(path: Path, *args: Any, **options: Any) -> None:
        if path == folder:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        make(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    run(app)
    row = reload(row)
    assert (row.status, row.failures) == (Status.PENDING, 0)
    assert "the disk is full" in (row.wait_reason or "")


def test_a_folder_that_is_a_file_fails_the_download_in_plain_words(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    folder = folder_of(queue_download(alice, provider))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"")
    assert "File exists" in run_to_failure(app)


def test_a_download_beyond_the_quota_is_refused_with_the_numbers(
    make_app: Callable[..., Flask], server: FileServer
) -> None:
    app = make_app(user_quota_bytes=4_000_000)
    with app.app_context():
        user = users.create_user(current_settings().downloads_dir, "carol", "correct horse battery")
        provider = provide(server)
        publish(server, "org/model", FILES)
        publish(server, "org/second", {"model.bin": noise(3_000_000, 42)})  # a copy would be linked, and take no room
        first = queue_download(user, provider)
        run(app)
        assert reload(first).status == Status.COMPLETED
        queue_download(user, provider, "org/second")
        assert "The quota of 4,000,000 bytes" in run_to_failure(app)


def test_downloads_that_do_not_fit_together_run_one_after_another_and_none_fails(
    make_app: Callable[..., Flask], server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", 8 << 20) as disk:
        app = make_app(downloads_dir=disk / "downloads", worker_concurrency=3)
        with app.app_context():
            user = users.create_user(current_settings().downloads_dir, "carol", "correct horse battery")
            provider = provide(server)
            names = [f"org/model-{number}" for number in range(3)]
            for seed, name in enumerate(names):
                publish(server, name, {"model.bin": noise(5 << 20, seed)})
            rows = [queue_download(user, provider, name) for name in names]
            server.bytes_per_second = 4 << 20
            with working(app), caplog.at_level("INFO"):
                first = wait_until(lambda: find_completed(rows), 60, "one of them")
                others = [row for row in rows if row is not first]
                wait_until(lambda: all(_waits_for_room(row) for row in others), 60, "the others to wait")
                leftovers.make_remover(current_settings().downloads_dir, reload(first))()
                second = wait_until(lambda: find_completed(others), 20, "another one to find the room")
                assert all(_waits_for_room(row) for row in others if row is not second)
            assert "waits: Not enough disk" in caplog.text
            assert "there is room for it again" in caplog.text


def _waits_for_room(download: Download) -> bool:
    row = reload(download)
    return row.status == Status.PENDING and "Not enough disk" in (row.wait_reason or "")
