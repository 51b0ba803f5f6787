"""Files that outlive their download's turn, and those that go with it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from downloads_app.config import current_settings
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, Download, Provider, User, utc_now
from downloads_app.services import removal
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.files import vanishing
from downloads_app.services.files.partials import find_partials
from downloads_app.services.files.vanishing import SET_ASIDE, SetAside
from downloads_app.services.queue import leftovers, outcomes
from tests.support.downloading import add_downloads, claim, expire_lease, folder_of, in_status, reload
from tests.support.small_disk import failed, small_disk


def test_cancelling_removes_the_partial_files_and_keeps_the_finished_ones(alice: User, provider: Provider) -> None:
    row = in_status(alice, provider, "paused")
    folder = write_files(row)
    lifecycle.cancel(current_settings(), row)
    assert (folder / "done.bin").exists()
    assert not find_partials(folder).exists()


def test_cancelling_leaves_the_partial_files_to_the_worker_that_writes_them(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    row = reload(found)
    folder = write_files(row)
    lifecycle.cancel(current_settings(), row)
    assert find_partials(folder).exists()
    assert leftovers.clear_abandoned(current_settings().downloads_dir) == 0
    expire_lease(found)
    assert leftovers.clear_abandoned(current_settings().downloads_dir) == 1
    assert not find_partials(folder).exists()
    assert reload(row).worker_id is None


def test_partial_files_of_a_worker_that_vanished_when_all_was_complete_are_removed(
    alice: User, provider: Provider
) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    folder = write_files(reload(found))
    assert outcomes.finish(found, 4)
    assert leftovers.clear_abandoned(current_settings().downloads_dir) == 0
    expire_lease(found)
    assert leftovers.clear_abandoned(current_settings().downloads_dir) == 1
    assert (find_partials(folder).exists(), (folder / "done.bin").exists()) == (False, True)
    assert reload(found).worker_id is None


def test_partial_files_that_another_download_wants_stay(alice: User, provider: Provider) -> None:
    paused = in_status(alice, provider, "paused")
    folder = write_files(paused)
    lifecycle.create(current_settings(), alice, provider, "org/model")
    lifecycle.cancel(current_settings(), paused)
    assert find_partials(folder).exists()


def test_files_lie_below_user_provider_repository_and_revision(alice: User, provider: Provider) -> None:
    row = lifecycle.create(current_settings(), alice, provider, "org/model", revision="refs/pr/1")
    assert folder_of(row) == current_settings().downloads_dir / "alice/hub/org/model/refs/pr/1"


@pytest.mark.parametrize("files", [True, False])
def test_deleting_removes_the_files_only_where_asked(alice: User, provider: Provider, files: bool) -> None:
    row = in_status(alice, provider, "completed")
    folder = write_files(row)
    history.delete(current_settings().downloads_dir, row, files=files)
    assert (folder / "done.bin").exists() is not files
    assert current_settings().downloads_dir.exists()
    assert (current_settings().downloads_dir / "alice").exists() is not files


def test_deleting_leaves_files_that_another_download_has_too(alice: User, provider: Provider) -> None:
    first = in_status(alice, provider, "completed")
    second = in_status(alice, provider, "completed")
    folder = write_files(first)
    assert not history.delete(current_settings().downloads_dir, first, files=True)
    assert (folder / "done.bin").exists()
    assert history.delete(current_settings().downloads_dir, second, files=True)
    assert not folder.exists()
    last, one = db.session.scalars(select(AuditEntry.detail).order_by(AuditEntry.at.desc())).all()[:2]
    assert (one, last) == ("its files stay: another download has the same folder", "with its files")


def test_of_two_downloads_of_a_folder_that_are_deleted_at_the_same_time_one_takes_the_files_along(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (in_status(alice, provider, "completed") for _ in range(2))
    folder, downloads_dir = write_files(first), current_settings().downloads_dir
    answers = []

    def remove_both(*which: Any, **options: Any) -> int:
        monkeypatch.setattr(history, "remove_rows", removal.remove_rows)
        answers.append(history.delete(downloads_dir, reload(second), files=True))
        return removal.remove_rows(*which, **options)

    monkeypatch.setattr(history, "remove_rows", remove_both)
    answers.append(history.delete(downloads_dir, first, files=True))
    assert not folder.exists()
    assert answers == [False, True]


Happening = Callable[[Callable[[], object]], Path]


@pytest.fixture
def row(alice: User, provider: Provider) -> Download:
    return in_status(alice, provider, "failed")


@pytest.fixture
def happening_meanwhile(row: Download, monkeypatch: pytest.MonkeyPatch) -> Happening:
    """Write the files of `row`; let something happen after a deletion looked who wants them. Return their folder."""

    def prepare(action: Callable[[], object]) -> Path:
        def set_aside_late(downloads_dir: Path, which: Sequence[Path]) -> SetAside:
            action()
            return SetAside(downloads_dir, which)

        monkeypatch.setattr(leftovers, "SetAside", set_aside_late)
        return write_files(row)

    return prepare


def are_there(folder: Path) -> bool:
    return (folder / "done.bin").exists() and find_partials(folder).exists()


@pytest.mark.parametrize("files", [True, False])
def test_files_stay_whose_download_is_added_while_the_database_hangs(
    row: Download, alice: User, provider: Provider, happening_meanwhile: Happening, files: bool
) -> None:
    folder = happening_meanwhile(lambda: lifecycle.create(current_settings(), alice, provider, "org/model"))
    history.delete(current_settings().downloads_dir, row, files=files)
    assert are_there(folder)


def test_files_stay_whose_download_is_retried_while_it_is_deleted(
    row: Download, happening_meanwhile: Happening
) -> None:
    folder = happening_meanwhile(lambda: lifecycle.retry(current_settings(), reload(row)))
    with pytest.raises(Conflict, match="is pending"):
        history.delete(current_settings().downloads_dir, row, files=True)
    assert are_there(folder)


def test_files_stay_where_the_database_fails_when_it_is_asked_again(
    row: Download, happening_meanwhile: Happening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    folder = happening_meanwhile(lambda: monkeypatch.setattr(db.session, "scalar", fail))
    with pytest.raises(OperationalError):
        history.delete(current_settings().downloads_dir, row, files=True)
    assert are_there(folder)


def test_what_a_deletion_left_that_was_killed_counts_for_nobody_and_is_removed_later(
    alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = in_status(alice, provider, "completed")
    folder = write_files(row)
    downloads_dir = current_settings().downloads_dir
    SetAside(downloads_dir, [find_partials(folder), folder])  # and here it is killed
    history.delete(downloads_dir, row, files=True)
    assert not (downloads_dir / "alice").exists()
    leftovers.clear_abandoned(downloads_dir)
    assert len(list((downloads_dir / SET_ASIDE).iterdir())) == 2
    monkeypatch.setattr(vanishing, "ABANDONED_SECONDS", 0.0)
    leftovers.clear_abandoned(downloads_dir)
    assert list((downloads_dir / SET_ASIDE).iterdir()) == []


@pytest.fixture
def failing_disk(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for DOWNLOADS_DIR, which a test can let fail."""
    with small_disk(tmp_path / "instance" / "downloads", 1 << 20) as disk:
        yield disk


def test_a_deletion_whose_files_the_disk_keeps_is_refused(alice: User, provider: Provider, failing_disk: Path) -> None:
    one, other = (add_downloads(alice, provider, name, status="failed")[0] for name in ("one", "other"))
    folder = write_files(one)
    write_files(other)
    with failed(failing_disk):
        with pytest.raises(Conflict, match="The files of one cannot be removed: Read-only file system"):
            history.delete(failing_disk, one, files=True)
        assert history.delete(failing_disk, other)  # of partial files nobody is told
    assert are_there(folder)
    assert history.delete(failing_disk, reload(one), files=True)
    assert not folder.exists()


def test_what_was_pruned_before_the_disk_refused_is_in_the_audit(
    alice: User, provider: Provider, failing_disk: Path
) -> None:
    one, other = add_downloads(alice, provider, "one", "other", status="completed")
    one.completed_at, other.completed_at = utc_now() - timedelta(days=2), utc_now() - timedelta(days=1)
    db.session.commit()
    write_files(other)
    with failed(failing_disk), pytest.raises(Conflict, match="The files of other cannot be removed"):
        history.prune(failing_disk, files=True)
    assert [row.id for row in history.list_downloads().rows] == [other.id]
    details = db.session.scalars(select(AuditEntry.detail).where(AuditEntry.action == Act.DOWNLOADS_PRUNED)).all()
    assert details == ["1 downloads that ended more than 0 days ago, with their files"]


def write_files(row: Download) -> Path:
    folder = folder_of(row)
    find_partials(folder).mkdir(parents=True)
    (find_partials(folder) / "x.data").write_bytes(b"part")
    folder.mkdir(parents=True)
    (folder / "done.bin").write_bytes(b"done")
    return folder
