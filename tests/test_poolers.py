"""Everything works through a pooler of PostgreSQL's connections in transaction mode, and no limit is lost there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import connect_args, db
from downloads_app.models import Download, Status
from downloads_app.services.accounts import users
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.downloads import listings
from downloads_app.services.downloads.representation import format_time
from downloads_app.services.live import changes
from downloads_app.services.live.changes import Scope
from downloads_app.services.queue import claims
from tests.conftest import PASSWORD, bearer
from tests.support.downloading import add_provider, reload
from tests.support.file_server import FileServer
from tests.support.pgbouncer import serve_pgbouncer
from tests.support.postgres import Postgres
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import Server, environment, flask, wait_until
from tests.worker.running import working

LIMITS = {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "1min", "timezone": "UTC"}


@pytest.fixture(scope="module")
def pooled_url(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database behind the pooler, migrated through it; the database's own time zone is not UTC."""
    postgres.create_database("pooled")
    postgres.execute("ALTER DATABASE pooled SET timezone = 'Asia/Kolkata'")
    with serve_pgbouncer(postgres.url("pooled")) as url:
        folder = tmp_path_factory.mktemp("pooled")
        done = flask(environment(url, folder), "db", "upgrade")
        assert done.returncode == 0, done.stderr
        yield url
    postgres.drop_database("pooled")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def app(pooled_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(database_url=pooled_url, instance_dir=tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def in_session(statement: str) -> str:
    return str(db.session.execute(text(statement)).scalar())


def alone(statement: str) -> str:
    return str(execute_alone(text(statement)).scalar())


def in_own_transaction(statement: str) -> str:
    with transaction_alone() as connection:
        connection.execute(text("SELECT 1"))
        return str(connection.execute(text(statement)).scalar())


WAYS = [in_session, alone, in_own_transaction]


@pytest.mark.parametrize("ask", WAYS)
def test_each_transaction_has_the_limits_that_a_session_would_have(app: Flask, ask: Callable[[str], str]) -> None:
    assert {name: ask(f"SELECT current_setting('{name}')") for name in LIMITS} == LIMITS


@pytest.mark.parametrize("ask", WAYS)
def test_nothing_is_left_in_the_sessions_that_others_share(
    app: Flask, pooled_url: str, ask: Callable[[str], str]
) -> None:
    for _ in range(4):
        assert ask("SELECT 1") == "1"
    db.session.rollback()
    plain = create_engine(pooled_url.replace("postgresql:", "postgresql+psycopg2:"))
    with plain.connect() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "0"
        assert connection.execute(text("SHOW timezone")).scalar() == "Asia/Kolkata"
    plain.dispose()


def test_a_statement_that_takes_too_long_is_ended(pooled_url: str) -> None:
    url = pooled_url.replace("postgresql:", "postgresql+psycopg2:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=connect_args(url, 0.2))
    with engine.connect() as connection, pytest.raises(OperationalError, match="statement timeout"):
        connection.execute(text("SELECT pg_sleep(30)"))
    engine.dispose()


def test_a_server_that_refuses_something_else_is_not_asked_twice(pooled_url: str) -> None:
    url = pooled_url.replace("postgresql:", "postgresql+psycopg2:").replace("/pooled", "/nothing")
    engine = create_engine(url, connect_args=connect_args(url, 5))
    with pytest.raises(OperationalError, match="nothing"):
        engine.connect()


def test_the_reason_of_a_refusal_is_told_in_one_line(postgres: Postgres, tmp_path: Path) -> None:
    done = flask(environment(postgres.url("nothing"), tmp_path), "users", "list")
    told = 'error: the database refuses the connection (database "nothing" does not exist): see DATABASE_URL\n'
    assert (done.returncode, done.stderr) == (1, told)


def test_downloads_are_queued_claimed_fetched_and_listed(app: Flask, server: FileServer) -> None:
    user, provider = users.create_user(current_settings().downloads_dir, "carol", PASSWORD), provide(server)
    names = [f"org/model-{number}" for number in range(5)]
    for name in names:
        publish(server, name, {f"{name}-{number}.bin": name.encode() for number in range(20)})
    rows = [queue_download(user, provider, name) for name in names]
    with working(app, concurrency=3):
        wait_until(lambda: all(reload(row).status == Status.COMPLETED for row in rows), 60, "the downloads")
    assert [len(listings.read_listing(row.id)) for row in rows] == [20] * 5
    assert claims.claim_next("another", 30) is None


def test_the_streams_read_times_in_utc(app: Flask, pooled_url: str) -> None:
    user = users.create_user(current_settings().downloads_dir, "dora", PASSWORD)
    row = queue_download(user, add_provider("nowhere"), "org/waiting")
    url = pooled_url.replace("postgresql:", "postgresql+psycopg2:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=connect_args(url, 5))
    with engine.connect() as connection:
        rows = changes.read(connection, Scope([], [user.id]), None).all()
    engine.dispose()
    times = [each[changes.CREATED_AT] for each in rows if each[changes.KIND] == changes.DOWNLOAD]
    created = db.session.get_one(Download, row.id).created_at
    assert [format_time(time) for time in times] == [created.strftime("%Y-%m-%dT%H:%M:%SZ")]


def test_a_web_server_streams_through_it(app: Flask, pooled_url: str, tmp_path: Path) -> None:
    headers = bearer(users.create_user(current_settings().downloads_dir, "erin", PASSWORD))
    server = Server(pooled_url, tmp_path)
    server.start()
    try:
        assert requests.get(f"{server.url}/readyz", timeout=30).status_code == 200
        events = requests.get(f"{server.url}/api/downloads/subscribe", headers=headers, timeout=30)
    finally:
        server.stop()
    assert "event: complete" in events.text
