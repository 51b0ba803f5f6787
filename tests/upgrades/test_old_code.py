"""The code of before runs on the newest schema, as it does during a rolling restart.

What it sends was recorded by record.py in a checkout of commit 56388d5 (schema 0010): a clone may have no history.
"""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
"""Each statement is a transaction of its own here; they come from several threads."""
MIN_STATEMENTS = 200
AGED = "DELETE FROM failed_sign_ins WHERE failed_sign_ins.last_at <"
"""Removes what is older than half an hour by the database's clock: today more than when it was recorded."""


def recorded(kind: str) -> list[tuple[str, Any, int]]:
    """Return statements in their order: text, parameters, rows written (-1: none)."""
    path = Path(__file__).with_name(f"statements.{kind}.json")
    content = json.loads(path.read_text(), object_hook=_decode)
    return [(content["texts"][number], *rest) for number, *rest in content["calls"]]


def _decode(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["time"]) if value.keys() == {"time"} else value


def connect(database_url: str) -> Any:
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA foreign_keys=ON")
        return connection
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    return connection


def test_all_that_the_code_of_before_sends_still_does_the_same(database_url: str) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    differing, count = [], 0
    with closing(connect(database_url)) as connection, closing(connection.cursor()) as cursor:
        for text, parameters, wrote in recorded(kind):
            if text.lstrip().upper().startswith(CONTROL):
                continue
            is_many = isinstance(parameters, list) and bool(parameters) and isinstance(parameters[0], list | dict)
            (cursor.executemany if is_many else cursor.execute)(text, parameters)
            count += 1
            if wrote >= 0 and cursor.rowcount != wrote and not text.startswith(AGED):
                differing.append((text[:200], wrote, cursor.rowcount))
            if cursor.description:
                cursor.fetchall()
    assert differing == []
    assert count > MIN_STATEMENTS


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_recorded_is_of_users_admins_workers_and_streams(kind: str) -> None:
    texts = " ".join(text for text, *_ in recorded(kind))
    for table in ("users", "sign_ins", "providers", "downloads", "download_files", "download_events", "workers"):
        assert f"INSERT INTO {table}" in texts
        assert table in texts
    for part in ("attempt = attempt + 1", "lease_expires_at", "change_id", "DELETE FROM users"):
        assert part in texts
