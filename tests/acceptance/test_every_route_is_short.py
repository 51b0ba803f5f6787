"""Every route with the largest that it takes, for a user who has as much as a user may: no turn of the loop is long."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import insert

from downloads_app.config import Settings, current_settings
from downloads_app.extensions import db
from downloads_app.models import (
    Download,
    DownloadEvent,
    DownloadFile,
    Provider,
    Repository,
    SignIn,
    User,
    new_id,
    utc_now,
)
from downloads_app.per_app import present_app
from downloads_app.services.accounts import tokens
from downloads_app.services.accounts.sign_ins import MAX_SIGN_INS
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads.patterns import MAX_PATTERNS
from downloads_app.services.names import MAX_REPOSITORY_LENGTH, MAX_REVISION_LENGTH
from downloads_app.services.providers import catalog
from downloads_app.services.queue.events import KEPT
from tests.conftest import PASSWORD, bearer
from tests.support.downloading import folder_of
from tests.support.file_server import FileServer
from tests.support.largest import QUERY_BYTES, TIMES, largest, schemas_of
from tests.support.routes import NOBODYS_ID, Route, all_routes
from tests.support.server import Server
from tests.support.turns import PATH, watched_project

MOST_SECONDS = 0.1
MOST_ROWS = Settings.model_fields["max_downloads_per_user"].default
FILES = 20_000
HOSTILE_BODIES = (
    b"[" * 60_000,
    b'{"include": [' + b'"a",' * 15_000 + b'"a"]}',
    b"{" + b",".join(b'"k%d":0' % number for number in range(5_500)) + b"}",
    b'{"name": "' + b"a" * 65_000 + b'"}',
    b'{"priority": ' + b"9" * 4_200 + b"}",
)
DEEP_NAME = "a/" * (MAX_REPOSITORY_LENGTH // 2 - 1) + "a"
DEEP_REVISION = "b/" * (MAX_REVISION_LENGTH // 2 - 1) + "b"
PATTERNS = [f"{'*a?' * 14}{number:03}*" for number in range(MAX_PATTERNS)]
ORDER = ("GET", "PATCH", "POST", "PUT", "DELETE")
NOT_SET_UP = {"GET /metrics", "GET /api/auth/oidc/login", "GET /api/auth/oidc/callback"}
LAST = ("sessions", "downloads", "providers", "users")
"""What is deleted in this order: the user takes all else along."""


@pytest.fixture
def watched(make_server: Callable[..., Server], tmp_path: Path) -> Server:
    """A server that tells the longest turn of its loop."""
    server = make_server(project=watched_project(tmp_path / "watched"))
    longest_turn(server)
    return server


@pytest.fixture
def provider(app: Flask) -> Iterator[Provider]:
    """One that answers."""
    with FileServer() as files:
        files.put("org/model/manifest.json", b'{"files": [{"path": "x.bin", "size": 3}]}')
        yield catalog.add_provider(current_settings(), "many", "http", files.url, allow_private_network=True)


def longest_turn(server: Server) -> float:
    return float(requests.get(server.url + PATH, timeout=60).json())


def sign_in_often(user: User) -> str:
    """Give a user as many sign-ins as may be; return the id of one. Commits."""
    moment = dict.fromkeys(("created_at", "issued_at", "rotated_at"), utc_now()) | {"expires_at": tokens.FOREVER}
    sign_ins = [{"id": new_id(), "user_id": user.id, "refresh_id": new_id(), **moment} for _ in range(MAX_SIGN_INS)]
    db.session.execute(insert(SignIn), sign_ins)
    db.session.commit()
    return str(sign_ins[0]["id"])


def fill(user: User, provider: Provider, rows: int) -> dict[str, str]:
    """Give a user as many rows as may be, half of one repository; return the ids that paths and bodies can name."""
    repositories = [{"id": new_id(), "provider_id": provider.id, "name": f"org/{n}"} for n in range(rows // 2)]
    repositories[0]["name"] = "org/model"
    db.session.execute(insert(Repository), repositories)
    columns = {"user_id": user.id, "provider_id": provider.id, "status": "completed"}
    downloads = [
        {
            "id": new_id(),
            "repository_id": repositories[number % len(repositories) if number < rows // 2 else 0]["id"],
            "revision": f"v{number}",
            **columns,
        }
        for number in range(rows)
    ]
    downloads[0]["status"] = "paused"
    db.session.execute(insert(Download), downloads)
    first, now = downloads[0]["id"], utc_now()
    listed = {"download_id": first, "url": "http://x/", "size_bytes": 1}
    files = [{"id": new_id(), "position": n, "path": f"{'a' * 200}/{n}", **listed} for n in range(FILES)]
    db.session.execute(insert(DownloadFile), files)
    told = {"download_id": first, "at": now, "kind": "retried", "reason": "x" * 200, "attempt": 1, "current_bytes": 1}
    db.session.execute(insert(DownloadEvent), [told] * KEPT)
    session_id = sign_in_often(user)
    row = db.session.get_one(Download, first)
    file = folder_of(row) / str(files[-1]["path"])
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    db.session.query(DownloadFile).filter_by(id=files[-1]["id"]).update({"completed_at": now})
    db.session.commit()
    return {
        "download_id": str(first),
        "repository_id": str(repositories[0]["id"]),
        "provider_id": provider.id,
        "user_id": user.id,
        "session_id": session_id,
        "path": str(files[-1]["path"]),
        "filename": "main.js",
    }


def ordered(routes: Iterator[Route]) -> list[Route]:
    """Return the routes so that what is deleted was asked for before."""

    def place(route: Route) -> tuple[int, int, str]:
        noun = next((at for at, name in enumerate(LAST) if route.method == "DELETE" and name in route.rule), 0)
        return ORDER.index(route.method), noun, route.rule

    return sorted((route for route in routes if "subscribe" not in route.rule), key=place)


def known(route: Route, names: dict[str, str], turn: int) -> dict[str, Any]:
    """Return the values that lead a body on into the service, as large as that lets through."""
    values: dict[str, Any] = {
        **{name: names[name] for name in ("user_id", "repository_id", "provider_id")},
        "include": PATTERNS,
        "exclude": PATTERNS,
        "revision": f"{DEEP_REVISION[:-4]}{turn:04}",
        "cursor": None,
        "page": None,
    }
    if route.rule in ("/api/downloads", "/api/downloads/plan") and route.method == "POST":
        values |= {"repository_id": None, "provider": None, "repository": DEEP_NAME, "username": None}
    if route.rule == "/api/users" and route.method == "POST":
        values |= {"username": f"u{turn}" * 10, "password": f"{turn}{'xyzzy plugh ' * 16}"}
    if route.rule == "/api/users/<uuid:user_id>":
        values |= {"password": "plugh xyzzy " * 16, "disabled": turn % 2 == 1, "role": "user", "quota_bytes": None}
    if route.rule == "/api/auth/login":
        values |= {"username": "alice", "password": PASSWORD}
    if route.rule == "/api/auth/password":
        values |= {"current_password": PASSWORD, "new_password": PASSWORD[::-1] * 9}
    if route.rule.startswith("/api/providers"):
        values |= {"name": f"provider{turn}", "kind": "http", "url": "http://127.0.0.1:9/"}
    return values


def bodies(app: Flask, route: Route, names: dict[str, str], turn: int) -> Iterator[dict[str, Any]]:
    """Yield what to send: bodies made from the schema, and hostile ones."""
    schemas = schemas_of(app, route)
    query: dict[str, Any] = {}
    if "query" in schemas:
        query = largest(schemas["query"], known(route, names, turn), QUERY_BYTES)
        query = {name: value[:TIMES] if isinstance(value, list) else value for name, value in query.items()}
        query |= {"id": None, "status": ["active", "completed", "failed"]} if "status" in query else {"id": None}
        yield {"params": {name: value for name, value in query.items() if name in ("status", "sort", "files")}}
    yield {"params": query}
    if "json" in schemas:
        yield {"json": largest(schemas["json"], known(route, names, turn))}
        yield {"json": largest(schemas["json"], {})}
        for body in HOSTILE_BODIES:
            yield {"data": body, "headers": {"Content-Type": "application/json"}}


def test_no_turn_is_long(watched: Server, alice: User, admin: User, provider: Provider) -> None:
    app = present_app()
    names = fill(alice, provider, MOST_ROWS - 10)
    slow: dict[str, float] = {}
    answered: dict[str, set[int]] = {}
    for turn in range(2):  # the first time much is loaded and compiled: a few of each will do
        for route in ordered(all_routes(app)):
            if route.method == "DELETE" and turn == 0:
                continue
            for asking in (alice, admin)[1 - turn :]:
                for content in islice(bodies(app, route, names, turn), None if turn else 2):
                    answer = ask(watched, route, names, asking, content)
                    answered.setdefault(f"{route.method} {route.rule}", set()).add(answer.status_code)
                    taken = longest_turn(watched)
                    if turn and taken > MOST_SECONDS:
                        said = str(content)[:60]
                        slow[f"{route.method} {route.rule} {asking.username} {said}"] = round(taken, 3)
    assert slow == {}
    assert {name for name, seen in answered.items() if any(status >= 500 for status in seen)} <= {"GET /readyz"}
    not_found = {name for name, seen in answered.items() if seen == {404} and arguments(name) <= names.keys()}
    assert not_found <= NOT_SET_UP, "the handlers did run"


def arguments(rule: str) -> set[str]:
    """Return the names of a path's variable parts."""
    return {piece.partition(">")[0].rpartition(":")[2] for piece in rule.split("<")[1:]}


def ask(server: Server, route: Route, names: dict[str, str], user: User, content: dict[str, Any]) -> requests.Response:
    path = route.rule
    for part in [piece.partition(">")[0] for piece in route.rule.split("<")[1:]]:
        path = path.replace(f"<{part}>", names.get(part.rpartition(":")[2], NOBODYS_ID))
    headers = {**bearer(user), **content.get("headers", {})}
    if route.rule == "/api/auth/refresh":
        headers["Authorization"] = f"Bearer {tokens.issue_pair(current_settings(), user).refresh}"
    give_connection_back()  # PostgreSQL ends a transaction in which nothing happens for a minute
    return requests.request(
        route.method, server.url + path, **{**content, "headers": headers}, timeout=60, allow_redirects=False
    )
