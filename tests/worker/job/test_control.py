"""A running download that is paused, cancelled, or taken over by another worker."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.downloads import lifecycle
from downloads_app.services.files.partials import find_partials
from downloads_app.services.queue import claims, outcomes
from downloads_app.worker.job.job import Job
from downloads_app.worker.job.lease import read_clock
from downloads_app.worker.transfer.transfer import SAVE_SECONDS
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, end_wait, expire_lease, folder_of, in_status, reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, publish_manifest, queue_download
from tests.support.server import wait_until
from tests.worker.running import FILES, arrived, make_job, run, running
from tests.worker.transfer.transferring import noise


@pytest.fixture
def row(alice: User, provider: Provider, server: FileServer) -> Download:
    """A download of Alice's that waits for a worker."""
    publish(server, "org/model", FILES)
    return queue_download(alice, provider)


@contextmanager
def under_way(app: Flask, server: FileServer, row: Download) -> Iterator[tuple[Job, threading.Thread]]:
    """Run the download too slowly to end here; its first bytes have come."""
    server.bytes_per_second = 20_000
    job = make_job(app)
    with running(job) as thread:
        wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
        yield job, thread


def wait_until_let_go(row: Download) -> None:
    wait_until(lambda: reload(row).worker_id is None, what="the worker to let go")


def test_the_listing_of_the_first_start_is_kept_over_a_pause(app: Flask, server: FileServer, row: Download) -> None:
    with under_way(app, server, row):
        lifecycle.pause(current_settings(), reload(row))
        wait_until_let_go(row)
    publish_manifest(server, "org/model", [{"path": "other", "size": 5}])
    server.bytes_per_second = None
    lifecycle.resume(current_settings(), reload(row))
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert arrived(folder_of(row)) == FILES


def expect_whole_at_the_next_try(app: Flask, row: Download) -> None:
    assert (reload(row).status, reload(row).failures) == (Status.PENDING, 1), reload(row).error_message
    end_wait(row)
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert arrived(folder_of(row)) == FILES


def test_a_folder_that_is_removed_under_a_download_costs_another_try(
    app: Flask, server: FileServer, row: Download
) -> None:
    with under_way(app, server, row):
        shutil.rmtree(folder_of(reload(row)))
        server.bytes_per_second = None
        wait_until_let_go(row)
    expect_whole_at_the_next_try(app, row)


def test_a_file_that_is_removed_while_others_come_is_fetched_again(
    app: Flask, server: FileServer, row: Download
) -> None:
    with under_way(app, server, row):
        placed = wait_until(lambda: list(arrived(folder_of(reload(row)))), what="a first whole file")
        (folder_of(reload(row)) / placed[0]).unlink()
        server.bytes_per_second = None
        wait_until_let_go(row)
    expect_whole_at_the_next_try(app, row)


def test_what_a_paused_download_has_stays_when_another_of_its_folder_is_completed(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    partials = find_partials(folder_of(in_status(alice, provider, "paused")))
    partials.mkdir(parents=True)
    (partials / "x.data").write_bytes(b"part")
    queue_download(alice, provider)
    done = reload(run(app))
    assert (done.status, done.worker_id) == (Status.COMPLETED, None)
    assert (partials / "x.data").exists()


def test_a_pause_acts_within_a_second_and_its_bytes_are_not_fetched_again(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", {"model.bin": noise(6_000_000)})
    row = queue_download(alice, provider)
    server.bytes_per_second = 100_000
    with running(make_job(app)):
        wait_until(lambda: reload(row).current_bytes > 1_000_000, what="a megabyte")
        lifecycle.pause(current_settings(), reload(row))
        paused_at = read_clock()
        wait_until_let_go(row)
        assert read_clock() - paused_at < 3
    kept = reload(row).current_bytes
    server.bytes_per_second = None
    before = server.sent_bytes
    lifecycle.resume(current_settings(), reload(row))
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert server.sent_bytes - before < 6_000_000 - kept + 1_500_000


def test_cancelling_under_a_worker_leaves_no_partial_files(app: Flask, server: FileServer, row: Download) -> None:
    partials = find_partials(folder_of(row))
    with under_way(app, server, row):
        assert partials.exists()
        lifecycle.cancel(current_settings(), reload(row))
        wait_until_let_go(row)
        assert not partials.exists()
    assert reload(row).status == Status.CANCELLED


def test_a_superseded_worker_stops_and_leaves_the_other_alone(app: Flask, server: FileServer, row: Download) -> None:
    with under_way(app, server, row) as (job, thread):
        expire_lease(job.claim)
        claims.rescue_expired()
        other = claims.claim_next(OTHER_WORKER, LEASE_SECONDS)
        assert other is not None
        thread.join(30)
        assert not thread.is_alive()
    assert outcomes.holds(other)
    assert find_partials(folder_of(row)).exists()


def test_without_its_lease_a_worker_writes_no_byte(app: Flask, server: FileServer, row: Download) -> None:
    partials = find_partials(folder_of(row))
    with under_way(app, server, row) as (job, thread):
        server.bytes_per_second = 1
        wait_until(lambda: time.time() - max(changes(partials).values()) > 2 * SAVE_SECONDS, what="all to be saved")
        job.lease.forbid()
        before = changes(partials)
        server.bytes_per_second = None
        thread.join(30)
        assert not thread.is_alive()
        assert changes(partials) == before


def changes(folder: Path) -> dict[Path, float]:
    """Return when each file there was last written."""
    return {path: path.stat().st_mtime for path in folder.iterdir()}
