"""The one statement behind all streams of a process: what changed since its last read.

Each write is stamped with a `change_id` by the database itself (see the first migration). In PostgreSQL that is the
writing transaction's id, and a read remembers its own snapshot: a change is new when its transaction was not visible
in that snapshot. That is exact under concurrent writers, long transactions and any clock. SQLite has one writer at a
time, so its counter orders the changes. One statement sees one state of the database, so nothing falls between.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, String, TextualSelect, text

from downloads_app.models import IS_ACTIVE
from downloads_app.services.downloads.representation import COLUMNS, Kind, kind_of
from downloads_app.services.rights import STATE_SQL

DOWNLOAD, LISTED, USER, REVOKED, DELETION, MARKER = "download", "listed", "user", "revoked", "deletion", "marker"
KIND = 0
ID, USER_ID, STATUS, CURRENT_FILE, CREATED_AT = (
    1 + COLUMNS.index(column) for column in ("id", "user_id", "status", "current_file", "created_at")
)
"""Positions in a row. Access by name in SQLAlchemy's rows costs 0.5 µs a value, thousands of times a second."""
ROWS_AT_ONCE = 500
PAGE_ROWS = 10_000
"""Rows of one page of all users' downloads. A page takes 0.25 s, so the changes in the same read stay fresh."""
_TYPES = {column: "bigint" if kind_of(column) is Kind.NUMBER else "text" for column in COLUMNS}

_AMONG_KNOWN = "IN (SELECT id FROM known)"
_AMONG_NEW = "IN (SELECT id FROM new)"
# Rows of the other tables use a download's columns too: for each of these, the other table's own column.
_USER = {
    "id": "id",
    "user_id": "id",
    "status": STATE_SQL,
    "created_at": "tokens_valid_from",
}
_REVOKED = {"user_id": "user_id", "current_file": "id"}
_DELETION = {"id": "row_id", "user_id": "user_id"}
_BRANCH = "SELECT '{kind}' AS kind, {columns} FROM {table} WHERE {condition}"
_PAGE = "SELECT * FROM ({listed} {order}) AS page"
"""The parts of the union. Only words of this code are written into them; every value is bound."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to read: changes of known users, all active downloads of new users, a page of all users' downloads."""

    known: list[str]
    """Users whose data the reader has, up to its marker."""
    new: list[str]
    """Users whose data it does not have yet."""
    knows_everybody: bool = False
    """Whether changes of all users' downloads matter."""
    wants_page: bool = False
    """Whether it wants the next PAGE_ROWS of all users' active downloads, in the order of `created_at` and id."""
    page_after: tuple[str, str] | None = None
    """The `created_at` and id after which the page begins; None for the first."""


@dataclass(frozen=True, slots=True)
class _Dialect:
    """A database's own SQL for: these users; changed since the marker; the next marker; after the previous page."""

    users: str
    changed: str
    marker: str
    after: str


_DIALECTS = {
    "postgresql": _Dialect(
        users="SELECT unnest(CAST(:{name} AS uuid[]))",
        # The same as NOT pg_visible_in_snapshot(change_id, …), in a form that can use an index on change_id.
        changed="({table}.change_id >= :next OR {table}.change_id = ANY (CAST(:running AS bigint[])))",
        marker="SELECT concat_ws('/', pg_current_snapshot(), pg_postmaster_start_time(),"
        " CAST('downloads' AS regclass)::oid, pg_is_in_recovery()) AS marker",
        after="(created_at, id) > (CAST(:after_time AS timestamptz), CAST(:after_id AS uuid))",
    ),
    "sqlite": _Dialect(
        users="SELECT value FROM json_each(:{name})",
        changed="{table}.change_id > :last",
        marker="SELECT CAST(value AS TEXT) AS marker FROM change_counter",
        after="(created_at, id) > (:after_time, :after_id)",
    ),
}


def read(connection: Connection, scope: Scope, marker: str | None) -> CursorResult[Any]:
    """Return rows: a kind (see KIND), then a download's COLUMNS. One row is the next marker; LISTED rows are of a page.

    Times are UTC texts in the database's form, which sort in the order of the times. A user's row has the state in
    `status`, and in `created_at` the time before which tokens are refused. The rows of a revoked token (REVOKED) and
    of the MARKER have their value in `current_file`. Without a marker, `scope.known` must be empty.
    """
    name = connection.dialect.name
    statement = _statement(
        name, marker is not None, bool(scope.new), scope.knows_everybody, scope.wants_page, scope.page_after is None
    )
    as_array = _postgres_array if name == "postgresql" else json.dumps
    parameters: dict[str, Any] = {"known": as_array(scope.known), "new": as_array(scope.new)}
    if marker is not None:
        parameters |= _bounds(name, marker)
    if scope.wants_page:
        parameters["page_rows"] = PAGE_ROWS
        if scope.page_after is not None:
            parameters |= {"after_time": scope.page_after[0], "after_id": scope.page_after[1]}
    return connection.execute(statement, parameters)


def _bounds(name: str, marker: str) -> dict[str, Any]:
    """Return the parameters that separate the changes after a marker from those before it."""
    if name != "postgresql":
        return {"last": int(marker)}
    # 'xmin:xmax:a,b,c/…': transactions from xmax on had not begun; those in the list were open.
    _oldest, upcoming, running = marker.partition("/")[0].split(":")
    return {"next": int(upcoming), "running": "{" + running + "}"}


def is_of_another_database(marker: str | None, earlier: str | None) -> bool:
    """Whether two markers are of databases that count their transactions differently.

    This is so if the server was started at another time, or the table is another one: after a failover, a recovery to
    an earlier time or a restored dump. The changes since the earlier marker are then unknown.
    """
    if marker is None or earlier is None:
        return False
    return marker.partition("/")[2] != earlier.partition("/")[2]


def is_of_a_replica(marker: str | None) -> bool:
    """Whether the database was a replica at that read: a pooler may lead to one. It may be behind, and say `complete`
    of a download that was added a moment ago."""
    return marker is not None and marker.endswith("/t")


def _postgres_array(ids: list[str]) -> str:
    """Return an array as PostgreSQL reads it: psycopg2 takes milliseconds to write a list of thousands."""
    return "{" + ",".join(ids) + "}"


def as_time(text: str | None) -> datetime | None:
    """Return a row's time as an aware UTC time."""
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@cache
def _statement(
    name: str, has_marker: bool, has_new: bool, knows_everybody: bool, wants_page: bool, is_first_page: bool
) -> TextualSelect:
    dialect = _DIALECTS[name]

    def changed(table: str) -> str:
        return dialect.changed.format(table=table)

    downloads = {column: column for column in COLUMNS}
    parts = []
    if has_marker:
        of_known = "1 = 1" if knows_everybody else f"user_id {_AMONG_KNOWN}"
        parts += [
            _select(DOWNLOAD, "downloads", downloads, f"{changed('downloads')} AND {of_known}"),
            _select(USER, "users", _USER, f"{changed('users')} AND id {_AMONG_KNOWN}"),
            _select(REVOKED, "revoked_tokens", _REVOKED, f"{changed('revoked_tokens')} AND user_id {_AMONG_KNOWN}"),
            _select(DELETION, "deletions", _DELETION, f"{changed('deletions')} AND {of_known}"),
        ]
    if wants_page:
        condition = IS_ACTIVE if is_first_page else f"{IS_ACTIVE} AND {dialect.after}"
        listed = _select(LISTED, "downloads", downloads, condition)
        order = "ORDER BY downloads.created_at, downloads.id LIMIT :page_rows"
        parts.append(_PAGE.format(listed=listed, order=order))
    if has_new:
        parts += [
            _select(DOWNLOAD, "downloads", downloads, f"{IS_ACTIVE} AND user_id {_AMONG_NEW}"),
            _select(USER, "users", _USER, f"id {_AMONG_NEW}"),
            _select(REVOKED, "revoked_tokens", _REVOKED, f"user_id {_AMONG_NEW}"),
        ]
    parts.append(_select(MARKER, f"({dialect.marker}) AS now_at", {"current_file": "marker"}, "1 = 1"))
    # The statement names each list once: psycopg2 writes out its thousands of ids at each mention.
    users = ", ".join(f"{name}(id) AS ({dialect.users.format(name=name)})" for name in ("known", "new"))
    return text(f"WITH {users}\n" + "\nUNION ALL\n".join(parts)).columns(kind=String())


def _select(kind: str, table: str, expressions: dict[str, str], condition: str) -> str:
    """Return one branch of the union. A missing column is NULL, with its type, which PostgreSQL needs.

    Ids and times leave the database as text: otherwise psycopg2 makes an object of each, and we make text again.
    """
    columns = ", ".join(
        f"CAST({expressions.get(column, 'NULL')} AS {_TYPES[column]}) AS {column}"
        if _TYPES[column] == "text" or column not in expressions
        else f"{expressions[column]} AS {column}"
        for column in COLUMNS
    )
    return _BRANCH.format(kind=kind, columns=columns, table=table, condition=condition)
