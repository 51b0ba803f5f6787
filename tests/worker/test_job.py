"""One download from its claim to its end, against a real server and both databases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Provider, Status, User
from downloads_app.services import downloads, folders, history, listings, outcomes, plans, queue
from downloads_app.services.partials import find_partials
from downloads_app.services.queue import MAX_FAILURES, Claim
from downloads_app.sources import Listing, RemoteFile
from downloads_app.worker.bandwidth import Limits
from downloads_app.worker.job import Job
from downloads_app.worker.lease import Lease, read_clock
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, WORKER, end_wait, expire_lease, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import provide, publish, publish_manifest, queue_download
from tests.support.server import wait_until
from tests.worker.transferring import noise

FILES = {"config.json": b"{}", "model.bin": noise(3_000_000), "deep/er/größe %.bin": noise(70_000, 1), "empty": b""}
TOTAL_BYTES = sum(map(len, FILES.values()))


@pytest.fixture
def provider(app: Flask, server: FileServer) -> Provider:
    return provide(server)


def make_job(app: Flask, worker: str = WORKER) -> Job:
    asked_at = read_clock()
    claim = queue.claim_next(worker, LEASE_SECONDS)
    assert claim is not None, "nothing to claim"
    return Job(app, claim, Lease(LEASE_SECONDS, asked_at), Limits(connections=4), lambda: False)


def run(app: Flask, worker: str = WORKER) -> Claim:
    job = make_job(app, worker)
    job.run()
    return job.claim


@contextmanager
def running(job: Job) -> Iterator[threading.Thread]:
    """Run a job beside the test; it has ended when the block is left."""
    thread = threading.Thread(target=job.run)
    thread.start()
    try:
        yield thread
    finally:
        job.lease.end()
        thread.join(30)
    assert not thread.is_alive()


def arrived(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_repository_arrives_byte_for_byte_with_all_its_numbers(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folders.folder_of(row)) == FILES
    assert (row.current_bytes, row.total_bytes) == (TOTAL_BYTES, TOTAL_BYTES)
    assert (row.files_completed, row.total_files) == (len(FILES), len(FILES))
    assert (row.download_speed, row.eta_seconds, row.current_file, row.worker_id) == (0, None, None, None)
    assert row.completed_at is not None
    files = db.session.scalars(db.select(DownloadFile)).all()
    assert all(file.completed_at is not None and file.sha256 for file in files)
    assert not find_partials(folders.folder_of(row)).exists()


def test_numbers_are_written_while_bytes_arrive(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    seen: list[int] = []

    def has_grown() -> bool:
        current = reload(row)
        if current.current_bytes and (not seen or current.current_bytes != seen[-1]):
            seen.append(current.current_bytes)
            assert current.total_bytes == TOTAL_BYTES
            assert current.total_files == len(FILES)
        return len(seen) >= 3

    server.bytes_per_second = 150_000
    with running(make_job(app)):
        wait_until(has_grown, 60, "three different figures")
        assert reload(row).download_speed > 0
    assert seen == sorted(seen)


def test_patterns_choose_what_is_fetched(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider, include=["*.bin"], exclude=["deep/"])
    run(app)
    assert list(arrived(folders.folder_of(row))) == ["model.bin"]
    assert reload(row).total_files == 1


def test_patterns_that_match_nothing_fail_and_say_so(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider, include=["*.gguf"])
    run(app)
    assert reload(row).status == Status.FAILED
    assert "none of the 4 files matches" in (reload(row).error_message or "")


def test_a_repository_that_does_not_exist_fails_at_once(app: Flask, alice: User, provider: Provider) -> None:
    row = queue_download(alice, provider, "no/such")
    run(app)
    assert reload(row).status == Status.FAILED
    assert "no/such" in (reload(row).error_message or "")


def test_a_file_name_that_leaves_the_folder_fails_the_download(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_manifest(server, "org/model", [{"path": "../../evil", "size": 1}])
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.FAILED
    assert "Refused the file name '../../evil'" in (reload(row).error_message or "")
    assert not current_settings().downloads_dir.exists()


def test_a_failing_server_is_tried_again_later_and_in_the_end_the_reason_stands(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/manifest.json", *[Fault(status=500)] * 100)
    row = queue_download(alice, provider)
    waits = []
    for _ in range(MAX_FAILURES):
        claimed = run(app)
        row = reload(claimed)
        if row.status == Status.PENDING:
            assert row.not_before_at is not None
            assert row.wait_reason
            waits.append((row.not_before_at - row.updated_at).total_seconds())
            end_wait(row)
    assert row.status == Status.FAILED
    assert "500" in (row.error_message or "")
    assert "gave up" in (row.error_message or "")
    assert waits == sorted(waits)
    assert waits[0] >= 4


def test_a_named_time_to_wait_is_kept(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/manifest.json", *[Fault(status=429, headers={"Retry-After": "900"})] * 20)
    row = reload(queue_download(alice, provider))
    run(app)
    row = reload(row)
    assert row.not_before_at is not None
    assert (row.not_before_at - row.updated_at).total_seconds() >= 899


def test_a_download_too_large_for_the_disk_is_refused_with_the_numbers(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_manifest(server, "org/model", [{"path": "huge.bin", "size": 10**17}])
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.FAILED
    assert "100,000,000,000,000,000 bytes are needed" in (reload(row).error_message or "")


def test_a_disk_that_filled_up_since_makes_a_begun_download_wait(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    begun = queue.claim_next(OTHER_WORKER, LEASE_SECONDS)
    assert begun is not None
    listings.store_listing(begun, Listing((RemoteFile("huge.bin", server.url + "x", 10**17),)))
    outcomes.hand_back(begun)
    run(app)
    row = reload(row)
    assert row.status == Status.PENDING
    assert "Not enough disk" in (row.wait_reason or "")
    assert row.not_before_at is not None
    assert row.failures == 0


def test_a_download_beyond_the_quota_is_refused_with_the_numbers(
    make_app: Callable[..., Flask], server: FileServer
) -> None:
    from downloads_app.services import accounts

    app = make_app(user_quota_bytes=4_000_000)
    with app.app_context():
        user, provider = accounts.create_user("carol", "correct horse battery"), provide(server)
        publish(server, "org/model", FILES)
        publish(server, "org/second", FILES)
        first = queue_download(user, provider)
        run(app)
        assert reload(first).status == Status.COMPLETED
        second = queue_download(user, provider, "org/second")
        run(app)
        assert reload(second).status == Status.FAILED
        assert "The quota of 4,000,000 bytes" in (reload(second).error_message or "")


def test_the_listing_of_the_first_start_is_kept_over_a_pause(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    server.bytes_per_second = 100_000
    with running(make_job(app)):
        wait_until(lambda: reload(row).current_bytes > 0, 60, "bytes")
        downloads.pause(reload(row))
        wait_until(lambda: reload(row).worker_id is None, 30, "the worker to let go")
    publish_manifest(server, "org/model", [{"path": "other", "size": 5}])
    server.bytes_per_second = None
    downloads.resume(reload(row))
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert arrived(folders.folder_of(row)) == FILES


def test_a_pause_acts_within_a_second_and_its_bytes_are_not_fetched_again(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", {"model.bin": noise(6_000_000)})
    row = queue_download(alice, provider)
    server.bytes_per_second = 300_000
    with running(make_job(app)):
        wait_until(lambda: reload(row).current_bytes > 1_000_000, 60, "a megabyte")
        downloads.pause(reload(row))
        paused_at = read_clock()
        wait_until(lambda: reload(row).worker_id is None, 30, "the worker to let go")
        assert read_clock() - paused_at < 3
    kept = reload(row).current_bytes
    server.bytes_per_second = None
    before = server.sent_bytes
    downloads.resume(reload(row))
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert server.sent_bytes - before < 6_000_000 - kept + 1_500_000


def test_cancelling_under_a_worker_leaves_no_partial_files(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    partials = find_partials(folders.folder_of(row))
    server.bytes_per_second = 100_000
    with running(make_job(app)):
        wait_until(lambda: reload(row).current_bytes > 0, 60, "bytes")
        assert partials.exists()
        downloads.cancel(reload(row))
        wait_until(lambda: reload(row).worker_id is None, 30, "the worker to let go")
        assert not partials.exists()
    assert reload(row).status == Status.CANCELLED


def test_a_superseded_worker_stops_and_leaves_the_other_alone(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    server.bytes_per_second = 40_000
    job = make_job(app)
    with running(job) as thread:
        wait_until(lambda: reload(row).current_bytes > 0, 60, "bytes")
        expire_lease(job.claim)
        queue.rescue_expired()
        other = queue.claim_next(OTHER_WORKER, LEASE_SECONDS)
        assert other is not None
        thread.join(30)
        assert not thread.is_alive()
    assert outcomes.holds(other)
    assert find_partials(folders.folder_of(row)).exists()


def test_without_its_lease_a_worker_writes_no_byte(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    server.bytes_per_second = 100_000
    job = make_job(app)
    with running(job) as thread:
        wait_until(lambda: reload(row).current_bytes > 0, 60, "bytes")
        job.lease.forbid()
        partials = find_partials(folders.folder_of(row))
        before = {path: path.stat().st_mtime_ns for path in partials.iterdir()}
        thread.join(30)
        assert {path: path.stat().st_mtime_ns for path in partials.iterdir()} == before


def test_a_file_that_a_completed_download_has_is_linked_not_fetched(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"weights/same.bin": FILES["model.bin"], "new.bin": noise(1000, 9)})
    first = queue_download(alice, provider)
    run(app)
    planned = plans.plan(bob, provider, "org/copy")
    assert {file.path: file.is_here for file in planned.files} == {"weights/same.bin": True, "new.bin": False}
    assert planned.here_bytes == 3_000_000
    second = queue_download(bob, provider, "org/copy")
    run(app)
    assert reload(second).status == Status.COMPLETED
    assert server.seen("org/copy/weights/same.bin") == []
    one = folders.folder_of(reload(first)) / "model.bin"
    other = folders.folder_of(reload(second)) / "weights/same.bin"
    assert one.samefile(other)
    assert reload(second).current_bytes == 3_001_000


def test_a_copy_that_was_changed_on_the_disk_is_fetched_after_all(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"same.bin": FILES["model.bin"]})
    first = queue_download(alice, provider)
    run(app)
    (folders.folder_of(reload(first)) / "model.bin").write_bytes(noise(3_000_000, 77))
    second = queue_download(bob, provider, "org/copy")
    run(app)
    assert arrived(folders.folder_of(reload(second))) == {"same.bin": FILES["model.bin"]}


def test_a_copy_at_another_provider_is_not_used(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    queue_download(alice, provider)
    run(app)
    other = provide(server, "elsewhere")
    assert plans.plan(bob, other, "org/model").here_bytes == 0
    queue_download(bob, other)
    run(app)
    assert len(server.seen("org/model/config.json")) == 2


def test_a_plan_tells_files_bytes_and_room_and_changes_nothing(
    alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    planned = plans.plan(alice, provider, "org/model", include=["*.bin"])
    assert [file.path for file in planned.files] == ["model.bin", "deep/er/größe %.bin"]
    assert (planned.total_bytes, planned.here_bytes, planned.quota_left_bytes) == (3_070_000, 0, None)
    assert planned.free_bytes > 0
    assert history.list_downloads().total == 0


def test_a_retry_after_a_failure_fetches_only_what_is_missing(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/config.json", *[Fault(status=404)] * 3)
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.FAILED
    kept = len(server.seen("org/model/empty"))
    server.faults.clear()
    downloads.retry(reload(row))
    before = server.sent_bytes
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert arrived(folders.folder_of(row)) == FILES
    assert server.sent_bytes - before <= TOTAL_BYTES + 2000
    assert len(server.seen("org/model/empty")) <= kept + 1


def test_a_token_that_cannot_be_read_fails_the_download_and_names_the_setting(
    make_app: Callable[..., Flask], server: FileServer
) -> None:
    from downloads_app.services import accounts

    with make_app(provider_token_key="the first key").app_context():
        user = accounts.create_user("carol", "correct horse battery")
        row_id = queue_download(user, provide(server, token="secret-token")).id
    app = make_app(provider_token_key="the second key")
    with app.app_context():
        run(app)
        row = db.session.get_one(Download, row_id)
        assert row.status == Status.FAILED
        assert "PROVIDER_TOKEN_KEY" in (row.error_message or "")
