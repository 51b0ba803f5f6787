"""Records the SQL that this code sends, so that a later test can try whether it still runs on a newer schema.

Run it in a checkout of the code of before, with a file to write (both databases are made here):

    git worktree add /tmp/before COMMIT && cd /tmp/before
    python /path/to/this/record.py sqlite /path/to/tests/upgrades/statements.sqlite.json
    python /path/to/this/record.py postgresql /path/to/tests/upgrades/statements.postgresql.json

It drives the service by REST, by commands and by a worker, which stay the same from version to version.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PASSWORD = "correct horse battery"
Call = list[Any]
"""A statement's number in the list of texts, its parameters, and how many rows it wrote (-1: it only read)."""


def record(kind: str, target: Path) -> None:
    """Run the scenario on an empty database, and write all statements that were sent."""
    sys.path.insert(0, str(Path.cwd()))
    from sqlalchemy import Engine, event

    from downloads_app import create_app
    from tests.support.server import migrate

    texts: dict[str, int] = {}
    calls: list[Call] = []

    def note(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        wrote = statement.lstrip().split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE", "WITH")
        count = cursor.rowcount if wrote and not is_many else -1
        calls.append([texts.setdefault(statement, len(texts)), parameters, count])

    with _database(kind) as url, tempfile.TemporaryDirectory() as folder:
        migrate(url, Path(folder))
        app = create_app(database_url=url, instance_dir=Path(folder) / "instance", stream_interval_seconds=0.1)
        event.listen(Engine, "after_cursor_execute", note)
        with app.app_context():
            _use(app)
        event.remove(Engine, "after_cursor_execute", note)
    found = {"recorded_at": datetime.now(UTC).isoformat(), "texts": list(texts), "calls": calls}
    target.write_text(json.dumps(found, default=_encode, indent=0))


@contextmanager
def _database(kind: str) -> Iterator[str]:
    from tests.support.postgres import Postgres

    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/recorded.sqlite3"
        return
    with Postgres() as server:
        server.create_database("recorded")
        yield server.url("recorded")


def _use(app: Any) -> None:
    """Do what users, admins, a worker and commands do."""
    from tests.support.file_server import FileServer
    from tests.support.publishing import publish

    run = app.test_cli_runner().invoke
    for name in ("boss", "alice", "bob"):
        options = ["--admin"] if name == "boss" else []
        done = run(args=["users", "create", name, "--password-stdin", *options], input=PASSWORD)
        assert done.exit_code == 0, done.output
    with FileServer() as server:
        for name in ("org/one", "org/two", "org/three"):
            publish(server, name, {"a.bin": bytes(5000), "b.txt": name.encode()})
        _use_rest(app, server.url)
        done = run(args=["downloads", "worker", "--until-idle", "--concurrency", "1"])
        assert done.exit_code == 0, done.output
    for arguments in (["list"], ["top"], ["stuck"], ["prune"]):
        assert run(args=["downloads", *arguments]).exit_code == 0
    for arguments in (["workers", "list"], ["users", "usage"], ["users", "delete", "bob"], ["providers", "list"]):
        assert run(args=arguments).exit_code == 0


def _use_rest(app: Any, provider_url: str) -> None:
    client = app.test_client()

    def sign_in(name: str) -> dict[str, str]:
        answer = client.post("/api/auth/login", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        renewed = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {answer.json['refresh_token']}"})
        return {"Authorization": f"Bearer {renewed.json['access_token']}"}

    def ask(method: str, path: str, who: dict[str, str], **body: Any) -> Any:
        answer = client.open(f"/api{path}", method=method, headers=who, **({"json": body} if body else {}))
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json if answer.content_length else None

    boss, alice = sign_in("boss"), sign_in("alice")
    client.post("/api/auth/login", json={"username": "alice", "password": "wrong"})
    hub = {"name": "hub", "kind": "http", "url": provider_url, "allow_private_network": True, "token": "hf_x"}
    provider = ask("POST", "/providers", boss, **hub)
    ask("PATCH", f"/providers/{provider['id']}", boss, max_connections=4)
    rows = [
        ask("POST", "/downloads", alice, provider_id=provider["id"], repository=f"org/{name}")
        for name in ("one", "two", "three")
    ]
    first, second, third = (f"/downloads/{row['id']}" for row in rows)
    ask("PATCH", first, alice, priority=5)
    for change in ("pause", "resume", "cancel", "retry"):
        ask("POST", f"{second}/{change}", alice)
    ask("POST", f"{third}/cancel", alice)
    with client.get("/api/downloads/subscribe", headers=alice, buffered=False) as stream:
        assert b"update" in next(iter(stream.response))
    _look(ask, boss, alice, provider["id"], first)
    bob = next(user for user in ask("GET", "/users", boss) if user["username"] == "bob")
    ask("PATCH", f"/users/{bob['id']}", boss, disabled=True, quota_bytes=5)
    ask("DELETE", third, alice)
    ask("PUT", "/auth/password", alice, current_password=PASSWORD, new_password="another horse battery")
    ask("POST", "/auth/logout", boss)
    assert client.get("/readyz").status_code == 200


def _look(ask: Callable[..., Any], boss: dict[str, str], alice: dict[str, str], provider_id: str, first: str) -> None:
    for path in (
        "",
        "?status=active&sort=-priority",
        "?search=org&page=2&page_size=1",
        f"?provider_id={provider_id}",
    ):
        ask("GET", f"/downloads{path}", alice)
        ask("GET", f"/downloads{path}", boss)
    for path in (first, f"{first}/files", f"{first}/events", "/auth/me", "/auth/sessions", "/usage", "/repositories"):
        ask("GET", path, alice)
    for path in ("/users", "/providers", "/workers"):
        ask("GET", path, boss)


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    raise TypeError(type(value))


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]))
