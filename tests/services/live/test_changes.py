"""What changed since the last read adds up to a full read, whatever the writers do."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Connection, Table, create_engine

from downloads_app.config import SETTINGS
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.live import changes
from downloads_app.services.live.snapshot import Snapshot
from downloads_app.services.live.viewers import Watch
from tests.support.rows import sample_repository
from tests.support.snapshots import all_rows, token_of

OPERATIONS = 150


class Writers:
    """Writers with transactions of their own, long and short, committed or not, in any order."""

    def __init__(self, app: Flask, users: list[User], chance: random.Random) -> None:
        self._engine = create_engine(SETTINGS.of(app).database_url)
        self._chance = chance
        self._users = [user.id for user in users]
        repository = sample_repository()
        db.session.commit()
        self._repository = (repository.provider_id, repository.id)
        # SQLite has one writer at a time: there the others would only wait.
        self._limit = 4 if self._engine.dialect.name == "postgresql" else 1
        self._open: dict[Connection, set[str]] = {}
        self._ids: list[str] = []

    def step(self) -> None:
        """Do one random thing."""
        action = self._chance.choice(["write"] * 6 + ["commit"] * 3 + ["rollback"])
        if action == "write" or not self._open:
            self._write()
        else:
            self._end(self._chance.choice(list(self._open)), action)

    def _end(self, connection: Connection, how: str) -> None:
        getattr(connection, how)()
        self._open.pop(connection)
        connection.close()

    def _write(self) -> None:
        if len(self._open) < self._limit and self._chance.random() < 0.5:
            self._open[self._engine.connect()] = set()
        if not self._open:
            return
        connection = self._chance.choice(list(self._open))
        taken = set().union(*self._open.values()) - self._open[connection]
        free = [download_id for download_id in self._ids if download_id not in taken]
        table = cast(Table, Download.__table__)
        odd_time = self._chance.choice([{}, {"created_at": _moment(self._chance), "updated_at": _moment(self._chance)}])
        kind = self._chance.choice(["insert", "update", "update", "update", "finish", "revive", "delete"])
        if kind == "insert" or not free:
            values = self._new_row() | odd_time
            connection.execute(table.insert().values(**values))
            self._ids.append(values["id"])
            self._open[connection].add(values["id"])
            return
        chosen = self._chance.choice(free)
        self._open[connection].add(chosen)
        if kind == "delete":
            connection.execute(table.delete().where(table.c.id == chosen))
        else:
            status = {"update": "downloading", "finish": "completed", "revive": "pending"}[kind]
            values = {"status": status, "current_bytes": self._chance.randrange(10**9)} | odd_time
            connection.execute(table.update().where(table.c.id == chosen).values(**values))

    def _new_row(self) -> dict[str, Any]:
        provider_id, repository_id = self._repository
        download = Download(id=f"{self._chance.getrandbits(128):032x}")
        hexa = download.id
        return {
            "id": f"{hexa[:8]}-{hexa[8:12]}-{hexa[12:16]}-{hexa[16:20]}-{hexa[20:]}",
            "user_id": self._chance.choice(self._users),
            "provider_id": provider_id,
            "repository_id": repository_id,
            "revision": "main",
            "status": "downloading",
        }

    def close(self) -> None:
        for connection in list(self._open):
            self._end(connection, "rollback")
        self._engine.dispose()


def _moment(chance: random.Random) -> Any:
    return datetime.fromtimestamp(chance.uniform(0, 4e9), UTC)


@pytest.mark.parametrize("page_rows", [changes.PAGE_ROWS, 2])
@pytest.mark.parametrize("seed", range(3))
def test_what_changed_adds_up_to_a_full_read(
    seed: int,
    page_rows: int,
    app: Flask,
    make_user: Callable[..., User],
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "PAGE_ROWS", page_rows)
    chance = random.Random(seed)
    users = [make_user(f"user{number}") for number in range(4)]
    admin = make_user("the-admin", is_admin=True)
    writers = Writers(app, users, chance)
    watches: list[tuple[User | None, Watch]] = []
    shown = 0
    try:
        for _ in range(OPERATIONS):
            writers.step()
            if chance.random() < 0.2:
                whom = chance.choice([*users, None])
                watches.append((whom, snapshot.watch(token_of((whom or admin).id))))
            if watches and chance.random() < 0.1:
                snapshot.release(watches.pop(chance.randrange(len(watches)))[1])
            if chance.random() < 0.4:
                snapshot.refresh()
                if page_rows > OPERATIONS and any(not watch.view.is_loaded for _, watch in watches):
                    snapshot.refresh()  # an admin is known as one only after the first
                for whom, watch in watches:
                    if whom is not None or watch.view.is_loaded:  # everybody's come page by page while others write
                        assert watch.view.encoded() == all_rows(whom), f"seed {seed}"
                        shown += whom is None
        assert shown > 10
    finally:
        writers.close()
