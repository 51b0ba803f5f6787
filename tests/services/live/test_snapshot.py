"""The shared snapshot: only what changed is read, and it is never empty by mistake."""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Deletion, Download, User
from downloads_app.services.accounts.tokens import revoke
from downloads_app.services.live import changes
from downloads_app.services.live import snapshot as snapshots
from downloads_app.services.live.snapshot import MAX_AGE_SECONDS, REFRESH_SECONDS, Snapshot, Unreadable
from downloads_app.services.rights import REVOKED
from tests.support.rows import add_download
from tests.support.snapshots import all_rows, encode, make_engine, token_of

PAGES = 8
OWN = ("user_id", "provider_id", "repository_id", "revision")


def test_only_what_changed_is_read_and_encoded_again(app: Flask, alice: User) -> None:
    encoded: list[str] = []

    def counting(row: Any) -> bytes:
        encoded.append(row[0])
        return encode(row)

    snapshot = Snapshot(lambda: make_engine(app), counting, start=lambda target: None)
    downloads = [add_download(alice) for _ in range(20)]
    snapshot.watch(token_of(alice.id))
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


def test_what_one_transaction_changes_is_shown_at_once(
    app: Flask, alice: User, admin: User, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, others = add_download(alice), [add_download(alice) for _ in range(5)]
    watches = [snapshot.watch(token_of(user.id)) for user in (alice, admin)]
    for _ in range(3):
        snapshot.refresh()
    done.status = "completed"
    for download in others:
        download.current_bytes = 17
    db.session.add(Download(**{name: getattr(done, name) for name in OWN}, status="pending"))
    db.session.commit()
    shown: list[list[bytes]] = []

    def look(_seconds: float) -> None:
        shown.extend(watch.view.encoded() for watch in watches)

    before = watches[0].view.encoded()
    monkeypatch.setattr(changes, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(time, "sleep", look)
    snapshot.refresh()
    look(0)
    after = all_rows(alice)
    assert len(shown) > 8
    assert shown[0] == before
    assert shown[-1] == after
    assert all(view in (before, after) for view in shown)


def test_what_was_tidied_away_while_the_machine_slept_is_not_shown(
    alice: User, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = add_download(alice), add_download(alice)
    watch = snapshot.watch(token_of(alice.id))
    snapshot.refresh()
    db.session.delete(gone)
    db.session.commit()
    db.session.execute(db.delete(Deletion))
    db.session.commit()
    snapshot.refresh()
    assert len(watch.view) == 2
    slept = snapshots.since_boot() + snapshots.FORGET_SECONDS + 1
    monkeypatch.setattr(snapshots, "since_boot", lambda: slept)
    snapshot.refresh()
    assert watch.view.encoded() == all_rows(alice)
    assert kept.id.encode() in watch.view.encoded()[0]


def test_users_nobody_watches_are_not_read(app: Flask, alice: User, bob: User) -> None:
    seen: list[str] = []

    def note(row: Any) -> bytes:
        seen.append(row[1])
        return b""

    snapshot = Snapshot(lambda: make_engine(app), note, start=lambda run: None)
    snapshot.watch(token_of(alice.id))
    snapshot.refresh()
    add_download(alice)
    add_download(bob)
    snapshot.refresh()
    assert seen == [alice.id]
    snapshot._close()


def test_a_reader_waits_for_the_first_load(snapshot: Snapshot, alice: User) -> None:
    add_download(alice)
    watch = snapshot.watch(token_of(alice.id))
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
    watch = snapshot.watch(token_of(alice.id))
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
    watch, other = snapshot.watch(token_of(alice.id)), snapshot.watch(token_of(bob.id, family="bobs"))
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
    revoke(current_settings(), token_of(alice.id))
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
    watches = [snapshot.watch(token_of(user.id)) for user in users for _ in range(200)]
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
    of_alice, of_admin = snapshot.watch(token_of(alice.id)), snapshot.watch(token_of(admin.id))
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
