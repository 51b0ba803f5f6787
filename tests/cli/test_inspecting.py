"""An inspector's questions: which worker holds what, who uses how much."""

import json
import time

import pytest
from flask import Flask
from sqlalchemy import event, select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.accounts import users
from downloads_app.services.database.autocommit import ENGINE
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads import lifecycle
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.cli.conftest import Run
from tests.support.downloading import WORKER, add_downloads, add_provider, claim, reload


def test_workers_are_listed_with_what_they_hold(run: Run, alice: User) -> None:
    workers.tell(Presence(WORKER, 2))
    row = add_downloads(alice, add_provider(), "org/model")[0]
    assert claim(WORKER) is not None
    (told,) = json.loads(run("workers", "list", "--json"))
    assert (told["id"], told["alive"], told["downloads"][0]["id"]) == (WORKER, True, row.id)
    assert told["last_seen_at"].endswith("Z")
    table = run("workers", "list")
    assert f"{row.id[:8]} org/model" in table
    assert "1 of 2" in table


def test_what_waits_for_its_turn_is_told_so(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    workers.tell(Presence(WORKER, 1))
    provider = add_provider()
    first = add_downloads(alice, provider, "org/one")[0]
    assert run("downloads", "stuck") == "Nothing is stuck; 1 download waits for its turn\n"
    assert "its turn" in run("downloads", "show", first.id)
    add_downloads(alice, provider, "org/two")
    assert run("downloads", "stuck") == "Nothing is stuck; 2 downloads wait for their turn\n"
    assert run("downloads", "list").count("waits for its turn") == 2  # beside each, where there is room
    monkeypatch.setenv("COLUMNS", "80")
    assert run("downloads", "list").endswith("\n2 downloads wait for their turn\n")
    assert {one["wait_reason"] for one in json.loads(run("downloads", "list", "--json"))} == {None}


def test_where_no_worker_is_alive_none_only_waits_for_its_turn(
    run: Run, app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = add_downloads(alice, add_provider(), "org/one", "org/two")
    statements: list[str] = []
    event.listen(ENGINE.of(app), "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert run("downloads", "list").count("waits for its turn: no worker is alive") == 2
    assert len(statements) == 1  # of all rows together
    assert "its turn: no worker is alive" in run("downloads", "show", rows[0].id)
    monkeypatch.setenv("COLUMNS", "80")
    assert run("downloads", "list").endswith("\n2 downloads wait for their turn: no worker is alive\n")
    set_paused(rows[0])
    assert run("downloads", "list").endswith(f"\n{rows[1].id[:8]} waits for its turn: no worker is alive\n")
    set_paused(rows[1])
    statements.clear()
    run("downloads", "list")
    assert statements == []  # nobody waits for a worker


def set_paused(download: Download) -> None:
    lifecycle.pause(current_settings(), reload(download))


def test_watching_in_a_pipe_says_when_a_worker_comes(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = add_downloads(alice, add_provider(), "org/model")[0]
    steps = iter((lambda: workers.tell(Presence(WORKER, 1)), lambda: set_paused(row)))
    monkeypatch.setattr(time, "sleep", lambda _: next(steps)())
    first, second, third = run("downloads", "watch", row.id).splitlines()
    assert first.endswith("pending: waits for its turn: no worker is alive")
    assert second.endswith("pending: waits for its turn")
    assert third.endswith("paused")


def test_top_says_that_no_worker_is_alive(run: Run) -> None:
    assert "0 running; no worker is alive" in run("downloads", "top")
    workers.tell(Presence(WORKER, 1))
    assert "no worker" not in run("downloads", "top")


def test_what_a_vanished_worker_said_last_is_over(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = add_provider()
    for name, speed, lease_seconds in ("lost", 5000, -1), ("held", 1000, 60):
        moving = {"status": "downloading", "download_speed": speed, "eta_seconds": 60}
        add_downloads(alice, provider, name, lease_expires_at=database_now(lease_seconds), **moving)
    lost = db.session.scalars(select(Download).order_by(Download.lease_expires_at)).first()
    assert lost is not None
    shown = run("downloads", "top")
    assert shown.index("hub:held") < shown.index("hub:lost") < shown.index("2 running")
    assert ("1.0 kB/s" in shown, "5.0 kB/s" in shown) == (True, False)
    why = "its worker was not heard of any more"
    details = run("downloads", "show", lost.id)
    assert ("5.0 kB/s" in details, "time left" in details, why in details) == (False, False, True)
    assert why in run("downloads", "list")
    monkeypatch.setattr(time, "sleep", lambda _: set_paused(lost))
    first, *_ = run("downloads", "watch", lost.id).splitlines()
    assert first.endswith(f"downloading: {why}")


def test_usage_is_told_of_one_user_or_of_all(run: Run, alice: User, bob: User) -> None:
    folder = current_settings().downloads_dir / "alice"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(2000))
    told = json.loads(run("users", "usage", "--json"))
    assert [(one["username"], one["used_bytes"]) for one in told] == [("alice", 2000), ("bob", 0)]
    table = run("users", "usage", "alice")
    assert "2.0 kB" in table
    assert "bob" not in table


def test_a_user_is_deleted_and_their_files_only_where_asked(run: Run, fail: Run, alice: User, admin: User) -> None:
    folder = current_settings().downloads_dir / "alice"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(2000))
    assert run("users", "delete", "alice") == "Deleted alice\n"
    assert folder.exists()
    assert "no user 'alice'" in fail("users", "delete", "alice")
    (folder / "model.bin").unlink()
    folder.rmdir()
    users.add_user(current_settings().downloads_dir, "alice", "x", False)
    folder.mkdir()
    run("users", "delete", "alice", "--files")
    assert not folder.exists()
    assert "last admin" in fail("users", "delete", admin.username)
