"""The worker's loop: several downloads at a time, drain, rescue, shares, outages."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import event

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Deletion, Provider, RevokedToken, Status, User, new_id, utc_now
from downloads_app.services.database.autocommit import ENGINE
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.queue import claims, outcomes
from downloads_app.worker.parent import PARENT_VARIABLE
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, expire_lease, folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import working
from tests.worker.transfer.transferring import noise

FILES = {"config.json": b"{}", "model.bin": noise(800_000)}
SLOW = 4_000
"""Bytes per second of a connection: with all that a file may have it takes the better part of a minute."""


@pytest.fixture
def provider(app: Flask, server: FileServer) -> Provider:
    for number in range(6):
        publish(server, f"org/m{number}", FILES)
    return provide(server)


def statuses() -> dict[str, str]:
    db.session.rollback()
    return {row.repository.name: row.status for row in history.list_downloads().rows}


def count(status: str) -> int:
    return sum(value == status for value in statuses().values())


def test_until_idle_ends_when_all_is_done(app: Flask, alice: User, provider: Provider) -> None:
    for number in range(4):
        queue_download(alice, provider, f"org/m{number}")
    queue_download(alice, provider, "no/such")
    with working(app, until_idle=True, concurrency=3) as (_, thread):
        thread.join(60)
        assert not thread.is_alive()
    assert count("completed") == 4
    assert count("failed") == 1


def test_no_more_run_at_a_time_than_allowed(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    server.bytes_per_second = SLOW
    for number in range(6):
        queue_download(alice, provider, f"org/m{number}")
    with working(app, concurrency=2):
        wait_until(lambda: count("downloading") == 2, what="two downloads")
        wait_until(lambda: max(row.current_bytes for row in history.list_downloads().rows) > 0)
        assert count("downloading") == 2


def test_a_drained_worker_hands_its_downloads_back_at_once_with_their_bytes(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    server.bytes_per_second = SLOW
    row = queue_download(alice, provider, "org/m0")
    with working(app) as (worker, thread):
        wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
        worker.drain()
        thread.join(20)
        assert not thread.is_alive()
    row = reload(row)
    assert (row.status, row.worker_id) == (Status.PENDING, None)
    assert row.current_bytes > 0
    assert claims.claim_next(OTHER_WORKER, LEASE_SECONDS) is not None


def test_a_download_that_is_still_being_listed_is_handed_back_too(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    listing, going_on = threading.Event(), threading.Event()

    def hang() -> None:
        listing.set()
        going_on.wait(60)

    server.fail("org/m0/manifest.json", Fault(before=hang))
    row = queue_download(alice, provider, "org/m0")
    try:
        with working(app) as (worker, thread):
            assert listing.wait(30)
            worker.drain()
            thread.join(30)
            assert not thread.is_alive()
        assert reload(row).status == Status.PENDING
        assert reload(row).worker_id is None
    finally:
        going_on.set()
    wait_until(lambda: not any(t.name.startswith("job-") for t in threading.enumerate()))
    assert reload(row).status == Status.PENDING
    assert not folder_of(reload(row)).exists()


def test_a_worker_takes_over_what_another_left_behind(app: Flask, alice: User, provider: Provider) -> None:
    row = queue_download(alice, provider, "org/m0")
    gone = claims.claim_next(OTHER_WORKER, LEASE_SECONDS)
    assert gone is not None
    expire_lease(gone)
    with working(app, until_idle=True) as (_, thread):
        thread.join(60)
    assert reload(row).status == Status.COMPLETED
    assert reload(row).attempt == 2
    assert not outcomes.finish(gone, 1)


def test_a_running_download_keeps_its_lease(make_app: Callable[..., Flask], server: FileServer) -> None:
    from downloads_app.services.accounts import users

    app = make_app(lease_seconds=3)
    with app.app_context():
        publish(server, "org/m0", FILES)
        carol = users.create_user(current_settings().downloads_dir, "carol", "correct horse battery")
        row = queue_download(carol, provide(server), "org/m0")
        server.bytes_per_second = SLOW
        with working(app):
            wait_until(lambda: reload(row).lease_expires_at is not None, what="a claim")
            claimed_at = reload(row).claimed_at
            assert claimed_at is not None
            later = claimed_at + timedelta(seconds=8)  # far beyond the first lease
            wait_until(lambda: (reload(row).lease_expires_at or claimed_at) > later, 60, "renewals")
            assert (reload(row).status, reload(row).attempt) == (Status.DOWNLOADING, 1)


def test_pausing_and_resuming_ends_in_a_complete_download(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    server.bytes_per_second = SLOW
    row = queue_download(alice, provider, "org/m0")
    with working(app):
        for _ in range(2):
            before = reload(row).current_bytes
            wait_until(partial(lambda at: reload(row).current_bytes > at, before), 60, "more bytes")
            lifecycle.pause(current_settings(), reload(row))
            lifecycle.resume(current_settings(), reload(row))
        server.bytes_per_second = None
        wait_until(lambda: reload(row).status == Status.COMPLETED, 60, "completion")
    assert (folder_of(reload(row)) / "model.bin").read_bytes() == FILES["model.bin"]


def test_a_providers_connections_are_kept_to_by_all_its_downloads(
    app: Flask, alice: User, bob: User, server: FileServer, provider: Provider
) -> None:
    narrow = provide(server, "narrow", max_connections=2)
    server.bytes_per_second = 400_000
    for user in (alice, bob):
        queue_download(user, narrow, "org/m0")
        queue_download(user, narrow, "org/m1")
    with working(app, concurrency=4, until_idle=True) as (_, thread):
        thread.join(100)
        assert not thread.is_alive()
    assert [row.status for row in history.list_downloads().rows] == ["completed"] * 4
    assert server.most_seen_at_once <= 2


def test_a_limit_that_is_lowered_sends_the_youngest_back_to_wait(
    app: Flask, alice: User, server: FileServer, provider: Provider
) -> None:
    server.bytes_per_second = SLOW
    for number in range(2):
        queue_download(alice, provider, f"org/m{number}")
    with working(app, concurrency=2):
        wait_until(lambda: count("downloading") == 2, what="two downloads")
        provider.max_connections = 1
        db.session.commit()
        wait_until(lambda: statuses() == {"org/m0": "downloading", "org/m1": "pending"}, what="one to wait")
        waiting = history.list_downloads(statuses=["pending"]).rows[0]
        assert "connections" in (waiting.wait_reason or "")


def test_an_outage_of_the_database_is_survived(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    server.bytes_per_second = SLOW
    row = queue_download(alice, provider, "org/m0")
    is_away = threading.Event()

    def refuse(*_: object) -> None:
        if is_away.is_set() and threading.current_thread() is not threading.main_thread():
            raise db.engine.dialect.loaded_dbapi.OperationalError("gone away")

    claims.count_unfinished()  # makes the engine for single statements
    engines = (db.engine, ENGINE.of(app))
    for engine in engines:
        event.listen(engine, "before_cursor_execute", refuse)
    try:
        with working(app, until_idle=True) as (_, thread):
            wait_until(lambda: reload(row).current_bytes > 0, what="bytes")
            is_away.set()
            bytes_before = server.sent_bytes
            server.bytes_per_second = 100_000
            wait_until(lambda: server.sent_bytes > bytes_before + 200_000, what="bytes without a database")
            is_away.clear()
            server.bytes_per_second = None
            thread.join(60)
            assert not thread.is_alive()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", refuse)
    assert (reload(row).status, reload(row).attempt) == (Status.COMPLETED, 1)


def test_a_worker_ends_when_the_server_that_started_it_is_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PARENT_VARIABLE, str(os.getppid()))
    with working(app) as (_, thread):
        thread.join(1)
        assert thread.is_alive()
        monkeypatch.setenv(PARENT_VARIABLE, "1")
        thread.join(30)
        assert not thread.is_alive()


def test_old_rows_are_removed_now_and_then(app: Flask, alice: User) -> None:
    hour_ago = utc_now() - timedelta(hours=2)
    db.session.add(Deletion(row_id=new_id(), user_id=alice.id, deleted_at=hour_ago))
    db.session.add(Deletion(row_id=new_id(), user_id=alice.id, deleted_at=utc_now()))
    db.session.add(RevokedToken(id="old", user_id=alice.id, expires_at=hour_ago))
    db.session.add(RevokedToken(id="new", user_id=alice.id, expires_at=utc_now() + timedelta(hours=1)))
    db.session.commit()
    with working(app, until_idle=True) as (_, thread):
        thread.join(30)
    assert db.session.query(Deletion).count() == 1
    assert [row.id for row in db.session.query(RevokedToken)] == ["new"]
