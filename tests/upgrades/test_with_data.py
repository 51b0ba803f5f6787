"""Migrations forwards and backwards keep the data: what the code of before has written is there again."""

from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, create_engine, select

from tests.support.server import environment, flask
from tests.upgrades.test_old_code import CONTROL, connect, recorded, send

BEFORE = "0010"
"""The schema of the code that was recorded."""
Content = dict[str, list[tuple[Any, ...]]]


def write_as_before(database_url: str) -> None:
    """Write what the code of before wrote until its worker had ended."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    with closing(connect(database_url)) as connection, closing(connection.cursor()) as cursor:
        for text, parameters, _ in recorded(kind):
            if text.startswith("DELETE FROM workers WHERE workers.id"):
                return
            if not text.lstrip().upper().startswith(CONTROL):
                send(cursor, text, parameters)


def content_of(database_url: str) -> Content:
    """Return all rows of all tables, by the tables' own columns."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg2://"))
    try:
        found = MetaData()
        found.reflect(engine)
        with engine.connect() as connection:
            return {
                name: sorted((tuple(row) for row in connection.execute(select(*sorted(table.c, key=str)))), key=repr)
                for name, table in found.tables.items()
                if name != "change_counter"
            }
    finally:
        engine.dispose()


def test_what_was_written_before_is_there_after_going_forwards_and_back(empty_url: str, tmp_path: Path) -> None:
    env = environment(empty_url, tmp_path / "instance")

    def migrate(*arguments: str) -> None:
        done = flask(env, "db", *arguments)
        assert done.returncode == 0, done.stderr

    migrate("upgrade", BEFORE)
    write_as_before(empty_url)
    before = content_of(empty_url)
    for table in ("users", "providers", "repositories", "downloads", "download_files", "download_events"):
        assert before[table], table
    migrate("upgrade")
    after = content_of(empty_url)
    assert {name: len(after[name]) for name in before} == {name: len(rows) for name, rows in before.items()}
    migrate("downgrade", BEFORE)
    assert content_of(empty_url) == before
