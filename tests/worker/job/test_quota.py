"""The quota: what lies on the disk for a user counts, and a running transfer that would pass it waits."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import NoSpace
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.accounts import users
from downloads_app.services.downloads import history, lifecycle, listings, quota
from downloads_app.services.downloads.quota import Measured
from downloads_app.services.files import folders
from downloads_app.services.files.sizes import tree_bytes
from downloads_app.services.queue import claims, outcomes
from downloads_app.sources import Listing, RemoteFile
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, WORKER, reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, queue_download
from tests.worker.running import FILES, TOTAL_BYTES, run, run_to_failure
from tests.worker.transfer.transferring import noise

QUOTA = 4_000_000


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    made = make_app(user_quota_bytes=QUOTA)
    with made.app_context():
        yield made


def complete(app: Flask, user: User, provider: Provider, server: FileServer) -> Download:
    publish(server, "org/model", FILES)
    row = queue_download(user, provider)
    run(app)
    assert reload(row).status == Status.COMPLETED
    return reload(row)


def test_files_count_also_when_their_row_is_deleted(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    row = complete(app, alice, provider, server)
    assert quota.used_bytes(current_settings().downloads_dir, alice) >= TOTAL_BYTES
    history.delete(current_settings().downloads_dir, row)
    assert quota.used_bytes(current_settings().downloads_dir, alice) >= TOTAL_BYTES
    publish(server, "org/second", FILES)
    queue_download(alice, provider, "org/second")
    assert "The quota of 4,000,000 bytes is too small" in run_to_failure(app)


def test_finished_files_of_a_cancelled_download_count(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    row = complete(app, alice, provider, server)
    row.status = Status.CANCELLED
    db.session.commit()
    assert quota.used_bytes(current_settings().downloads_dir, alice) >= TOTAL_BYTES
    lifecycle.retry(current_settings(), row)  # what is there is taken as it is, and is not wanted twice
    run(app)
    assert reload(row).status == Status.COMPLETED


def test_a_transfer_of_unknown_size_waits_before_it_passes_the_quota(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    server.put("org/model/large.bin", noise(12_000_000))
    listing = {"downloads_manifest": 1, "files": [{"path": "large.bin"}]}
    server.put("org/model/manifest.json", json.dumps(listing).encode())
    server.bytes_per_second = 200_000  # of each of four connections: seconds lie between the quota and twice of it
    row = queue_download(alice, provider)
    run(app)
    row = reload(row)
    assert (row.status, row.failures) == (Status.PENDING, 0), row.error_message
    assert "quota" in (row.wait_reason or "")
    assert row.not_before_at is not None
    assert quota.used_bytes(current_settings().downloads_dir, alice) < 8_000_000


def test_of_two_at_once_the_first_goes_on_and_the_other_waits(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    rows = []
    for name, worker in (("org/one", WORKER), ("org/two", OTHER_WORKER)):
        queue_download(alice, provider, name)
        claim = claims.claim_next(worker, LEASE_SECONDS)
        assert claim is not None
        listings.store_listing(claim, Listing((RemoteFile("x.bin", "http://x/", 3_000_000),)))
        rows.append((claim, reload(claim)))
    (_, first), (second_claim, second) = rows
    assert quota.check(current_settings(), first.id, 3_000_000, False) == Measured(QUOTA, used_bytes=0)
    with pytest.raises(NoSpace, match="3,000,000 for running downloads"):
        quota.check(current_settings(), second.id, 3_000_000, False)
    outcomes.hand_back(second_claim)


def test_who_has_used_up_the_quota_queues_nothing_more(app: Flask, alice: User, provider: Provider) -> None:
    file = folders.folder_of_user(current_settings().downloads_dir, alice) / "left" / "behind.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    os.truncate(file, QUOTA)
    with pytest.raises(NoSpace, match="The quota of 4,000,000 bytes is used up"):
        lifecycle.create(current_settings(), alice, provider, "org/model")
    file.unlink()
    lifecycle.create(current_settings(), alice, provider, "org/model")


def test_a_quota_of_ones_own_counts_in_place_of_the_general_one(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    users.set_quota(alice, TOTAL_BYTES - 1)
    publish(server, "org/model", FILES)
    queue_download(alice, provider)
    assert f"The quota of {TOTAL_BYTES - 1:,} bytes is too small" in run_to_failure(app)
    users.set_quota(alice, 0)
    with pytest.raises(NoSpace, match="The quota of 0 bytes is used up"):
        lifecycle.create(current_settings(), alice, provider, "org/other")
    assert [quota.left_bytes(current_settings(), user) for user in (alice, bob)] == [0, QUOTA]

    users.set_quota(alice, 10 * QUOTA)
    server.put("org/large/x.bin", noise(QUOTA + 1))
    listing = {"downloads_manifest": 1, "files": [{"path": "x.bin", "size": QUOTA + 1}]}
    server.put("org/large/manifest.json", json.dumps(listing).encode())
    row = queue_download(alice, provider, "org/large")
    run(app)
    assert reload(row).status == Status.COMPLETED, reload(row).error_message
    assert quota.left_bytes(current_settings(), alice) == 10 * QUOTA - quota.used_bytes(
        current_settings().downloads_dir, alice
    )


def test_a_linked_file_counts_once_and_of_a_partial_one_what_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "alice"
    partials = folder / ".main.partial"
    partials.mkdir(parents=True)
    (folder / "a.bin").write_bytes(bytes(10_000))
    os.link(folder / "a.bin", folder / "b.bin")
    (folder / "c.bin").symlink_to(folder / "a.bin")
    with (partials / "x.data").open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert tree_bytes(folder) == 10_000
    assert tree_bytes(tmp_path / "nobody") == 0
