"""The life of a download: which change is allowed from where, on both databases."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.config import Settings, current_settings
from downloads_app.errors import Conflict, InvalidInput
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Status, User, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.providers import catalog
from downloads_app.services.queue import outcomes
from tests.support.downloading import add_downloads, claim, folder_of, in_status, reload

CHANGES: dict[str, Callable[[Settings, Download], None]] = {
    "paused": lifecycle.pause,
    "resumed": lifecycle.resume,
    "cancelled": lifecycle.cancel,
    "retried": lifecycle.retry,
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


@pytest.mark.parametrize(("status", "change"), CASES, ids=[f"{s}-{c}" for s, c in CASES])
def test_each_change_is_allowed_from_its_states_and_refused_naming_the_others(
    alice: User, provider: Provider, status: str, change: str
) -> None:
    row = in_status(alice, provider, status)
    if (status, change) in ALLOWED:
        CHANGES[change](current_settings(), row)
        assert reload(row).status == ALLOWED[status, change]
        return
    with pytest.raises(Conflict, match=f"is {status}; it cannot be {change}"):
        CHANGES[change](current_settings(), row)
    assert reload(row).status == status


def test_a_new_download_is_pending_with_nothing_known(alice: User, provider: Provider) -> None:
    row = reload(lifecycle.create(current_settings(), alice, provider, "org/model", include=["*.gguf"], priority=3))
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
    first = lifecycle.create(current_settings(), alice, provider, "org/model")
    with pytest.raises(Conflict, match=first.id):
        lifecycle.create(current_settings(), alice, provider, "org/model", revision="main")
    lifecycle.create(current_settings(), alice, provider, "org/model", revision="v2")
    lifecycle.create(current_settings(), bob, provider, "org/model")
    lifecycle.cancel(current_settings(), first)
    lifecycle.create(current_settings(), alice, provider, "org/model")


@pytest.mark.parametrize("again", [lifecycle.resume, lifecycle.retry])
def test_what_is_started_again_must_not_become_a_second_one(
    alice: User, provider: Provider, again: Callable[[Settings, Download], None]
) -> None:
    first = in_status(alice, provider, "paused" if again is lifecycle.resume else "failed")
    second = lifecycle.create(current_settings(), alice, provider, "org/model")
    with pytest.raises(Conflict, match=second.id):
        again(current_settings(), first)


def test_of_many_requests_at_once_one_makes_the_download(app: Flask, alice: User, provider: Provider) -> None:
    made: list[str] = []
    refused: list[str] = []
    username, name = alice.username, provider.name
    start = threading.Barrier(6)

    def ask() -> None:
        with app.app_context():
            user = users.find_user(username)
            source = db.session.scalars(db.select(Provider).where(Provider.name == name)).one()
            start.wait(10)
            try:
                made.append(lifecycle.create(current_settings(), user, source, "org/model").id)
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
    ["", "/abs", "a/../b", "..", "./a", "a//b", "a\\b", "a\nb", ".git/x", "a/.main.partial", "x" * 501, "C:/x"],
)
def test_a_repository_that_would_leave_its_folder_is_refused(alice: User, provider: Provider, repository: str) -> None:
    with pytest.raises(InvalidInput):
        lifecycle.create(current_settings(), alice, provider, repository)
    assert history.list_downloads().total == 0


@pytest.mark.parametrize("revision", ["../main", "/main", "a/./b", "x" * 201, ".hidden", "x/" + "é" * 124])
def test_a_revision_that_would_leave_its_folder_is_refused(alice: User, provider: Provider, revision: str) -> None:
    with pytest.raises(InvalidInput):
        lifecycle.create(current_settings(), alice, provider, "org/model", revision=revision)


@pytest.mark.parametrize(
    ("repository", "revision"), [("a", "b/c"), ("a/b/c", "d"), ("a", "b"), ("a/b", "c/d")], ids="@".join
)
def test_a_folder_within_that_of_another_download_is_refused(
    alice: User, bob: User, provider: Provider, repository: str, revision: str
) -> None:
    lifecycle.create(current_settings(), alice, provider, "a/b", revision="c")
    with pytest.raises(Conflict, match="would mix with those of a/b at c"):
        lifecycle.create(current_settings(), alice, provider, repository, revision=revision)
    lifecycle.create(current_settings(), bob, provider, repository, revision=revision)
    lifecycle.create(current_settings(), alice, provider, "a/b", revision="cc")
    lifecycle.create(current_settings(), alice, provider, "a/bb", revision="c")


def test_a_providers_root_is_a_repository_where_its_kind_holds_folders(alice: User, provider: Provider) -> None:
    root = lifecycle.create(current_settings(), alice, provider, ".")
    assert folder_of(root) == current_settings().downloads_dir / "alice" / provider.name / "main"
    with pytest.raises(Conflict, match=r"would mix with those of \. at main"):
        lifecycle.create(current_settings(), alice, provider, "main")
    lifecycle.create(current_settings(), alice, provider, "org/main")
    with pytest.raises(Conflict, match="would mix with those of org/main at main"):
        lifecycle.create(current_settings(), alice, provider, ".", revision="org")
    hub = catalog.add_provider(current_settings(), "a-hub", "huggingface", "https://hub.example/")
    with pytest.raises(InvalidInput, match="cannot be a repository"):
        lifecycle.create(current_settings(), alice, hub, ".")  # a hub has no files of its own


def test_a_priority_out_of_range_is_refused(alice: User, provider: Provider) -> None:
    with pytest.raises(InvalidInput):
        lifecycle.create(current_settings(), alice, provider, "org/model", priority=1001)
    row = lifecycle.create(current_settings(), alice, provider, "org/model")
    lifecycle.set_priority(row, 7)
    assert reload(row).priority == 7


def test_a_disabled_user_can_start_nothing(alice: User, admin: User, provider: Provider) -> None:
    paused = in_status(alice, provider, "paused")
    users.set_disabled(alice, True)
    with pytest.raises(Conflict, match="disabled"):
        lifecycle.create(current_settings(), alice, provider, "other")
    with pytest.raises(Conflict, match="disabled"):
        lifecycle.resume(current_settings(), paused)


def test_disabling_a_user_pauses_their_downloads_and_nobody_elses(
    alice: User, bob: User, admin: User, provider: Provider
) -> None:
    add_downloads(alice, provider, "a0", "a1")
    add_downloads(alice, provider, "done", status="completed")
    add_downloads(bob, provider, "b0")
    found = claim()
    users.set_disabled(alice, True)
    states = {d.repository.name: d.status for d in history.list_downloads().rows}
    assert states == {"a0": "paused", "a1": "paused", "done": "completed", "b0": "pending"}
    assert found is not None
    assert not outcomes.holds(found)


def test_pausing_keeps_the_bytes_and_shows_no_speed(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    outcomes.report_progress(found, outcomes.ProgressReport(500, 1, "a.bin", 1000, 7))
    lifecycle.pause(current_settings(), reload(found))
    row = reload(found)
    assert (row.current_bytes, row.download_speed, row.eta_seconds) == (500, 0, None)


def test_a_retry_begins_with_a_fresh_listing(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "failed")
    row.error_message, row.failures, row.total_files, row.total_bytes, row.commit = "gone", 8, 3, 99, "abc"
    row.current_bytes, row.completed_at, row.started_at = 50, utc_now(), utc_now()
    db.session.commit()
    lifecycle.retry(current_settings(), row)
    row = reload(row)
    assert (row.error_message, row.failures, row.total_files, row.total_bytes, row.commit) == (
        None,
        0,
        None,
        None,
        None,
    )
    assert (row.current_bytes, row.completed_at, row.started_at) == (0, None, None)
