"""A primary and its replica in one DATABASE_URL: all that reads the URL works, and a replica alone is refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.accounts import users
from downloads_app.services.backup import rows
from downloads_app.services.database.autocommit import make_reader
from downloads_app.services.live.snapshot import Snapshot, Unreadable
from tests.conftest import PASSWORD
from tests.support.replicas import PASSWORD as DATABASE_PASSWORD
from tests.support.replicas import Node, Pair
from tests.support.rows import add_download
from tests.support.server import environment, flask, migrate
from tests.support.snapshots import encode, token_of

READ_ONLY = "the database takes no writes (a replica, or read-only): promote it, or see DATABASE_URL"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A pair for this file, migrated through the URL that names both, the replica first."""
    with Pair() as pair:
        migrate(both(pair), tmp_path_factory.mktemp("migrate"))
        yield pair


@pytest.fixture
def app(pair: Pair, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(database_url=both(pair), instance_dir=tmp_path / "instance")
    with app.app_context():
        yield app
        db.session.remove()
        with db.engine.begin() as connection:
            rows.clear(connection)
        db.engine.dispose()


def both(pair: Pair) -> str:
    """Return the URL with the replica first: whoever takes the first host only cannot write."""
    return pair.url(first=pair.replica)


def alone(node: Node) -> str:
    return node.url("downloads")


def test_rows_are_written_and_read(app: Flask) -> None:
    users.create_user(current_settings().downloads_dir, "alice", PASSWORD)
    assert users.find_user("alice").username == "alice"


def test_the_doctor_names_who_writes_and_who_follows_and_no_password(pair: Pair, tmp_path: Path) -> None:
    done = flask(environment(both(pair), tmp_path / "instance"), "doctor")
    writes, follows = f"127.0.0.1:{pair.primary.port}", f"127.0.0.1:{pair.replica.port}"
    told = " ".join(done.stdout.split())
    assert f"fine database {writes} takes writes, {follows} follows it" in told
    assert "does not wait" not in told
    assert DATABASE_PASSWORD not in done.stdout + done.stderr


def test_the_doctor_says_if_a_failover_may_lose_something(pair: Pair, tmp_path: Path) -> None:
    pair.primary.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
    pair.primary.execute("SELECT pg_reload_conf()")
    try:
        done = flask(environment(both(pair), tmp_path / "instance"), "doctor")
    finally:
        pair.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        pair.primary.execute("SELECT pg_reload_conf()")
    assert "a commit does not wait for the replica" in " ".join(done.stdout.split())


def test_a_replica_alone_is_refused_in_plain_words(pair: Pair, tmp_path: Path) -> None:
    env = environment(alone(pair.replica), tmp_path / "instance")
    done = flask(env, "users", "create", "bob", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (done.returncode, done.stderr) == (1, f"error: {READ_ONLY}\n")
    examined = " ".join(flask(env, "doctor").stdout.split())
    assert "wrong database PostgreSQL answers, but takes no writes: it is a replica, or read-only" in examined


def test_the_streams_show_nothing_that_a_replica_says(app: Flask, pair: Pair) -> None:
    alice = users.create_user(current_settings().downloads_dir, "alice", PASSWORD)
    add_download(alice)
    reader = f"{alone(pair.replica)}".replace("postgresql:", "postgresql+psycopg2:")
    snapshot = Snapshot(lambda: make_reader(reader), encode, start=lambda _: None)
    watch = snapshot.watch(token_of(alice.id))
    snapshot.refresh()
    assert not watch.view.is_loaded
    with pytest.raises(Unreadable):
        snapshot.wait(watch, 0)
    snapshot.release(watch)


def test_a_backup_and_a_move_go_through_it(app: Flask, pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "sqlite" / "from.sqlite3"
    file.parent.mkdir()
    migrate(f"sqlite:///{file}", tmp_path / "sqlite")
    env = environment(f"sqlite:///{file}", tmp_path / "sqlite")
    assert flask(env, "users", "create", "carol", "--password-stdin", stdin=f"{PASSWORD}\n").returncode == 0
    moved = flask(env, "move-database", both(pair))
    assert moved.returncode == 0, moved.stderr
    assert users.find_user("carol").username == "carol"
    db.session.rollback()
    saved = flask(environment(both(pair), tmp_path / "instance"), "backup", str(tmp_path / "backup"))
    assert saved.returncode == 0, saved.stderr
    with closing(sqlite3.connect(tmp_path / "backup")) as backup:
        assert backup.execute("SELECT username FROM users").fetchall() == [("carol",)]
    assert DATABASE_PASSWORD not in moved.stdout + moved.stderr + saved.stdout + saved.stderr
