"""Finding, listing and removing downloads, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, Download, Provider, Status, User, utc_now
from downloads_app.services import removal
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.pages import Wanted
from downloads_app.services.queue import leftovers, outcomes
from tests.support.downloading import WORKER, add_downloads, add_provider, claim, in_status, reload


def test_an_active_download_is_not_deleted(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "pending")
    with pytest.raises(Conflict, match="is pending"):
        history.delete(current_settings().downloads_dir, row)


def test_a_download_whose_worker_is_still_stopping_is_not_deleted(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim(WORKER)
    assert found is not None
    lifecycle.cancel(current_settings(), reload(found))
    with pytest.raises(Conflict, match="stopping"):
        history.delete(current_settings().downloads_dir, reload(found))
    outcomes.let_go(found)
    history.delete(current_settings().downloads_dir, reload(found))
    assert history.list_downloads().total == 0


def _queue_again_at_the_first_step(row: Download, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = removal._pause

    def queue_again() -> None:
        pause()
        if reload(row).status == Status.FAILED:
            lifecycle.retry(current_settings(), reload(row))

    monkeypatch.setattr(removal, "_pause", queue_again)


def test_of_one_that_is_queued_again_while_its_rows_go_no_deletion_is_told(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = in_status(alice, provider, "failed")
    _queue_again_at_the_first_step(row, monkeypatch)
    with pytest.raises(Conflict, match="is pending"):
        history.delete(current_settings().downloads_dir, row)
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == Act.DOWNLOAD_DELETED)) is None


def test_pruning_counts_none_that_is_queued_again_meanwhile(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = in_status(alice, provider, "failed")
    row.completed_at = utc_now()
    db.session.commit()
    _queue_again_at_the_first_step(row, monkeypatch)
    assert history.prune(current_settings().downloads_dir).downloads == 0
    assert history.list_downloads().total == 1


def test_one_that_is_queued_again_while_others_are_pruned_stays(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add_downloads(alice, provider, "org/first", "org/second", status="failed")
    first.completed_at, second.completed_at = utc_now() - timedelta(hours=1), utc_now()
    db.session.commit()

    def remove_slowly(*which: Any, **options: Any) -> int:
        lifecycle.retry(current_settings(), reload(second))
        return removal.remove_rows(*which, **options)

    monkeypatch.setattr(history, "remove_rows", remove_slowly)
    assert history.prune(current_settings().downloads_dir).downloads == 1
    assert [row.status for row in history.list_downloads().rows] == ["pending"]


def test_one_that_is_queued_again_meanwhile_stays_and_says_so(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = in_status(alice, provider, "failed")
    remove = leftovers.remove_partials

    def remove_slowly(*arguments: Any) -> None:
        remove(*arguments)
        lifecycle.retry(current_settings(), reload(row))

    monkeypatch.setattr(leftovers, "remove_partials", remove_slowly)
    with pytest.raises(Conflict, match="is pending"):
        history.delete(current_settings().downloads_dir, row)
    assert history.list_downloads().total == 1
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == Act.DOWNLOAD_DELETED)) is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_lease_is_judged_by_the_databases_clock_alone(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    running, over = add_downloads(alice, provider, "running", "over")
    for download, seconds in ((running, 600), (over, -600)):
        download.status = Status.CANCELLED
        download.worker_id, download.lease_expires_at = WORKER, utc_now() + timedelta(seconds=seconds)
    db.session.commit()
    monkeypatch.setattr(history, "utc_now", lambda: utc_now() + timedelta(hours=hours))
    with pytest.raises(Conflict, match="stopping"):
        history.delete(current_settings().downloads_dir, running)
    history.delete(current_settings().downloads_dir, over)
    assert [d.id for d in history.list_downloads().rows] == [running.id]


def test_prune_removes_what_finished_long_ago(alice: User, provider: Provider) -> None:
    old, new, active = add_downloads(alice, provider, "old", "new", "active")
    old.status, old.completed_at = Status.FAILED, utc_now() - timedelta(days=10)
    new.status, new.completed_at = Status.COMPLETED, utc_now()
    db.session.commit()
    assert history.prune(current_settings().downloads_dir, 7).downloads == 1
    assert {d.repository.name for d in history.list_downloads().rows} == {"new", "active"}
    assert history.prune(current_settings().downloads_dir).downloads == 1
    assert [d.id for d in history.list_downloads().rows] == [active.id]


def test_prune_says_how_many_folders_stay_because_others_have_them(alice: User, provider: Provider) -> None:
    old, new = (in_status(alice, provider, "completed") for _ in range(2))
    old.completed_at, new.completed_at = utc_now() - timedelta(days=10), utc_now()
    db.session.commit()
    pruned = history.prune(current_settings().downloads_dir, 7, files=True)
    assert (pruned.downloads, pruned.staying_folders) == (1, 1)
    detail = db.session.scalars(select(AuditEntry.detail).order_by(AuditEntry.at.desc())).first()
    assert detail == (
        "1 downloads that ended more than 7 days ago, with their files; "
        "folders that stay, because other downloads have them too: 1"
    )
    third = in_status(alice, provider, "completed")
    third.completed_at = utc_now()
    db.session.commit()
    pruned = history.prune(current_settings().downloads_dir, files=True)
    assert (pruned.downloads, pruned.staying_folders) == (2, 0)  # the first stays for the second, which takes it along


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
    shared = [d.id[0] for d in history.list_downloads().rows]
    twice = next(digit for digit in shared if shared.count(digit) > 1)
    with pytest.raises(Conflict, match="Several"):
        history.find_download(twice)


def test_lists_are_filtered_paged_and_newest_first(alice: User, bob: User, provider: Provider) -> None:
    add_downloads(alice, provider, "a0", "a1", "a2")
    add_downloads(alice, provider, "a3", status="failed")
    add_downloads(bob, provider, "b0")
    page = history.list_downloads(owner=alice, wanted=Wanted(history.NEWEST_FIRST, page_size=2))
    assert ([d.repository.name for d in page.rows], page.total) == (["a3", "a2"], 4)
    page = history.list_downloads(owner=alice, wanted=Wanted(history.NEWEST_FIRST, page=2, page_size=2))
    assert [d.repository.name for d in page.rows] == ["a1", "a0"]
    assert [d.repository.name for d in history.list_downloads(statuses=["failed"]).rows] == ["a3"]
    other = add_provider("other")
    assert history.list_downloads(having={"provider_id": other.id}).total == 0
