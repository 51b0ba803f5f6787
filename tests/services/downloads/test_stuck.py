"""What does not move: since when, in which order, and what only waits for its turn."""

from datetime import datetime, timedelta

from sqlalchemy import update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadEvent, EventKind, User
from downloads_app.services.downloads import lifecycle, stuck
from downloads_app.services.queue import claims, outcomes, pauses, workers
from downloads_app.services.queue.outcomes import ProgressReport
from downloads_app.services.queue.workers import Presence
from tests.support.downloading import (
    LEASE_SECONDS,
    WORKER,
    add_downloads,
    add_provider,
    claim,
    claimed,
    end_wait,
    expire_lease,
    reload,
)

REASON = "the server answered 503 Service Unavailable"


def find() -> list[stuck.Stuck]:
    db.session.rollback()
    return list(stuck.find_stuck(LEASE_SECONDS))


def fail_once(download: Download, reason: str = REASON) -> None:
    """Let the next try of the only download that can be claimed fail, and its wait end."""
    found = claim()
    assert found is not None
    assert outcomes.wait(found, reason, 60, failures=1)
    end_wait(download)


def when_it_first(kind: EventKind) -> datetime:
    at = db.session.query(DownloadEvent.at).filter_by(kind=kind).order_by(DownloadEvent.id).first()
    assert at is not None
    return datetime.fromisoformat(str(at[0]))


def pass_time(seconds: float) -> None:
    """Let all that has happened so far have happened so much earlier."""
    db.session.rollback()
    for model, names in ((DownloadEvent, ("at",)), (Download, ("created_at", "updated_at", "trouble_began_at"))):
        for row in db.session.query(model):
            moved = {name: value - timedelta(seconds=seconds) for name in names if (value := getattr(row, name))}
            db.session.execute(update(model).where(model.id == row.id).values(moved))  # type: ignore[attr-defined]  # both have one
    db.session.commit()


def test_since_is_when_the_first_of_the_tries_failed(alice: User) -> None:
    row = add_downloads(alice, add_provider(), "one")[0]
    for _ in range(4):
        fail_once(row)
        pass_time(100)
    (found,) = find()
    assert found.reason == REASON
    assert abs(found.since - when_it_first(EventKind.RETRIED)) < timedelta(seconds=1)
    assert reload(row).updated_at - found.since > timedelta(seconds=250)


def test_the_advice_says_when_it_is_given_up(alice: User) -> None:
    workers.tell(Presence(WORKER, 1))
    row = add_downloads(alice, add_provider(), "one")[0]
    for failures in (1, 7):
        end_wait(row)
        found = claim()
        assert found is not None
        assert outcomes.wait(found, REASON, 60, failures=failures)
        (told,) = find()
        start = f"it is tried again by itself until 8 starts in a row have failed (so far: {failures}); "
        assert told.advice == f"{start}downloads-app downloads show {row.id[:8]} --events tells more"


def test_an_outage_is_borne_as_long_as_operating_md_says() -> None:
    """Each wait is up to a quarter longer, so that downloads do not all come back at once."""
    waits = [claims.backoff_seconds(failures) for failures in range(1, claims.MAX_FAILURES)]
    assert (waits[0], waits[-1]) == (5, 320)
    assert (int(sum(waits) / 60), int(sum(waits) * 1.25 / 60)) == (10, 13)


def test_the_longest_stuck_comes_first_however_often_it_was_tried(alice: User) -> None:
    provider = add_provider()
    first = add_downloads(alice, provider, "first")[0]
    fail_once(first)
    pass_time(100)
    claimed_again = claim()
    assert claimed_again is not None
    second = add_downloads(alice, provider, "second")[0]
    fail_once(second)
    pass_time(50)
    assert outcomes.wait(claimed_again, REASON, 60, failures=2)
    assert reload(first).updated_at > reload(second).updated_at
    found = find()
    assert [each.download.id for each in found] == [first.id, second.id]
    assert found[1].since - found[0].since >= timedelta(seconds=100)


def test_a_new_byte_ends_the_trouble_and_the_next_one_begins_anew(alice: User) -> None:
    row = add_downloads(alice, add_provider(), "one")[0]
    fail_once(row)
    pass_time(100)
    found = claim()
    assert found is not None
    assert outcomes.report_progress(found, ProgressReport(5, 0, None, 1, None))
    assert reload(row).trouble_began_at is None
    assert outcomes.wait(found, REASON, 60, failures=1)
    (told,) = find()
    assert abs(told.since - reload(row).updated_at) < timedelta(seconds=1)


def test_a_full_disk_is_since_when_it_was_first_full_however_long_ago(alice: User) -> None:
    """Each try adds to the story, which keeps a number of events: the beginning is not read from there."""
    row = add_downloads(alice, add_provider(), "one")[0]
    fail_once(row, "Not enough disk: 5 bytes are needed")
    (told,) = find()
    db.session.query(DownloadEvent).delete()
    db.session.commit()
    pass_time(10_000)
    fail_once(row, "Not enough disk: 6 bytes are needed")
    assert [each.since for each in find()] == [told.since - timedelta(seconds=10_000)]


def test_a_retry_by_its_owner_begins_anew(alice: User) -> None:
    row = add_downloads(alice, add_provider(), "one")[0]
    fail_once(row)
    found = claim()
    assert found is not None
    assert outcomes.fail(found, REASON)
    lifecycle.retry(current_settings(), reload(row))
    assert reload(row).trouble_began_at is None


def test_workers_that_vanish_are_a_trouble_too(alice: User) -> None:
    found = claimed(alice)
    for _ in range(2):
        expire_lease(found)
        assert claims.rescue_expired()
        pass_time(100)
        again = claim()
        assert again is not None
        found = again
    began = reload(found).trouble_began_at
    assert began is not None
    assert reload(found).updated_at - began > timedelta(seconds=150)


def test_a_pause_is_since_it_began_and_not_before_the_download_was_there(alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "before")
    pass_time(100)
    pauses.set_provider_paused(provider, True)
    add_downloads(alice, provider, "after")
    db.session.commit()
    before, after = find()
    assert before.since == provider.paused_at
    assert after.since == after.download.created_at


def test_a_try_that_is_put_off_is_stuck_and_one_that_is_due_waits_for_its_turn(alice: User) -> None:
    workers.tell(Presence(WORKER, 1))
    found = claimed(alice)
    for _ in range(claims.FREE_FAILURES):
        expire_lease(found)
        assert claims.rescue_expired()
        again = claim()
        assert again is not None
        found = again
    expire_lease(found)
    assert claims.rescue_expired()
    (told,) = find()
    assert told.reason == "its worker was not heard of any more"
    assert "it is tried again by itself" in told.advice
    end_wait(reload(found))
    assert find() == []
    assert stuck.survey(LEASE_SECONDS, 10).waiting == 1
