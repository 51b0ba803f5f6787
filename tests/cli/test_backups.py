"""`downloads-app backup`, `restore` and `move-database` as processes; what cannot be done is one line."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from downloads_app.models import User
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.support.postgres import Postgres
from tests.support.server import environment, flask, migrate

MOVED = "Moved 1 user, 0 providers, 0 downloads, 0 files. Now set DATABASE_URL to that address and start again\n"


@pytest.fixture
def empty_url(postgres: Postgres) -> object:
    """A PostgreSQL database without tables."""
    postgres.create_database("moved")
    yield postgres.url("moved")
    postgres.drop_database("moved")


def test_a_database_is_backed_up_restored_and_moved(sqlite_url: str, empty_url: str, tmp_path: Path) -> None:
    env = environment(sqlite_url, tmp_path / "instance")
    assert flask(env, "users", "create", "alice").returncode == 0
    done = flask(env, "backup", str(tmp_path / "backup"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Wrote {tmp_path / 'backup'}: 1 user, 0 providers, 0 downloads, 0 files\n"
    refused = flask(env, "restore", str(tmp_path / "backup"))
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "--force" in refused.stderr
    assert flask(env, "restore", str(tmp_path / "backup"), "--force").returncode == 0
    noted = json.loads(flask(env, "audit", "--json").stdout)
    assert [(one["action"], one["actor"]) for one in noted] == [("database_restored", "cli"), ("user_created", "cli")]
    assert noted[0]["detail"] == str(tmp_path / "backup")
    moved = flask(env, "move-database", empty_url)
    assert (moved.returncode, moved.stdout) == (0, MOVED), moved.stderr
    listed = flask(environment(empty_url, tmp_path / "instance"), "users", "list")
    assert "alice" in listed.stdout
    again = flask(env, "move-database", empty_url)
    assert (again.returncode, again.stderr) == (1, "error: That database is not empty; nothing was changed\n")


def test_a_backup_whose_name_is_no_text_is_written_and_noted(sqlite_url: str, tmp_path: Path) -> None:
    env = environment(sqlite_url, tmp_path / "instance")
    done = flask(env, "backup", f"{tmp_path}/\udcff.backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\N{REPLACEMENT CHARACTER}.backup" in flask(env, "audit").stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_living_workers_are_named_before_the_database_is_replaced(
    runner: FlaskCliRunner, alice: User, tmp_path: Path
) -> None:
    path = str(tmp_path / "backup")
    assert runner.invoke(args=["backup", path]).exit_code == 0
    workers.tell(Presence("ours-1-a", 2))
    done = runner.invoke(args=["restore", path, "--force"])
    told = "worker ours-1-a is alive: stop workers and web servers"
    assert (done.exit_code, done.stderr) == (0, f"{told} before a restore\n")
    workers.tell(Presence("ours-1-a", 2))
    workers.tell(Presence("theirs-2-b", 2))
    told = "workers ours-1-a, theirs-2-b are alive: stop workers and web servers"
    done = runner.invoke(args=["restore", str(tmp_path / "missing"), "--force"])
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, f"{told} before a restore")
    done = runner.invoke(args=["move-database", "postgresql://nobody@127.0.0.1:9/none"])
    assert (done.exit_code, done.stderr) == (1, f"error: {told} first\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("restore", "missing"), "No such file"),
        (("restore", "pyproject.toml"), "not a backup"),
        (("backup", "pyproject.toml"), "replaces no file"),
        (("backup", "/proc/none/backup"), "cannot be written"),
        (("move-database", "sqlite:////tmp/other"), "from SQLite"),
        (("move-database", "mysql://x:secret@y/z"), "a value of"),
        (("move-database", "postgresql://x:secret@127.0.0.1:9/z"), "cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_one_line_without_a_password(
    sqlite_url: str, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = flask(environment(sqlite_url, tmp_path / "instance"), *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "secret" not in done.stderr


def test_a_database_that_is_not_migrated_is_not_backed_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    (tmp_path / "instance").mkdir()
    done = flask(environment(url, tmp_path / "instance"), "backup", str(tmp_path / "backup"))
    assert (done.returncode, "not migrated" in done.stderr) == (1, True)
    migrate(url, tmp_path / "instance")
    assert not (tmp_path / "backup").exists()
