"""Copies all rows from one database into another, whichever kinds they are, within one transaction of each."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    NullPool,
    Table,
    create_engine,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    union,
)

from downloads_app.extensions import connect_args, db
from downloads_app.models import Deletion, Download, User

PASSING = frozenset({"deletions", "workers", "failed_sign_ins", "daily_tasks", "metric_counts", "queue_readings"})
"""Tables that tell of the present moment; they are not copied."""
LOCK_SECONDS = 10
"""How long to wait for others who write."""
BATCH = 1000
"""Rows a statement, and rows in memory."""


def tables() -> list[Table]:
    """Return the tables that are copied; what others refer to comes first."""
    return [table for table in db.metadata.sorted_tables if table.name not in PASSING]


def open_engine(database_url: str) -> Engine:
    """Return an engine without a limit of time for its statements: there may be millions of rows."""
    return create_engine(database_url, poolclass=NullPool, connect_args=connect_args(database_url, 0))


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database until the block ends, whatever others write."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            connection.exec_driver_sql("BEGIN")
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection that alone writes; all of it is there when the block ends, or nothing if it raises."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = {LOCK_SECONDS * 1000}"))
            names = ", ".join(f'"{table.name}"' for table in tables())
            connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()


def is_empty(connection: Connection) -> bool:
    """Whether none of the tables has a row."""
    return not any(connection.scalar(select(exists(select(table)))) for table in tables())


def clear(connection: Connection) -> None:
    """Delete all rows."""
    for table in reversed(tables()):
        connection.execute(delete(table))


def copy(source: Connection, target: Connection, *, but: frozenset[str] = frozenset()) -> dict[str, int]:
    """Copy the rows of all tables, except those named in `but`, into empty ones; return how many of each."""
    counts: dict[str, int] = {}
    reader = source.execution_options(stream_results=True, max_row_buffer=BATCH)
    for table in tables():
        counts[table.name] = 0
        if table.name in but:
            continue
        for rows in reader.execute(select(table)).mappings().partitions(BATCH):
            target.execute(insert(table), [dict(row) for row in rows])
            counts[table.name] += len(rows)
    return counts


def settle(connection: Connection) -> None:
    """Make what hangs on the rows fit them: no row that is here counts as deleted; new rows get new numbers."""
    here = union(select(Download.id), select(User.id)).subquery()
    connection.execute(delete(Deletion).where(Deletion.row_id.in_(select(here.c.id))))
    if connection.dialect.name != "postgresql":
        return  # SQLite takes the highest number that is there
    for table in tables():
        key = table.autoincrement_column
        if key is not None and isinstance(key.type, Integer):
            last = func.coalesce(select(func.max(key)).scalar_subquery(), 0) + 1
            sequence = func.pg_get_serial_sequence(table.name, key.name)
            connection.execute(select(func.setval(sequence, last, False)))
