"""Sizes that no listing tells: the server's answers tell them, and the download's total is known while it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import NoSpace
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.downloads import file_progress, lifecycle
from downloads_app.services.providers import catalog
from downloads_app.worker.files.storage import Storage
from tests.support.downloading import folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import arrived, make_job, run, run_to_failure, running
from tests.worker.transfer.transferring import noise

MIB = 1 << 20
ONE, TWO = noise(3 * MIB, 1), noise(2 * MIB, 2)


def publish_unsized(server: FileServer, **files: bytes) -> None:
    for name, content in files.items():
        server.put(f"org/model/{name}", content)
    manifest = {"downloads_manifest": 1, "files": [{"path": name} for name in files]}
    server.put("org/model/manifest.json", json.dumps(manifest).encode())


@contextmanager
def held(app: Flask, server: FileServer, row: Download, *, sent_bytes: int) -> Iterator[None]:
    """Run the next download until the server has sent so much; it sends no more in the block."""
    server.most_sent = server.count_sent() + sent_bytes
    with running(make_job(app)):
        wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
        yield
    server.most_sent = None


def total_of(row: Download) -> int | None:
    return reload(row).total_bytes


def files_of(row: Download) -> list[dict[str, Any]]:
    return file_progress.read_some(current_settings().downloads_dir, reload(row), 10)


def test_a_list_without_sizes_has_its_total_as_soon_as_the_server_has_told_it(
    app: Flask, alice: User, server: FileServer
) -> None:
    server.put("one.bin", ONE)
    address_list, allowed = f"[solo/x]\n{server.url}one.bin", ["127.0.0.1"]
    provider = catalog.add_provider(current_settings(), "list", "urls", address_list=address_list, allow_hosts=allowed)
    row = queue_download(alice, provider, "solo/x")
    with held(app, server, row, sent_bytes=2 * MIB):
        wait_until(lambda: total_of(row) == len(ONE), what="the total")
        wait_until(lambda: files_of(row)[0]["size_bytes"] == len(ONE), what="the file's size")
        wait_until(lambda: reload(row).needed_bytes == len(ONE) - reload(row).current_bytes, what="the room it needs")
    run(app)
    assert (reload(row).status, reload(row).current_bytes, total_of(row)) == (Status.COMPLETED, len(ONE), len(ONE))


def test_the_total_waits_for_the_last_size(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish_unsized(server, one=ONE, two=TWO)
    server.fail("org/model/two", *[Fault(chunked=True, stall_after=MIB)] * 20)
    row = queue_download(alice, provider)
    with running(make_job(app)):
        wait_until(lambda: reload(row).files_completed == 1, what="the first file")
        wait_until(lambda: reload(row).current_file == "two", what="the second file to begin")
        assert total_of(row) is None
    server.faults.clear()
    run(app)
    assert (reload(row).status, total_of(row)) == (Status.COMPLETED, len(ONE) + len(TWO))


def test_a_resumed_download_keeps_its_total(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish_unsized(server, one=ONE, two=TWO)
    server.strong_etags = server.dates = False  # so that the bytes have to come again
    row = queue_download(alice, provider)
    with held(app, server, row, sent_bytes=len(ONE) + MIB):
        wait_until(lambda: total_of(row) == len(ONE) + len(TWO), what="the total")
    assert (reload(row).status, total_of(row)) == (Status.PENDING, len(ONE) + len(TWO))
    server.most_sent = server.count_sent()
    with running(make_job(app)):
        wait_until(lambda: reload(row).download_speed == 0 and reload(row).needed_bytes, what="the second start")
        assert total_of(row) == len(ONE) + len(TWO)
    server.most_sent = None
    run(app)
    assert arrived(folder_of(row)) == {"one": ONE, "two": TWO}


def test_a_file_that_becomes_smaller_makes_no_total_below_its_bytes(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_unsized(server, one=ONE)
    row = queue_download(alice, provider)
    with held(app, server, row, sent_bytes=2 * MIB):
        wait_until(lambda: reload(row).current_bytes >= MIB and total_of(row) == len(ONE), what="the first total")
    shown = reload(row).current_bytes
    smaller = noise(shown - 1000, 9)
    server.put("org/model/one", smaller)
    server.most_sent = server.count_sent() + 100_000
    with running(make_job(app)):
        wait_until(lambda: total_of(row) is None, what="the first total to go")
        assert reload(row).current_bytes == shown
    server.most_sent = None
    run(app)
    row = reload(row)
    assert (row.status, row.current_bytes, row.total_bytes) == (Status.COMPLETED, len(smaller), len(smaller))


def test_a_file_that_becomes_larger_has_its_new_total(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_unsized(server, one=TWO)
    row = queue_download(alice, provider)
    with held(app, server, row, sent_bytes=MIB):
        wait_until(lambda: total_of(row) == len(TWO), what="the first total")
    server.put("org/model/one", ONE)
    with held(app, server, row, sent_bytes=MIB):
        wait_until(lambda: total_of(row) == len(ONE), what="the new total")
    run(app)
    assert arrived(folder_of(row)) == {"one": ONE}


def test_a_disk_that_is_full_before_the_files_are_looked_at_leaves_the_total(
    app: Flask, alice: User, provider: Provider, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Storage) -> None:
        raise NoSpace("the disk is full")

    publish(server, "org/model", {"one": ONE})
    row = queue_download(alice, provider)
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "open_journal", refuse)
        run(app)
    assert (reload(row).status, total_of(row)) == (Status.PENDING, len(ONE))


def test_a_size_that_the_disk_can_never_hold_ends_the_download_and_holds_no_room(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_unsized(server, one=ONE)
    told = {"Content-Length": str((1 << 63) - 1), "Accept-Ranges": "none"}
    server.fail("org/model/one", *[Fault(headers=told, ignore_range=True)] * 20)
    row = queue_download(alice, provider)
    reason = run_to_failure(app)
    assert "Not enough disk: one has 9,223,372,036,854,775,807 bytes, as the server says" in reason
    assert len(server.seen("org/model/one")) == 1
    assert (total_of(row), reload(row).needed_bytes) == (None, 0)
    server.faults.clear()
    lifecycle.retry(current_settings(), reload(row))
    run(app)
    assert (reload(row).status, total_of(row)) == (Status.COMPLETED, len(ONE))
