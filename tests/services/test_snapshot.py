"""The shared snapshot: equal to a full read whatever the writers do, and never empty by mistake."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.exc import OperationalError

from downloads_app.extensions import connect_args, db
from downloads_app.models import ACTIVE, Download, User
from downloads_app.services import changes
from downloads_app.services.snapshot import MAX_AGE_SECONDS, REFRESH_SECONDS, Snapshot, Unreadable
from downloads_app.services.tokens import REVOKED, Claims, revoke
from downloads_app.services.viewers import Watch
from downloads_app.web.sse import DownloadRow, format_time, values_of
from tests.support.rows import add_download, sample_repository

OPERATIONS = 150
PAGES = 8


def claims_of(user_id: str, **changes: Any) -> Claims:
    values: dict[str, Any] = {
        "token_id": "token",
        "family": "family",
        "user_id": user_id,
        "kind": "access",
        "issued_at": time.time(),
        "expires_at": float("inf"),
        "csrf": None,
    }
    return Claims(**{**values, **changes})


def make_engine(app: Flask) -> Engine:
    url = app.extensions["settings"].database_url
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, connect_args=connect_args(url, 5))


def encode(row: Sequence[Any]) -> bytes:
    download_id, _user_id, _provider_id, _repository_id, status, current_bytes, *_progress, created_at, _updated_at = (
        row
    )
    return f"{download_id} {status} {current_bytes} {format_time(created_at)}".encode()


@pytest.fixture
def snapshot(app: Flask) -> Iterator[Snapshot]:
    """A snapshot that reads only when told to."""
    made = Snapshot(lambda: make_engine(app), encode, start=lambda target: None)
    yield made
    made._close()


def all_rows(user: User | None) -> list[bytes]:
    """What a full read gives."""
    db.session.rollback()
    query = select(Download).where(Download.status.in_(ACTIVE)).order_by(Download.created_at, Download.id)
    if user is not None:
        query = query.where(Download.user_id == user.id)
    return [encode(values_of(row)) for row in db.session.scalars(query.execution_options(populate_existing=True))]


class Writers:
    """Writers with transactions of their own, long and short, committed or not, in any order."""

    def __init__(self, app: Flask, users: list[User], chance: random.Random) -> None:
        self._engine = create_engine(app.extensions["settings"].database_url)
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
        table = Download.__table__
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
                watches.append((whom, snapshot.watch(claims_of((whom or admin).id))))
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


def test_only_what_changed_is_read_and_encoded_again(app: Flask, alice: User) -> None:
    encoded: list[str] = []

    def counting(row: Any) -> bytes:
        encoded.append(row[0])
        return encode(row)

    snapshot = Snapshot(lambda: make_engine(app), counting, start=lambda target: None)
    downloads = [add_download(alice) for _ in range(20)]
    snapshot.watch(claims_of(alice.id))
    snapshot.refresh()
    assert len(encoded) == 20
    encoded.clear()
    snapshot.refresh()
    assert encoded == []
    downloads[3].current_bytes = 5
    db.session.commit()
    snapshot.refresh()
    assert encoded == [downloads[3].id]
    snapshot._close()


def test_a_change_is_encoded_from_the_columns_that_the_stream_tells() -> None:
    assert tuple(DownloadRow.__annotations__) == changes.COLUMNS


def test_users_nobody_watches_are_not_read(app: Flask, alice: User, bob: User) -> None:
    seen: list[str] = []
    snapshot = Snapshot(lambda: make_engine(app), lambda row: seen.append(row[1]) or b"", start=lambda run: None)
    snapshot.watch(claims_of(alice.id))
    snapshot.refresh()
    add_download(alice)
    add_download(bob)
    snapshot.refresh()
    assert seen == [alice.id]
    snapshot._close()


def test_a_reader_waits_for_the_first_load(snapshot: Snapshot, alice: User) -> None:
    add_download(alice)
    watch = snapshot.watch(claims_of(alice.id))
    assert not watch.view.is_loaded
    with pytest.raises(Unreadable):
        snapshot.wait(watch, time.monotonic())
    snapshot.refresh()
    snapshot.wait(watch, 0)
    assert len(watch.view) == 1


def test_a_failed_load_is_an_error_and_never_an_empty_list(app: Flask, alice: User) -> None:
    add_download(alice)
    is_broken = True

    def engine() -> Engine:
        if is_broken:
            raise OperationalError("connect", None, Exception("down"))
        return make_engine(app)

    snapshot = Snapshot(engine, encode, start=lambda target: None)
    watch = snapshot.watch(claims_of(alice.id))
    asked = time.monotonic()
    snapshot.refresh()
    with pytest.raises(Unreadable):
        snapshot.wait(watch, asked)
    assert snapshot.is_failing(time.monotonic())
    assert not watch.view.is_loaded
    is_broken = False
    snapshot.refresh()
    snapshot.wait(watch, asked)
    assert len(watch.view) == 1
    snapshot._close()


def test_rights_follow_their_rows(snapshot: Snapshot, alice: User, bob: User) -> None:
    for user in (alice, bob):
        add_download(user)
    watch, other = snapshot.watch(claims_of(alice.id)), snapshot.watch(claims_of(bob.id, family="bobs"))
    snapshot.refresh()
    assert (len(watch.view), watch.verdict) == (1, None)
    alice.is_admin = True
    db.session.commit()
    snapshot.refresh()
    snapshot.refresh()
    assert len(watch.view) == 2
    alice.is_admin = False
    db.session.commit()
    snapshot.refresh()
    assert len(watch.view) == 1
    revoke("family", alice.id)
    snapshot.refresh()
    assert (watch.verdict, other.verdict) == (REVOKED, None)
    db.session.delete(bob)
    db.session.commit()
    snapshot.refresh()
    assert other.verdict == REVOKED


def test_at_most_one_query_a_second_however_many_watch(app: Flask, make_user: Callable[..., User]) -> None:
    statements: list[float] = []

    def counted_engine() -> Engine:
        engine = make_engine(app)
        event.listen(engine, "before_cursor_execute", lambda *_: statements.append(time.monotonic()))
        return engine

    snapshot = Snapshot(counted_engine, encode)
    users = [make_user(f"user{number}") for number in range(3)]
    watches = [snapshot.watch(claims_of(user.id)) for user in users for _ in range(200)]
    asked = time.monotonic()
    for watch in watches:
        snapshot.wait(watch, asked)
    opened = len(statements)
    assert opened <= 2
    while len(statements) < opened + 3:
        assert time.monotonic() < asked + 30
        time.sleep(0.05)
    settled = statements[opened:]
    assert all(later - earlier > 0.9 * REFRESH_SECONDS for earlier, later in pairwise(settled))
    for watch in watches:
        snapshot.release(watch)


def test_everybodys_downloads_come_page_by_page_and_an_admin_waits_for_all_of_them(
    app: Flask, alice: User, bob: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "PAGE_ROWS", 2)
    for number in range(2 * PAGES - 1):
        add_download((alice, bob)[number % 2])
    admin = make_user("the-admin", is_admin=True)
    snapshot = Snapshot(lambda: make_engine(app), encode)
    of_alice, of_admin = snapshot.watch(claims_of(alice.id)), snapshot.watch(claims_of(admin.id))
    reads: list[float] = []
    snapshot.on_read = reads.append
    try:
        began = time.monotonic()
        snapshot.wait(of_alice, began)
        assert of_alice.view.encoded() == all_rows(alice)
        snapshot.wait(of_admin, began)  # longer than one page may take
        assert time.monotonic() - began > MAX_AGE_SECONDS
        assert of_admin.view.encoded() == all_rows(None)
    finally:
        for watch in (of_alice, of_admin):
            snapshot.release(watch)
    assert len(reads) >= PAGES
