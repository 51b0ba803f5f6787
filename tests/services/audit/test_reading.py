"""The audit is read page by page from indexes, and forgets addresses before the rest."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, insert, text

from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, new_id, utc_now
from downloads_app.services import pages
from downloads_app.services.audit import reading
from downloads_app.services.database.autocommit import ENGINE
from downloads_app.services.pages import Wanted

NOW = utc_now().replace(microsecond=0)
NEWEST = Wanted(reading.NEWEST_FIRST, page_size=100)


def add(**changes: Any) -> dict[str, Any]:
    at = changes.pop("at", NOW)
    values = {"id": new_id(), "at": at, "last_at": at, "count": 1, "action": Act.SIGNED_IN, "succeeded": True}
    return values | {"actor": None, "username": None, "address": None} | changes


def store(*rows: dict[str, Any]) -> None:
    db.session.execute(insert(AuditEntry), list(rows))
    db.session.commit()


def ago(**past: float) -> datetime:
    return NOW - timedelta(**past)


def test_what_a_user_did_and_what_is_about_them_is_one_list_without_doubles(app: Flask) -> None:
    store(
        add(actor="alice", username="alice", at=ago(hours=1)),
        add(actor="root", username="alice", action=Act.USER_DISABLED, at=ago(hours=2)),
        add(username="alice", action=Act.SIGN_IN_FAILED, at=ago(hours=3)),
        add(actor="alice", username="bob", action=Act.DOWNLOAD_DELETED, at=ago(hours=4)),
        add(actor="root", username="bob"),
        add(actor="cli", action=Act.PROVIDER_ADDED),
    )
    found = reading.page_of_entries(NEWEST, user="alice")
    assert [one.action for one in found.rows] == ["signed_in", "user_disabled", "sign_in_failed", "download_deleted"]
    assert found.total == 4
    both = reading.page_of_entries(NEWEST, user="alice", actions=[Act.SIGNED_IN, Act.SIGN_IN_FAILED])
    assert [one.action for one in both.rows] == ["signed_in", "sign_in_failed"]
    assert [one.action for one in reading.page_of_entries(NEWEST, user="cli").rows] == ["provider_added"]
    recent = reading.page_of_entries(NEWEST, since=ago(hours=3), until=ago(hours=1))
    assert [one.action for one in recent.rows] == ["user_disabled", "sign_in_failed"]


def test_pages_of_a_users_entries_follow_each_other_by_cursor(app: Flask) -> None:
    store(*(add(actor="alice" if n % 2 else "root", username="alice", at=ago(seconds=n // 3)) for n in range(50)))
    walked: list[str] = []
    cursor = None
    while True:
        page = reading.page_of_entries(Wanted("-at", page_size=7, cursor=cursor), user="alice")
        walked += [one.id for one in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert walked == [one.id for one in reading.page_of_entries(NEWEST, user="alice").rows]
    assert len(set(walked)) == 50


def test_old_entries_go_and_addresses_before_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_A_TIME", 3)
    days = [*range(0, 400, 40)]
    store(*(add(at=ago(days=day), address="192.0.2.1") for day in days))
    reading.remove_old_entries(300)
    left = reading.page_of_entries(NEWEST).rows
    assert [(NOW - one.at).days for one in left] == [day for day in days if day < 300]
    assert [one.address is None for one in left] == [day >= reading.ADDRESS_DAYS for day in days if day < 300]


@pytest.mark.parametrize(
    "having",
    [
        {},
        {"user": "u7"},
        {"actions": ["user_quota_set"]},
        {"since": ago(days=3)},
        {"until": ago(days=3)},
        {"user": "u7", "since": ago(days=1)},
    ],
)
def test_a_page_reads_no_more_than_it_shows_and_counts(
    app: Flask, having: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_COUNTED", 100)  # as far below the number of rows as 10,000 is in a year
    _fill()
    assert _rows_read(db.engine, lambda: reading.page_of_entries(NEWEST, **having)) < 1000


def test_pruning_reads_no_more_than_it_removes(app: Flask) -> None:
    _fill()
    assert _rows_read(ENGINE.here(), lambda: reading.remove_old_entries(365)) < 10


def _fill() -> None:
    acts = list(Act)
    store(
        *(
            add(actor=f"u{n % 50}", username=f"u{n % 49}", action=acts[n % len(acts)], at=ago(minutes=n), address="x")
            for n in reversed(range(6000))
        )
    )
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _rows_read(engine: Engine, read: Callable[[], object]) -> int:
    """Return how many rows of the table are read; SQLite does not tell: there, the table is read by an index or not."""
    seen: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    try:
        read()
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    assert seen
    return sum(_explain(statement, parameters) for statement, parameters in seen if "audit" in statement)


def _explain(statement: str, parameters: Any) -> int:
    is_postgresql = db.engine.dialect.name == "postgresql"
    how = "EXPLAIN (ANALYZE, FORMAT JSON) " if is_postgresql else "EXPLAIN QUERY PLAN "
    with db.engine.connect() as connection:
        if is_postgresql:  # a table of a few pages is sooner read as a whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(how + statement, parameters).all()
        connection.rollback()
    if is_postgresql:
        return _read_by(rows[0][0][0]["Plan"])
    return 6000 * any(row[3] == "SCAN audit" for row in rows)


def _read_by(node: dict[str, Any]) -> int:
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return int(own * node["Actual Loops"]) + sum(map(_read_by, node.get("Plans", ())))
