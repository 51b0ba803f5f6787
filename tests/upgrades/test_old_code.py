"""The code of before runs on the newest schema, as it does during a rolling restart.

What it sends was recorded by record.py in a checkout of commit 56388d5 (schema 0010): a clone may have no history.
"""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
"""Each statement is a transaction of its own here; they come from several threads."""
MIN_STATEMENTS = 200
_SQLITE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


def recorded(kind: str) -> list[tuple[str, Any, int]]:
    """Return statements in their order: text, parameters, rows written (-1: none).

    Their times are moved as if they had been recorded just now: some statements compare them with the database's
    clock, and a sign-in of the recording ended after a month.
    """
    content = json.loads(Path(__file__).with_name(f"statements.{kind}.json").read_text())
    later = datetime.now(UTC) - datetime.fromisoformat(content["recorded_at"])
    return [(content["texts"][number], _move(sent, later), wrote) for number, sent, wrote in content["calls"]]


def _move(value: Any, later: timedelta) -> Any:
    match value:
        case {"time": str(time)} if len(value) == 1:
            return datetime.fromisoformat(time) + later
        case dict():
            return {name: _move(each, later) for name, each in value.items()}
        case list():
            return [_move(each, later) for each in value]
        case str() if _SQLITE_TIME.fullmatch(value):
            return (datetime.fromisoformat(value) + later).isoformat(" ", "microseconds")
    return value


def connect(database_url: str) -> Any:
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA foreign_keys=ON")
        return connection
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    return connection


def send(cursor: Any, text: str, parameters: Any) -> None:
    """Send a recorded statement, for many rows if it was sent so."""
    is_many = isinstance(parameters, list) and bool(parameters) and isinstance(parameters[0], list | dict)
    (cursor.executemany if is_many else cursor.execute)(text, parameters)


def test_all_that_the_code_of_before_sends_still_does_the_same(database_url: str) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    differing, count = [], 0
    with closing(connect(database_url)) as connection, closing(connection.cursor()) as cursor:
        for text, parameters, wrote in recorded(kind):
            if text.lstrip().upper().startswith(CONTROL):
                continue
            send(cursor, text, parameters)
            count += 1
            if wrote >= 0 and cursor.rowcount != wrote:
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


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_recording_is_as_young_as_when_it_was_made(kind: str) -> None:
    """Otherwise its housekeeping would one day remove what it did not remove then."""
    sent, now = json.dumps([parameters for _, parameters, _ in recorded(kind)], default=str), datetime.now(UTC)
    times = [datetime.fromisoformat(time).replace(tzinfo=UTC) for time in _SQLITE_TIME.findall(sent)]
    assert max(time for time in times if time <= now) > now - timedelta(minutes=1)
    assert max(times) > now + timedelta(days=29), "sign-ins hold for 30 days"
