"""The life of a download: which change is allowed from where, on both databases."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import Conflict, InvalidInput, NotFound
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Provider, Status, User, utc_now
from downloads_app.services import accounts, downloads, folders, history, leftovers, listings, outcomes
from downloads_app.services.partials import find_partials
from downloads_app.services.patterns import select_files
from downloads_app.sources import Listing, RemoteFile
from tests.support.downloading import WORKER, add_downloads, add_provider, claim, expire_lease, reload

CHANGES: dict[str, Callable[[Download], None]] = {
    "paused": downloads.pause,
    "resumed": downloads.resume,
    "cancelled": downloads.cancel,
    "retried": downloads.retry,
}
ALLOWED = {
    ("pending", "paused"): "paused",
    ("pending", "cancelled"): "cancelled",
    ("downloading", "paused"): "paused",
    ("downloading", "cancelled"): "cancelled",
    ("paused", "resumed"): "pending",
    ("paused", "cancelled"): "cancelled",
    ("failed", "retried"): "pending",
    ("cancelled", "retried"): "pending",
}
CASES = [(status.value, change) for status in Status for change in CHANGES]


@pytest.fixture
def provider(app: Flask) -> Provider:
    return add_provider()


def in_status(user: User, provider: Provider, status: str) -> Download:
    return add_downloads(user, provider, "org/model", status=status)[0]


@pytest.mark.parametrize(("status", "change"), CASES, ids=[f"{s}-{c}" for s, c in CASES])
def test_each_change_is_allowed_from_its_states_and_refused_naming_the_others(
    alice: User, provider: Provider, status: str, change: str
) -> None:
    row = in_status(alice, provider, status)
    if (status, change) in ALLOWED:
        CHANGES[change](row)
        assert reload(row).status == ALLOWED[status, change]
        return
    with pytest.raises(Conflict, match=f"is {status}; it cannot be {change}"):
        CHANGES[change](row)
    assert reload(row).status == status


def test_a_new_download_is_pending_with_nothing_known(alice: User, provider: Provider) -> None:
    row = reload(downloads.create(alice, provider, "org/model", include=["*.gguf"], priority=3))
    assert (row.status, row.revision, row.include, row.exclude, row.priority) == (
        "pending",
        "main",
        ["*.gguf"],
        [],
        3,
    )
    assert (row.current_bytes, row.total_bytes, row.total_files, row.started_at) == (0, None, None, None)


def test_a_second_active_download_of_the_same_is_refused_naming_the_first(
    alice: User, bob: User, provider: Provider
) -> None:
    first = downloads.create(alice, provider, "org/model")
    with pytest.raises(Conflict, match=first.id):
        downloads.create(alice, provider, "org/model", revision="main")
    downloads.create(alice, provider, "org/model", revision="v2")
    downloads.create(bob, provider, "org/model")
    downloads.cancel(first)
    downloads.create(alice, provider, "org/model")


@pytest.mark.parametrize("again", [downloads.resume, downloads.retry])
def test_what_is_started_again_must_not_become_a_second_one(
    alice: User, provider: Provider, again: Callable[[Download], None]
) -> None:
    first = in_status(alice, provider, "paused" if again is downloads.resume else "failed")
    second = downloads.create(alice, provider, "org/model")
    with pytest.raises(Conflict, match=second.id):
        again(first)


def test_of_many_requests_at_once_one_makes_the_download(app: Flask, alice: User, provider: Provider) -> None:
    made: list[str] = []
    refused: list[str] = []
    username, name = alice.username, provider.name
    start = threading.Barrier(6)

    def ask() -> None:
        with app.app_context():
            user = accounts.find_user(username)
            source = db.session.scalars(db.select(Provider).where(Provider.name == name)).one()
            start.wait(10)
            try:
                made.append(downloads.create(user, source, "org/model").id)
            except Conflict as exc:
                refused.append(exc.message)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(refused) == 5
    assert all(made[0] in message for message in refused)


@pytest.mark.parametrize(
    "repository",
    ["", "/abs", "a/../b", "..", ".", "a//b", "a\\b", "a\nb", ".git/x", "a/.main.partial", "x" * 501, "C:/x"],
)
def test_a_repository_that_would_leave_its_folder_is_refused(alice: User, provider: Provider, repository: str) -> None:
    with pytest.raises(InvalidInput):
        downloads.create(alice, provider, repository)
    assert history.list_downloads().total == 0


@pytest.mark.parametrize("revision", ["../main", "/main", "a/./b", "x" * 201, ".hidden"])
def test_a_revision_that_would_leave_its_folder_is_refused(alice: User, provider: Provider, revision: str) -> None:
    with pytest.raises(InvalidInput):
        downloads.create(alice, provider, "org/model", revision=revision)


@pytest.mark.parametrize(
    ("repository", "revision"), [("a", "b/c"), ("a/b/c", "d"), ("a", "b"), ("a/b", "c/d")], ids="@".join
)
def test_a_folder_within_that_of_another_download_is_refused(
    alice: User, bob: User, provider: Provider, repository: str, revision: str
) -> None:
    downloads.create(alice, provider, "a/b", revision="c")
    with pytest.raises(Conflict, match="would mix with those of a/b at c"):
        downloads.create(alice, provider, repository, revision=revision)
    downloads.create(bob, provider, repository, revision=revision)
    downloads.create(alice, provider, "a/b", revision="cc")
    downloads.create(alice, provider, "a/bb", revision="c")


def test_a_priority_out_of_range_is_refused(alice: User, provider: Provider) -> None:
    with pytest.raises(InvalidInput):
        downloads.create(alice, provider, "org/model", priority=1001)
    row = downloads.create(alice, provider, "org/model")
    downloads.set_priority(row, 7)
    assert reload(row).priority == 7


def test_a_disabled_user_can_start_nothing(alice: User, admin: User, provider: Provider) -> None:
    paused = in_status(alice, provider, "paused")
    accounts.set_disabled(alice, True)
    with pytest.raises(Conflict, match="disabled"):
        downloads.create(alice, provider, "other")
    with pytest.raises(Conflict, match="disabled"):
        downloads.resume(paused)


def test_disabling_a_user_pauses_their_downloads_and_nobody_elses(
    alice: User, bob: User, admin: User, provider: Provider
) -> None:
    add_downloads(alice, provider, "a0", "a1")
    add_downloads(alice, provider, "done", status="completed")
    add_downloads(bob, provider, "b0")
    found = claim()
    accounts.set_disabled(alice, True)
    states = {d.repository.name: d.status for d in history.list_downloads().downloads}
    assert states == {"a0": "paused", "a1": "paused", "done": "completed", "b0": "pending"}
    assert found is not None
    assert not outcomes.holds(found)


def test_pausing_keeps_the_bytes_and_shows_no_speed(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    outcomes.report_progress(found, outcomes.ProgressReport(500, 1, "a.bin", 1000, 7))
    downloads.pause(reload(found))
    row = reload(found)
    assert (row.current_bytes, row.download_speed, row.eta_seconds) == (500, 0, None)


def test_a_retry_begins_with_a_fresh_listing(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "failed")
    row.error_message, row.failures, row.total_files, row.total_bytes, row.commit = "gone", 8, 3, 99, "abc"
    row.current_bytes, row.completed_at, row.started_at = 50, utc_now(), utc_now()
    db.session.commit()
    downloads.retry(row)
    row = reload(row)
    assert (row.error_message, row.failures, row.total_files, row.total_bytes, row.commit) == (
        None,
        0,
        None,
        None,
        None,
    )
    assert (row.current_bytes, row.completed_at, row.started_at) == (0, None, None)


def test_cancelling_removes_the_partial_files_and_keeps_the_finished_ones(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "paused")
    folder = write_files(row)
    downloads.cancel(row)
    assert (folder / "done.bin").exists()
    assert not find_partials(folder).exists()


def test_cancelling_leaves_the_partial_files_to_the_worker_that_writes_them(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    row = reload(found)
    folder = write_files(row)
    downloads.cancel(row)
    assert find_partials(folder).exists()
    assert leftovers.clear_abandoned() == 0
    expire_lease(found)
    assert leftovers.clear_abandoned() == 1
    assert not find_partials(folder).exists()
    assert reload(row).worker_id is None


def test_partial_files_that_another_download_wants_stay(alice: User, provider: Provider) -> None:
    paused = in_status(alice, provider, "paused")
    folder = write_files(paused)
    downloads.create(alice, provider, "org/model")
    downloads.cancel(paused)
    assert find_partials(folder).exists()


def test_files_lie_below_user_provider_repository_and_revision(alice: User, provider: Provider) -> None:
    row = downloads.create(alice, provider, "org/model", revision="refs/pr/1")
    assert folders.folder_of(row) == current_settings().downloads_dir / "alice/hub/org/model/refs/pr/1"


def test_an_active_download_is_not_deleted(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "pending")
    with pytest.raises(Conflict, match="is pending"):
        history.delete(row)


def test_a_download_whose_worker_is_still_stopping_is_not_deleted(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim(WORKER)
    assert found is not None
    downloads.cancel(reload(found))
    with pytest.raises(Conflict, match="stopping"):
        history.delete(reload(found))
    outcomes.let_go(found)
    history.delete(reload(found))
    assert history.list_downloads().total == 0


@pytest.mark.parametrize("files", [True, False])
def test_deleting_removes_the_files_only_where_asked(alice: User, provider: Provider, files: bool) -> None:
    row = in_status(alice, provider, "completed")
    folder = write_files(row)
    history.delete(row, files=files)
    assert (folder / "done.bin").exists() is not files
    assert current_settings().downloads_dir.exists()
    assert (current_settings().downloads_dir / "alice").exists() is not files


def test_deleting_leaves_files_that_another_download_has_too(alice: User, provider: Provider) -> None:
    first = in_status(alice, provider, "completed")
    in_status(alice, provider, "completed")
    folder = write_files(first)
    history.delete(first, files=True)
    assert (folder / "done.bin").exists()


def test_prune_removes_what_finished_long_ago(alice: User, provider: Provider) -> None:
    old, new, active = add_downloads(alice, provider, "old", "new", "active")
    old.status, old.completed_at = Status.FAILED, utc_now() - timedelta(days=10)
    new.status, new.completed_at = Status.COMPLETED, utc_now()
    db.session.commit()
    assert history.prune(7) == 1
    assert {d.repository.name for d in history.list_downloads().downloads} == {"new", "active"}
    assert history.prune() == 1
    assert [d.id for d in history.list_downloads().downloads] == [active.id]


def test_an_id_may_be_shortened_to_a_unique_prefix(alice: User, bob: User, provider: Provider) -> None:
    row = in_status(alice, provider, "pending")
    assert history.find_download(row.id).id == row.id
    assert history.find_download(row.id[:6].upper()).id == row.id
    assert history.find_download(row.id, owner=alice).id == row.id
    for reference in (row.id, row.id[:6], "zz", "", "%", "_"):
        with pytest.raises(NotFound):
            history.find_download(reference, owner=bob)


def test_an_ambiguous_prefix_is_a_conflict(alice: User, provider: Provider) -> None:
    add_downloads(alice, provider, *(f"r{n}" for n in range(17)))  # two of them share their first digit
    shared = [d.id[0] for d in history.list_downloads().downloads]
    twice = next(digit for digit in shared if shared.count(digit) > 1)
    with pytest.raises(Conflict, match="Several"):
        history.find_download(twice)


def test_lists_are_filtered_paged_and_newest_first(alice: User, bob: User, provider: Provider) -> None:
    add_downloads(alice, provider, "a0", "a1", "a2")
    add_downloads(alice, provider, "a3", status="failed")
    add_downloads(bob, provider, "b0")
    page = history.list_downloads(owner=alice, page_size=2)
    assert ([d.repository.name for d in page.downloads], page.total) == (["a3", "a2"], 4)
    page = history.list_downloads(owner=alice, page=2, page_size=2)
    assert [d.repository.name for d in page.downloads] == ["a1", "a0"]
    assert [d.repository.name for d in history.list_downloads(statuses=["failed"]).downloads] == ["a3"]
    other = add_provider("other")
    assert history.list_downloads(provider_id=other.id).total == 0


def test_patterns_choose_files() -> None:
    paths = ["a.gguf", "b.bin", "sub/c.gguf", "sub/d.txt", "[x].bin"]
    files = [RemoteFile(path, "http://x/") for path in paths]

    def chosen(include: list[str], exclude: list[str]) -> list[str]:
        return [file.path for file in select_files(files, include, exclude)]

    assert chosen([], []) == paths
    assert chosen(["*.gguf"], []) == ["a.gguf", "sub/c.gguf"]
    assert chosen([], ["sub/"]) == ["a.gguf", "b.bin", "[x].bin"]
    assert chosen(["*.gguf", "*.txt"], ["sub/c*"]) == ["a.gguf", "sub/d.txt"]
    assert chosen(["*.GGUF"], []) == []


def test_a_listing_is_pinned_and_read_back_in_order(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    files = tuple(RemoteFile(f"f{n}", f"http://x/f{n}", n, None) for n in range(1200))
    assert listings.store_listing(found, Listing(files, "abc"))
    assert [file.remote for file in listings.read_listing(found.download_id)] == list(files)
    row = reload(found)
    assert (row.commit, row.total_files, row.total_bytes) == ("abc", 1200, sum(range(1200)))
    listings.mark_completed(found.download_id, [listings.CompletedFile(7, 7, "0" * 64)])
    assert [f.position for f in listings.read_listing(found.download_id) if f.is_completed] == [7]


def test_a_listing_of_unknown_sizes_has_no_total(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    listings.store_listing(found, Listing((RemoteFile("a", "u", 5), RemoteFile("b", "u", None))))
    assert (reload(found).total_files, reload(found).total_bytes) == (2, None)


def test_a_worker_that_lost_the_download_stores_no_listing(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    downloads.pause(reload(found))
    assert not listings.store_listing(found, Listing((RemoteFile("a", "u", 5),)))
    assert db.session.query(DownloadFile).count() == 0


def test_the_quota_counts_each_folder_once_and_what_is_on_its_way_in_full(
    alice: User, bob: User, provider: Provider
) -> None:
    add_downloads(alice, provider, "a", status="completed", total_bytes=100, current_bytes=100)
    add_downloads(alice, provider, "a", status="completed", total_bytes=100, current_bytes=100)
    running = add_downloads(alice, provider, "b", status="paused", total_bytes=1000, current_bytes=10)[0]
    add_downloads(alice, provider, "c", status="failed", total_bytes=5000, current_bytes=10)
    add_downloads(bob, provider, "d", status="completed", total_bytes=7, current_bytes=7)
    assert listings.used_bytes(alice.id) == 1100
    assert listings.used_bytes(alice.id, besides=running) == 100


def write_files(row: Download) -> Path:
    folder = folders.folder_of(row)
    find_partials(folder).mkdir(parents=True)
    (find_partials(folder) / "x.data").write_bytes(b"part")
    folder.mkdir(parents=True)
    (folder / "done.bin").write_bytes(b"done")
    return folder
