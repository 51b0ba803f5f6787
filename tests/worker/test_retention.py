"""RETENTION_DAYS: finished rows go once a day, by one worker; files stay, and without the setting all stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DailyTask, Download, Repository, User, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import daily
from downloads_app.worker import retention
from downloads_app.worker.retention import Retention
from tests.support.downloading import add_downloads, add_provider, folder_of
from tests.support.server import wait_until
from tests.worker.running import working


def names() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Repository.name).join(Download, Download.repository_id == Repository.id)))


def add_some(alice: User) -> Path:
    """Add downloads of all ages; return a file of an old one."""
    provider = add_provider()
    old, new = utc_now() - timedelta(days=8), utc_now() - timedelta(days=6)
    row = add_downloads(alice, provider, "old", status="completed", completed_at=old)[0]
    add_downloads(alice, provider, "failed", status="failed", completed_at=old)
    add_downloads(alice, provider, "new", status="completed", completed_at=new)
    add_downloads(alice, provider, "paused", status="paused")
    file = folder_of(row) / "model.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"kept")
    return file


def test_a_worker_removes_what_finished_long_ago_and_no_file(make_app: Callable[..., Flask]) -> None:
    app = make_app(retention_days=7)
    with app.app_context():
        file = add_some(users.create_user(current_settings().downloads_dir, "alice", "correct horse battery"))
        with working(app):
            wait_until(lambda: names() == {"new", "paused"}, what="the old ones to go")
        assert file.read_bytes() == b"kept"


def test_without_the_setting_all_stays(app: Flask, alice: User) -> None:
    add_some(alice)
    nothing = Retention(current_settings().downloads_dir, None)
    assert not nothing.take()
    assert not nothing.remove_some()
    assert len(names()) == 4


def test_it_goes_in_small_steps(app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    add_some(alice)
    mine = Retention(current_settings().downloads_dir, 7)
    assert mine.take()
    monkeypatch.setattr(retention, "ROWS_A_STEP", 1)
    assert mine.remove_some()
    assert len(names()) == 3
    assert mine.remove_some()
    assert not mine.remove_some()
    assert not mine.take()


def test_one_worker_a_day_has_the_task(app: Flask) -> None:
    assert daily.take("retention")
    assert not daily.take("retention")
    assert daily.take("another")
    db.session.execute(update(DailyTask).values(begun_at=database_now(-daily.DAY_SECONDS - 1)))
    db.session.commit()
    assert daily.take("retention")
    assert not daily.take("retention")
