"""The migrations: up, down and up again on both databases, and equal to the models."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from tests.support.postgres import Postgres
from tests.support.server import PROJECT, environment, flask


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.create_database("migrations")
    yield postgres.url("migrations")
    postgres.drop_database("migrations")


def tables(url: str) -> set[str]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_up_down_and_up_again(empty_url: str, tmp_path: Any) -> None:
    env = environment(empty_url, tmp_path / "instance")
    for arguments, expected in (("upgrade",), True), (("downgrade", "base"), False), (("upgrade",), True):
        done = flask(env, "db", *arguments)
        assert done.returncode == 0, done.stderr
        assert ({"users", "providers", "repositories", "downloads", "download_files"} <= tables(empty_url)) is expected
        if not expected:
            assert tables(empty_url) == set()
    check = flask(env, "db", "check")
    assert check.returncode == 0, check.stderr


def test_what_hangs_on_a_provider_outlives_the_table_that_is_made_anew(empty_url: str, tmp_path: Any) -> None:
    env = environment(empty_url, tmp_path / "instance")
    assert flask(env, "db", "upgrade", "0002").returncode == 0
    engine = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg2://"))
    provider, repository, now = str(uuid4()), str(uuid4()), datetime.now(UTC).isoformat(" ")
    try:
        with engine.begin() as connection:
            add = "INSERT INTO providers (id, name, kind, url, allow_private_network, created_at, updated_at) VALUES "
            before = {"id": provider, "now": now}
            connection.execute(text(f"{add} (:id, 'hub', 'http', 'https://hub.example/', true, :now, :now)"), before)
            add_repository = (
                "INSERT INTO repositories (id, provider_id, name, created_at) VALUES (:r, :id, 'a/b', :now)"
            )
            connection.execute(text(add_repository), {**before, "r": repository})
        done = flask(env, "db", "upgrade", "0003")
        assert done.returncode == 0, done.stderr
        with engine.begin() as connection:
            assert connection.scalar(text("SELECT provider_id FROM repositories")) is not None
            assert str(connection.scalar(text("SELECT allow_hosts FROM providers"))) == "[]"
            after = {"id": str(uuid4()), "now": now}  # as the code of before adds one
            connection.execute(text(f"{add} (:id, 'store', 's3', 'https://s3.example/', false, :now, :now)"), after)
        refused = flask(env, "db", "downgrade", "0002")
        assert refused.returncode != 0
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM providers WHERE kind = 's3'"))
        back = flask(env, "db", "downgrade", "0002")
        assert back.returncode == 0, back.stderr
        with engine.begin() as connection:
            assert connection.scalar(text("SELECT name FROM repositories")) == "a/b"
            connection.execute(text("DELETE FROM providers"))
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(text(f"{add} (:id, 'store', 's3', 'https://s3.example/', false, :now, :now)"), after)
    finally:
        engine.dispose()


def test_what_migrates_first_still_logs(sqlite_url: str, tmp_path: Any) -> None:
    code = (
        "import logging\n"
        "from downloads_app import create_app\n"
        "from downloads_app.cli.serve import migrate\n"
        "with create_app().app_context():\n"
        "    log = logging.getLogger('downloads_app.something')\n"
        "    migrate()\n"
        "    log.warning('heard')\n"
    )
    env = environment(sqlite_url, tmp_path / "instance")
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip().rpartition("] ")[2]) == (0, "heard")
