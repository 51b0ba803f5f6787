"""No list scans a table or reads row by row, in whatever order, with whatever filter, on either database."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert

from downloads_app.extensions import db
from downloads_app.models import Provider, Repository, SignIn, User, new_id, utc_now
from downloads_app.services import pages
from downloads_app.services.accounts.tokens import FOREVER
from tests.conftest import bearer
from tests.services.test_pages import SORTS, fill
from tests.support.downloading import add_provider

ROWS = 6_000
OTHERS = 2_000
"""Users and repositories beside those of the downloads."""
MOST_READ = 1_200
FEW = 400
"""Providers: of so few PostgreSQL reads all at once, and so do we not count on it to use an index."""
SMALL = {"workers", "queue_pauses"}
"""Tables with a row for each process that runs, or one row: they are read as a whole."""
ADMINS = [
    *(f"/api/downloads?sort={sort}" for sort in SORTS),
    "/api/downloads?page=20",
    "/api/downloads?status=completed",
    "/api/downloads?status=pending",
    "/api/downloads?status=active&sort=created_at",
    "/api/downloads?status=pending&status=failed&status=paused&sort=-created_at",
    "/api/downloads?user_id={user}",
    "/api/downloads?user_id={user}&status=active&status=failed",
    "/api/downloads?provider_id={provider}",
    "/api/downloads?repository_id={repository}",
    "/api/downloads?id={download}",
    "/api/downloads?since=2024-01-02T00:49:00Z&sort=-updated_at",
    "/api/downloads?since=2023-01-01T00:00:00Z&until=2025-01-01T00:00:00Z",
    "/api/downloads?since=2030-01-01T00:00:00Z",
    "/api/downloads?until=2000-01-01T00:00:00Z",
    *(f"/api/users?sort={sign}{name}" for sign in ("", "-") for name in ("username", "created_at", "updated_at")),
    "/api/users?username=someone7",
    "/api/users?role=admin",
    "/api/users?role=user",
    "/api/users?disabled=true",
    "/api/users?disabled=false",
    *(f"/api/providers?sort={sign}{name}" for sign in ("", "-") for name in ("name", "kind", "created_at")),
    "/api/providers?sort=updated_at",
    "/api/providers?name=some7",
    "/api/providers?kind=urls",
    *(f"/api/repositories?sort={sort}" for sort in ("name", "-name", "created_at", "-created_at")),
    "/api/repositories?provider_id={provider}",
    "/api/repositories?name=org/1",
    "/api/repositories?search=org/some",
    "/api/auth/sessions?user_id={user}",
    "/api/workers",
    "/api/audit",
    "/api/audit?sort=at&user=alice",
    "/api/audit?action=user_created&action=signed_in",
    "/api/audit?since=2030-01-01T00:00:00Z",
    "/api/keys",
    "/api/downloads/{download}/files",
    "/api/downloads/{download}/events",
]
OWN = [
    *(f"/api/downloads?sort={sort}" for sort in SORTS),
    "/api/downloads?status=completed&status=failed",
    "/api/downloads?search=org",
    "/api/repositories",
    "/api/repositories?sort=created_at&search=org",
    "/api/providers",
    "/api/auth/sessions",
    "/api/auth/sessions?sort=created_at",
]
SEARCHES = [
    "/api/downloads?search=org/3",
    "/api/downloads?search=nowhere&status=active",
    "/api/repositories?search=x/y",
]
"""These read the names of the repositories, each once."""


@pytest.fixture
def everybody(app: Flask, alice: User, admin: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Fill all tables; return the ids that paths can name."""
    monkeypatch.setattr(pages, "MAX_COUNTED", 100)
    hash_, now = alice.password_hash, utc_now()
    users = [
        {"username": f"someone{number}", "password_hash": hash_, "is_disabled": number % 100 == 0}
        for number in range(OTHERS)
    ]
    db.session.execute(insert(User), users)
    providers = [{"id": new_id(), "name": f"some{n}", "kind": "http", "url": "x"} for n in range(FEW)]
    db.session.execute(insert(Provider), providers)
    provider = add_provider()
    names = [{"name": f"org/some{n}", "provider_id": providers[n % FEW]["id"]} for n in range(OTHERS)]
    db.session.execute(insert(Repository), names)
    moment = dict.fromkeys(("created_at", "issued_at", "rotated_at"), now) | {"expires_at": FOREVER}
    owners = [alice, *db.session.query(User).filter(User.id != alice.id).limit(59)]
    mine = [{"id": new_id(), "user_id": one.id, "refresh_id": "x", **moment} for one in owners for _ in range(60)]
    db.session.execute(insert(SignIn), mine)
    db.session.commit()
    fill(owners, provider, ROWS)
    return {"provider": provider.id, "user": owners[0].id}


def test_an_admins_lists(app: Flask, client: FlaskClient, admin: User, everybody: dict[str, str]) -> None:
    check(client, admin, everybody, ADMINS)


def test_ones_own_lists(app: Flask, client: FlaskClient, alice: User, everybody: dict[str, str]) -> None:
    check(client, alice, everybody, OWN)


def test_searches(app: Flask, client: FlaskClient, admin: User, everybody: dict[str, str]) -> None:
    check(client, admin, everybody, SEARCHES, frozenset({"repositories"}))


def check(
    client: FlaskClient,
    user: User,
    names: dict[str, str],
    paths: list[str],
    scanned: frozenset[str] = frozenset(),
) -> None:
    """Assert that a page reads little, the next one after its cursor too, and a large one no more often."""
    signed_in = bearer(user)
    first = client.get("/api/downloads", headers=signed_in).json[0]
    names = names | {"repository": first["repository_id"], "download": first["id"]}
    for path in paths:
        wanted = f"{path.format(**names)}{'&' if '?' in path else '?'}page_size="
        _, statements = _ask(partial(client.get, f"{wanted}50", headers=signed_in))
        few, fewer = _ask(partial(client.get, f"{wanted}5", headers=signed_in))
        assert len(statements) == len(fewer) <= 6, (path, statements)
        cursor = json.loads(few.headers["X-Pagination"]).get("next_cursor")
        if cursor and "page=" not in path.replace("page_size=", ""):
            onward = _ask(partial(client.get, f"{wanted}50&cursor={cursor}", headers=signed_in))[1]
            statements += onward
        # PostgreSQL may read the owners of downloads all at once while they are so few; there are more downloads.
        most = MOST_READ + (OTHERS if scanned or path.startswith("/api/downloads") else 0)
        for statement, parameters in statements:
            _check_plan(path, statement, parameters, most, scanned | SMALL)


def _ask(ask: Callable[[], Any]) -> tuple[Any, list[tuple[str, Any]]]:
    """Return the answer, and the statements with their values that the request has the database run."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    db.session.remove()
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        answer = ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    return answer, [one for one in seen if one[0].startswith("SELECT")]


def _check_plan(path: str, statement: str, parameters: Any, most: int, scanned: frozenset[str]) -> None:
    cursor = db.session.connection().connection.cursor()
    if db.engine.dialect.name == "sqlite":
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found = {table for *_, detail in cursor.fetchall() for table in _scanned_by_sqlite(detail)}
        assert found <= scanned, (path, found, statement)
        return
    cursor.execute("SET random_page_cost = 1.1")  # as on an SSD; else small tables are cheaper to read as a whole
    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
    ((plan,),) = cursor.fetchall()
    read = sum(_read_by(plan[0]["Plan"]))
    assert read <= most, (path, read, statement)


def _scanned_by_sqlite(detail: str) -> Iterator[str]:
    """Yield the table that a line of a plan reads from its beginning, in no order: https://sqlite.org/eqp.html."""
    words = detail.split()
    if words[0] == "SCAN" and "USING" not in words and words[1] in db.metadata.tables:
        yield words[1]


def _read_by(node: dict[str, Any]) -> Iterator[int]:
    """Yield how many rows each step of PostgreSQL's plan looked at in a table or in an index alone."""
    if "Relation Name" in node:
        yield int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    for child in node.get("Plans", ()):
        yield from _read_by(child)
