"""The queue as metrics tell it: by status and by why downloads wait, read by one process of all."""

import pytest
from flask import Flask
from sqlalchemy import event, update

from downloads_app.extensions import db
from downloads_app.models import QueueReading, User
from downloads_app.services.database.autocommit import ENGINE
from downloads_app.services.database.clock import database_now
from downloads_app.services.metrics import backlog
from downloads_app.services.metrics.backlog import Backlog, Running
from downloads_app.services.queue import outcomes, pauses
from downloads_app.services.queue.outcomes import ProgressReport
from tests.support.downloading import add_downloads, add_provider, claim

REASONS = {
    "disk": "Not enough disk: 5 bytes are needed, 3 are free",
    "quota": "The quota of 5 bytes is taken: 3 bytes lie on the disk, 4 more are wanted",
    "connections": "all connections of its provider are in use",
}


def measure() -> Backlog:
    """Read the queue anew, as if the last time had been long ago."""
    db.session.execute(update(QueueReading).values(begun_at=database_now(-60)))
    db.session.commit()
    assert backlog.measure_if_due()
    found = backlog.read_backlog()
    assert found is not None
    return found


def fill(user: User) -> None:
    """Add a download for each reason to wait, some of each status, and one that runs."""
    hub, store = add_provider("hub"), add_provider("store")
    add_downloads(user, hub, "running")
    running = claim()
    assert running is not None
    outcomes.report_progress(running, ProgressReport(10, 0, "x", 700, None))
    add_downloads(user, hub, "turn", "and another")
    for number, reason in enumerate(REASONS.values()):
        add_downloads(user, hub, f"waits-{number}", wait_reason=reason)
    for failures, reason in ((1, "f: the server answered 503"), (2, "f: the disk is full, says the server")):
        add_downloads(user, hub, f"fails-{failures}", wait_reason=reason, failures=failures)
    add_downloads(user, store, "held", "held too", wait_reason=REASONS["disk"])
    pauses.set_provider_paused(store, True)
    for status in ("paused", "completed", "failed", "cancelled"):
        add_downloads(user, hub, status, status=status)


def test_downloads_are_told_by_status_and_by_why_they_wait(alice: User) -> None:
    fill(alice)
    found = measure()
    assert found.statuses == {
        "pending": 9,
        "downloading": 1,
        "paused": 1,
        "completed": 1,
        "failed": 1,
        "cancelled": 1,
    }
    assert found.waiting == {"turn": 2, "paused": 2, "disk": 1, "quota": 1, "connections": 1, "retry": 2}
    assert list(found.running) == [Running("hub", 1, 700)]
    assert 0 <= found.age_seconds < 30
    pauses.set_queue_paused(True)
    held = measure()
    assert held.waiting == dict.fromkeys(backlog.WAIT_CAUSES, 0) | {"paused": 9}


def test_an_empty_queue_is_all_zeros(app: Flask) -> None:
    assert backlog.read_backlog() is None
    found = measure()
    assert set(found.statuses.values()) == set(found.waiting.values()) == {0}
    assert list(found.running) == []


def test_of_all_that_want_to_read_one_does_and_the_others_share_it(app: Flask) -> None:
    assert backlog.measure_if_due()
    assert not backlog.measure_if_due()
    db.session.execute(update(QueueReading).values(begun_at=database_now(86_400)))  # before the clock was set back
    db.session.commit()
    assert backlog.measure_if_due()
    assert not backlog.measure_if_due()


def test_an_old_reading_says_nothing(app: Flask) -> None:
    measure()
    db.session.execute(update(QueueReading).values(read_at=database_now(-backlog.FORGET_SECONDS - 1)))
    db.session.commit()
    assert backlog.read_backlog() is None


@pytest.mark.parametrize(
    "content",
    [
        '{"statuses": {}, "waiting": {}, "runs": []}',
        '{"statuses": {}, "waiting": {}, "running": [{"provider": "hub", "amount": 1}]}',
        '{"statuses": {"pending": {"of_users": 1}}, "waiting": {}, "running": []}',
        '{"statuses": [], "waiting": [], "running": []}',
        "[]",
        "2;pending=1",
    ],
)
def test_a_reading_of_another_version_says_nothing_and_ours_follows(app: Flask, content: str) -> None:
    measure()
    db.session.execute(update(QueueReading).values(content=content))
    db.session.commit()
    assert backlog.read_backlog() is None
    assert measure().statuses["pending"] == 0


def test_of_a_newer_version_s_reading_what_we_know_is_told(app: Flask) -> None:
    measure()
    running = '{"provider": "hub", "downloads": 1, "bytes_per_second": 7, "host": "here"}'
    content = f'{{"statuses": {{"pending": 1}}, "waiting": {{"moon": 2}}, "running": [{running}], "more": 1}}'
    db.session.execute(update(QueueReading).values(content=content))
    db.session.commit()
    found = backlog.read_backlog()
    assert found is not None
    assert (found.statuses, found.waiting, found.running) == ({"pending": 1}, {"moon": 2}, [Running("hub", 1, 7)])


def test_no_more_rows_are_counted_than_the_bound(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_OF_A_STATUS", 3)
    monkeypatch.setattr(backlog, "MOST_WAITING", 2)
    provider = add_provider()
    for number in range(5):
        add_downloads(alice, provider, f"done-{number}", status="completed")
        add_downloads(alice, provider, f"waits-{number}", wait_reason=REASONS["disk"])
    sent: list[str] = []
    event.listen(ENGINE.here(), "before_cursor_execute", lambda *context: sent.append(context[2]))
    found = measure()
    assert (found.statuses["completed"], found.statuses["pending"], found.waiting["disk"]) == (3, 3, 2)
    assert sum(statement.count("LIMIT") for statement in sent if "count(" in statement) == 6  # five statuses, waits
    sent.clear()
    pauses.set_provider_paused(provider, True)
    assert measure().waiting["paused"] == 3
    assert sum(statement.count("LIMIT") for statement in sent if "count(" in statement) == 7
