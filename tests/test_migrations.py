"""The migrations: up, down and up again on both databases, and equal to the models."""

from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from tests.support.postgres import Postgres
from tests.support.server import environment, flask


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
