"""What has happened to a download is written down with the change itself."""

import pytest
from flask import Flask
from sqlalchemy import event

from downloads_app.config import current_settings
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadEvent, User
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE, Actor
from downloads_app.services.database.autocommit import ENGINE
from downloads_app.services.downloads import history, lifecycle, story
from downloads_app.services.pages import Wanted
from downloads_app.services.queue import claims, events, outcomes
from downloads_app.services.queue.claims import Claim
from tests.support.downloading import (
    WORKER,
    add_downloads,
    add_provider,
    claim,
    claimed,
    end_wait,
    expire_lease,
    reload,
)

ALICE = Actor("alice")


def told(download: Download | Claim) -> list[tuple[str, str | None, str | None]]:
    """Return what is told of a download, the oldest first: what, by whom, why."""
    rows = story.read(reload(download)).rows
    return [(row.kind, row.actor, row.reason) for row in reversed(rows)]


def test_what_an_owner_does_is_told_with_their_name(alice: User) -> None:
    row = lifecycle.create(current_settings(), alice, add_provider(), "org/model", by=Actor("root-admin"))
    lifecycle.set_priority(row, 7, ALICE)
    lifecycle.pause(current_settings(), row, ALICE)
    lifecycle.resume(current_settings(), row, ALICE)
    lifecycle.cancel(current_settings(), row, COMMAND_LINE)
    lifecycle.retry(current_settings(), row, ALICE)
    assert told(row) == [
        ("created", "root-admin", None),
        ("priority", "alice", "7"),
        ("paused", "alice", None),
        ("resumed", "alice", None),
        ("cancelled", "command line", None),
        ("retried", "alice", None),
    ]


def test_a_change_that_is_refused_is_not_told(alice: User) -> None:
    row = lifecycle.create(current_settings(), alice, add_provider(), "org/model")
    with pytest.raises(Conflict):
        lifecycle.resume(current_settings(), row, ALICE)
    assert told(row) == [("created", "alice", None)]


def test_disabling_a_user_is_told_in_each_of_their_downloads(alice: User, admin: User) -> None:
    rows = add_downloads(alice, add_provider(), "one", "two")
    users.set_disabled(alice, True)
    assert [told(row) for row in rows] == [[("paused", None, "its owner was disabled")]] * 2


def test_what_a_worker_does_is_told_with_its_reasons(alice: User) -> None:
    found = claimed(alice)
    outcomes.note_first_byte(found)
    assert outcomes.wait(found, "the disk is full", 60)
    waiting = story.read(reload(found)).rows[0]
    assert waiting.until_at == reload(found).not_before_at is not None
    end_wait(reload(found))
    again = claim()
    assert again is not None
    assert outcomes.wait(again, "the hub answered 503", 60, failures=1)
    end_wait(reload(found))
    handed = claim()
    assert handed is not None
    assert outcomes.hand_back(handed)
    last = claim()
    assert last is not None
    assert outcomes.finish(last, 10)
    assert told(found) == [
        ("claimed", WORKER, None),
        ("first_byte", WORKER, None),
        ("waiting", WORKER, "the disk is full"),
        ("claimed", WORKER, None),
        ("retried", WORKER, "the hub answered 503"),
        ("claimed", WORKER, None),
        ("handed_back", WORKER, None),
        ("claimed", WORKER, None),
        ("verified", WORKER, None),
        ("completed", WORKER, None),
    ]
    assert [row.attempt for row in story.read(reload(found)).rows] == [4, 4, 4, 3, 3, 2, 2, 1, 1, 1]


def test_a_late_worker_tells_nothing(alice: User) -> None:
    found = claimed(alice)
    lifecycle.pause(current_settings(), reload(found), ALICE)
    outcomes.note_first_byte(found)
    assert not outcomes.fail(found, "too late")
    assert [kind for kind, *_ in told(found)] == ["claimed", "paused"]


def test_a_rescue_is_told_and_so_is_the_last_one_which_fails(alice: User) -> None:
    found = claimed(alice, failures=claims.MAX_FAILURES - 2)
    expire_lease(found)
    assert [row.download_id for row in claims.rescue_expired()] == [found.download_id]
    end_wait(reload(found))
    again = claim()
    assert again is not None
    expire_lease(again)
    claims.rescue_expired()
    assert told(found)[1] == ("rescued", None, "its worker was not heard of any more")
    kind, _, reason = told(found)[-1]
    assert (kind, reason) == ("failed", reload(found).error_message)


def test_the_last_two_hundred_things_are_kept_of_each_download(alice: User) -> None:
    row, other = add_downloads(alice, add_provider(), "one", "two")
    lifecycle.pause(current_settings(), other, ALICE)
    for number in range(events.KEPT + 5):
        lifecycle.set_priority(row, number, ALICE)
    reasons = [reason for _, _, reason in told(row)]
    assert reasons == [str(number) for number in range(5, events.KEPT + 5)]
    assert claim() is not None
    page = story.read(reload(row), Wanted(story.NEWEST_FIRST, page=2, page_size=150))
    assert (page.total, len(page.rows), page.rows[-1].reason) == (events.KEPT, 50, "6")
    assert len(told(other)) == 1


def test_a_deleted_download_takes_its_story_along(alice: User) -> None:
    row = lifecycle.create(current_settings(), alice, add_provider(), "org/model")
    lifecycle.cancel(current_settings(), row)
    history.delete(current_settings().downloads_dir, row)
    assert db.session.scalar(db.select(db.func.count()).select_from(DownloadEvent)) == 0


def test_a_claim_is_one_statement_where_the_database_can_do_it(app: Flask, alice: User) -> None:
    in_sqlite = 5  # BEGIN, the claim, what is old, the note, COMMIT
    expected = in_sqlite if db.engine.dialect.name == "sqlite" else 1
    add_downloads(alice, add_provider(), "one", "two")
    assert claim() is not None  # with whatever a first connection needs
    statements: list[str] = []
    event.listen(ENGINE.of(app), "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert claim() is not None
    assert len(statements) == expected
