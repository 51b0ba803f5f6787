"""What the demo does by itself, beside what its visitors do."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from deploy import demo
from deploy.demo_play import CAST, DEMO, SHOWN_FAILED_SECONDS, Play
from deploy.demo_samples import Samples
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import AuditEntry, Download, Status, User, utc_now
from downloads_app.services.downloads import lifecycle
from tests.support.downloading import add_provider, reload
from tests.support.file_server import FileServer
from tests.support.hub import Hub


def fail(row: Download) -> Download:
    """Let a download have failed a while ago."""
    row.status, row.completed_at = Status.FAILED, utc_now() - timedelta(seconds=SHOWN_FAILED_SECONDS + 1)
    db.session.commit()
    return row


def test_only_what_the_demo_has_added_is_tried_again(app: Flask, alice: User) -> None:
    provider, settings, (_, _, cast) = add_provider(), current_settings(), CAST[0]
    own = fail(lifecycle.create(settings, alice, provider, cast, by=DEMO))
    visitors = [fail(lifecycle.create(settings, alice, provider, name)) for name in ("typo/typo", CAST[1][2])]
    said: list[str] = []
    with Hub() as hub, FileServer() as mirror:
        Play(app, Samples(hub, mirror), said.append)._retry_failed()
    assert said == [f"alice tries {cast} again"]
    assert reload(own).status == Status.PENDING
    assert [reload(row).status for row in visitors] == [Status.FAILED, Status.FAILED]


def test_the_audit_names_who_has_made_users_and_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    monkeypatch.setenv("DOWNLOADS_DIR", str(tmp_path / "downloads"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/downloads.sqlite3")
    with Hub() as hub, FileServer() as mirror:
        made, _ = demo.prepare(Samples(hub, mirror))
    with made.app_context():
        noted = db.session.execute(select(AuditEntry.action, AuditEntry.actor)).all()
    assert {action for action, _ in noted} >= {"user_created", "provider_added"}
    assert {actor for _, actor in noted} == {DEMO.name}
