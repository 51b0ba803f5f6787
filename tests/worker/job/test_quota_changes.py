"""A quota that is set, lowered, raised or removed while a download runs."""

import os
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.accounts import users
from downloads_app.services.files import folders
from downloads_app.services.queue import claims
from downloads_app.worker.job.quota_watch import QuotaWatch
from downloads_app.worker.transfer.notices import Progress
from tests.support.downloading import claimed, folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import FILES, run, run_to_failure, working
from tests.worker.transfer.transferring import noise

STEP_BYTES = 2048


@pytest.fixture
def claim(alice: User) -> claims.Claim:
    """A running download of Alice's, who has no quota and 1,000 bytes on the disk."""
    folder = folders.folder_of_user(current_settings().downloads_dir, alice)
    folder.mkdir(parents=True)
    put(folder / "old.bin", 1000)
    return claimed(alice)


def put(file: Path, size_bytes: int) -> None:
    file.write_bytes(b"")
    os.truncate(file, size_bytes)


def observe(watch: QuotaWatch, current_bytes: int, total_bytes: int | None = 10_000) -> bool:
    """Tell the watch of a progress; return whether it says stop."""
    watch.observe(Progress(current_bytes, 0, None, total_bytes=total_bytes))
    return watch.is_passed


def test_a_quota_that_is_set_counts_what_has_come_before(alice: User, claim: claims.Claim) -> None:
    watch = QuotaWatch(claim.download_id)
    put(folders.folder_of_user(current_settings().downloads_dir, alice) / "new.bin", 500)
    assert not observe(watch, 500)
    users.set_quota(alice, 1600)
    watch.look_around()
    assert not observe(watch, 600)
    assert observe(watch, 601)


def test_a_lowered_quota_counts_and_a_raised_one_does(alice: User, claim: claims.Claim) -> None:
    users.set_quota(alice, 5000)
    watch = QuotaWatch(claim.download_id)
    watch.look_around()
    assert not observe(watch, 2000)
    users.set_quota(alice, 8000)
    watch.look_around()
    assert not observe(watch, 6000)
    users.set_quota(alice, 6500)
    watch.look_around()
    assert not observe(watch, 6000)  # it is passed already: by a new byte it would be once more
    assert observe(watch, 6001)


def test_a_quota_that_is_removed_and_set_again_is_measured_anew(alice: User, claim: claims.Claim) -> None:
    users.set_quota(alice, 2000)
    watch = QuotaWatch(claim.download_id)
    watch.look_around()
    users.set_quota(alice, None)
    watch.look_around()
    assert not observe(watch, 5000)
    put(folders.folder_of_user(current_settings().downloads_dir, alice) / "new.bin", 5000)
    users.set_quota(alice, 6500)
    watch.look_around()
    assert not observe(watch, 5500)
    assert observe(watch, 5501)


def test_who_has_all_bytes_passes_no_quota(alice: User, claim: claims.Claim) -> None:
    watch = QuotaWatch(claim.download_id)
    assert not observe(watch, 9_000)
    users.set_quota(alice, 1)
    watch.look_around()
    assert not observe(watch, 9_000)
    assert not observe(watch, 10_000)
    assert observe(watch, 10_001, total_bytes=None)


def test_a_running_download_waits_when_a_quota_is_set_that_it_would_pass(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", {"model.bin": noise(32 << 20)})  # more than is ever let through here
    row = queue_download(alice, provider)
    server.most_sent = 1 << 20
    with working(app):
        wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
        users.set_quota(alice, 1 << 20)
        waiting: Download = wait_until(lambda: _find_pending(row, server), 60, "the quota to be noticed")
    assert waiting.failures == 0
    assert "quota" in (waiting.wait_reason or "")


def _find_pending(row: Download, server: FileServer) -> Download | None:
    """Return the download if it no longer runs; else a few more bytes come."""
    assert server.most_sent is not None
    server.most_sent += STEP_BYTES
    found = reload(row)
    return found if found.status == Status.PENDING else None


def test_a_download_that_needs_no_byte_completes_whatever_the_quota_is(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.COMPLETED
    again = queue_download(alice, provider)
    users.set_quota(alice, 1000)
    run(app)
    assert (reload(again).status, reload(again).error_message) == (Status.COMPLETED, None)


def test_own_files_that_are_linked_pass_no_quota_and_those_of_others_do(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", {"model.bin": FILES["model.bin"]})
    publish(server, "org/same", {"same.bin": FILES["model.bin"]})
    queue_download(alice, provider)
    run(app)
    users.set_quota(bob, 1_000_000)
    theirs = queue_download(bob, provider, "org/same")
    assert run_to_failure(app) == (
        "The quota of 1,000,000 bytes is too small: 0 bytes lie on the disk, 3,000,000 more are wanted"
    )
    assert not (folder_of(reload(theirs)) / "same.bin").exists()
    own = queue_download(alice, provider, "org/same")
    users.set_quota(alice, 1_000_000)
    run(app)
    assert (reload(own).status, reload(own).error_message) == (Status.COMPLETED, None)
