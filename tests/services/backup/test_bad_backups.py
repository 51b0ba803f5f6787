"""Files that are no whole backup of this version: one line, and nothing changes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from downloads_app.errors import Conflict, InvalidInput
from downloads_app.services.backup import backups, file
from tests.services.backup.conftest import content_of
from tests.support.small_disk import small_disk


@pytest.fixture
def backup(source_url: str, tmp_path: Path) -> Path:
    """A good backup."""
    backups.write_backup(source_url, tmp_path / "backup")
    return tmp_path / "backup"


def spoil(path: Path, *statements: str) -> None:
    """Change what is in a file; the digests fit what is there then."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        about = dict(connection.execute("SELECT key, value FROM backup_about"))
        connection.execute("DROP TABLE backup_about")
        connection.commit()
    file._describe(path, about["revision"])


def refuse(database_url: str, path: Path, words: str) -> None:
    before = content_of(database_url)
    with pytest.raises(InvalidInput, match=words) as refused:
        backups.restore_backup(database_url, path, replace=True)
    assert "\n" not in refused.value.message
    assert content_of(database_url) == before


def test_a_file_that_is_not_ours_is_refused(source_url: str, tmp_path: Path) -> None:
    for name, content in (("empty", b""), ("text", b"hello"), ("noise", bytes(range(256)) * 64)):
        (tmp_path / name).write_bytes(content)
        refuse(source_url, tmp_path / name, "not a backup")
    with closing(sqlite3.connect(tmp_path / "foreign")) as connection:
        connection.execute("CREATE TABLE users (id TEXT)")
        connection.commit()
    refuse(source_url, tmp_path / "foreign", "not a backup")
    refuse(source_url, tmp_path / "missing", "No such file")
    refuse(source_url, tmp_path, "Is a directory")


def test_a_truncated_or_damaged_backup_is_refused(source_url: str, backup: Path) -> None:
    whole = backup.read_bytes()
    for size in (50, 4096, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        backup.write_bytes(whole[:size])
        refuse(source_url, backup, "not a backup|damaged")
    at = whole.index(b"org/failed")
    backup.write_bytes(whole[:at] + b"org/Failed" + whole[at + 10 :])
    refuse(source_url, backup, "damaged: the rows of repositories")


def test_a_backup_of_another_version_is_refused_and_says_what_to_do(source_url: str, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("UPDATE backup_about SET value = '0009' WHERE key = 'revision'")
        connection.commit()
    refuse(source_url, backup, "version '0009'.*restore it with the code of then")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE downloads SET created_at = 'yesterday'",
        "UPDATE downloads SET include = '[\"open'",
        "UPDATE downloads SET user_id = '00000000-0000-4000-8000-000000000000'",
        "UPDATE downloads SET status = 'nonsense'",
        "UPDATE users SET username = 'same'",
    ],
)
def test_forged_rows_that_do_not_fit_change_nothing(source_url: str, backup: Path, statement: str) -> None:
    loosen(backup)
    spoil(backup, statement)
    refuse(source_url, backup, "nothing was changed")


def loosen(path: Path) -> None:
    """Make the file's tables anew without any rule."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            connection.execute(f'CREATE TABLE "loose" AS SELECT * FROM "{name}"')
            connection.execute(f'DROP TABLE "{name}"')
            connection.execute(f'ALTER TABLE loose RENAME TO "{name}"')
        connection.commit()


def test_a_view_in_place_of_a_table_is_refused(source_url: str, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("DROP TABLE queue_pauses")
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS id, x AS paused_at FROM n"
        connection.execute(f"CREATE VIEW queue_pauses AS {endless}")
        connection.commit()
    refuse(source_url, backup, "not a backup")


@pytest.mark.parametrize("left_bytes", [16 << 10, 64 << 10, 96 << 10])
def test_a_full_disk_is_named_and_nothing_is_left_on_it(source_url: str, tmp_path: Path, left_bytes: int) -> None:
    with small_disk(tmp_path / "small", left_bytes) as disk:
        with pytest.raises(Conflict, match=f"cannot be written to {disk}/backup: database or disk is full"):
            backups.write_backup(source_url, disk / "backup")
        assert list(disk.iterdir()) == []
