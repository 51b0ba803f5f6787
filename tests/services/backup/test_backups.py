"""Backups: written while others write, restored into either database, equal row by row."""

import stat
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, text

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.errors import Conflict, NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import Download, EventKind, User, new_id
from downloads_app.services.accounts import tokens, users
from downloads_app.services.backup import backups, rows
from downloads_app.services.downloads import story
from downloads_app.services.queue import events, pauses
from downloads_app.services.queue.events import Note
from tests.services.backup.conftest import content_of
from tests.support.downloading import add_downloads, add_provider, claim


def test_a_backup_is_restored_into_either_database_row_by_row(source_url: str, other_url: str, tmp_path: Path) -> None:
    counts = backups.write_backup(source_url, tmp_path / "backup")
    assert (counts["users"], counts["downloads"], counts["download_files"]) == (2, 2, 3)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == ["backup"]
    backups.restore_backup(other_url, tmp_path / "backup")
    before, after = content_of(source_url), content_of(other_url)
    for name in ("sign_ins", "api_keys"):  # none of these is good any more
        assert before.pop(name) != after.pop(name) == []
    assert after == before


def test_what_is_written_meanwhile_is_in_the_backup_wholly_or_not_at_all(
    app: Flask, source_url: str, other_url: str, alice: User, tmp_path: Path
) -> None:
    hub = add_provider("second")
    writer = create_engine(source_url)
    added: list[str] = []

    def write_beside(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and "FROM users" in statement:
            return  # the first read of the backup decides which moment it shows
        if statement.startswith("SELECT") and any(
            f"FROM {name}" in statement for name in ("repositories", "downloads")
        ):
            added.append(new_id())
            with writer.begin() as connection:
                connection.execute(
                    text(
                        "INSERT INTO repositories (id, provider_id, name, created_at)"
                        " SELECT :id, id, :id, created_at FROM providers WHERE name = 'second'"
                    ),
                    {"id": added[-1]},
                )

    engine = rows.open_engine(source_url)
    event.listen(engine, "before_cursor_execute", write_beside)
    opened, rows.open_engine = rows.open_engine, lambda _: engine  # type: ignore[assignment]  # it is watched
    try:
        backups.write_backup(source_url, tmp_path / "backup")
    finally:
        rows.open_engine = opened
        writer.dispose()
    assert added
    backups.restore_backup(other_url, tmp_path / "backup")
    names = {row[2] for row in content_of(other_url)["repositories"]}
    assert names == {"org/näme", "org/failed"}
    assert hub.name == "second"


def test_after_a_restore_new_rows_get_new_numbers_and_changes_are_seen(
    app: Flask, source_url: str, alice: User, tmp_path: Path
) -> None:
    backups.write_backup(source_url, tmp_path / "backup")
    with pytest.raises(Conflict, match="--force"):
        backups.restore_backup(source_url, tmp_path / "backup")
    backups.restore_backup(source_url, tmp_path / "backup", replace=True)
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM deletions")) == 0
    pauses.set_queue_paused(False)
    db.session.execute(text("UPDATE providers SET paused_at = NULL"))
    db.session.execute(text("UPDATE downloads SET not_before_at = NULL"))
    db.session.commit()
    assert claim() is not None  # notes an event, under a number of its own
    events.note_alone(Note(EventKind.PRIORITY, "x"), Download.user_id == alice.id)


def test_every_token_of_before_a_restore_is_refused(app: Flask, source_url: str, alice: User, tmp_path: Path) -> None:
    early = tokens.issue_access(current_settings(), alice)
    backups.write_backup(source_url, tmp_path / "backup")
    late = tokens.issue_access(current_settings(), alice)
    backups.restore_backup(source_url, tmp_path / "backup", replace=True)
    db.session.rollback()
    for raw in (early, late):
        with pytest.raises(NotAuthenticated):
            tokens.authorize(tokens.verify(current_settings(), raw))
    again = tokens.issue_access(current_settings(), db.session.get_one(User, alice.id))
    assert tokens.authorize(tokens.verify(current_settings(), again)).username == "alice"


def test_a_backup_replaces_no_file_and_leaves_nothing_where_it_fails(source_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "here").write_text("precious")
    with pytest.raises(Conflict, match="replaces no file"):
        backups.write_backup(source_url, folder / "here")
    with pytest.raises(Conflict, match="No such file"):
        backups.write_backup(source_url, folder / "missing" / "backup")
    assert [path.name for path in folder.iterdir()] == ["here"]
    assert (folder / "here").read_text() == "precious"


def test_moving_copies_everything_and_tokens_stay_good(source_url: str, other_url: str) -> None:
    backups.move(source_url, other_url)
    assert content_of(other_url) == content_of(source_url)
    with pytest.raises(Conflict, match="not empty"):
        backups.move(source_url, other_url)


def test_downloads_added_after_a_move_are_claimed(source_url: str, other_url: str, tmp_path: Path) -> None:
    backups.move(source_url, other_url)
    moved = create_app(database_url=other_url, instance_dir=tmp_path / "moved")
    with moved.app_context():
        try:
            pauses.set_queue_paused(False)
            added = add_downloads(users.find_user("alice"), add_provider("mirror"), "org/new")[0]
            found = claim()
            assert found is not None
            assert found.download_id == added.id
            assert [event.kind for event in story.read(added).rows] == [EventKind.CLAIMED]  # under a number of its own
        finally:
            db.session.remove()
            db.engine.dispose()
