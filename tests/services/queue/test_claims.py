"""The queue on both databases: whose turn it is, how connections are shared out, what a claim costs."""

import threading
import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, text

from downloads_app.extensions import db
from downloads_app.models import Download, Status, User, utc_now
from downloads_app.services.queue import claims, outcomes
from downloads_app.services.queue.claims import Claim
from tests.support.downloading import (
    LEASE_SECONDS,
    OTHER_WORKER,
    WORKER,
    add_downloads,
    add_provider,
    claim,
    claim_name,
    claimed,
    reload,
)
from tests.support.rows import change

MANY = 100_000
MOST_TIMES = 5
"""So much longer than in a short queue may a claim take; one that reads all that waits takes thirty times as long."""


def test_an_empty_queue_gives_nothing(app: Flask) -> None:
    assert claim() is None


def test_a_claim_makes_a_pending_download_run_under_a_lease(alice: User) -> None:
    row = reload(claimed(alice))
    assert (row.status, row.attempt, row.worker_id) == (Status.DOWNLOADING, 1, WORKER)
    assert row.started_at is not None
    assert row.claimed_at is not None
    assert row.lease_expires_at is not None
    assert (row.lease_expires_at - row.claimed_at).total_seconds() == pytest.approx(LEASE_SECONDS, abs=1)


def test_a_download_is_claimed_once(alice: User) -> None:
    claimed(alice)
    assert claim(OTHER_WORKER) is None


def test_claim_gives_each_download_to_one_worker(app: Flask, alice: User, bob: User) -> None:
    provider = add_provider()
    wanted = {row.id for row in add_downloads(alice, provider, *(f"a{n}" for n in range(20)))}
    wanted |= {row.id for row in add_downloads(bob, provider, *(f"b{n}" for n in range(5)))}
    got: list[str] = []

    def work(worker: str) -> None:
        with app.app_context():
            misses = 0
            while misses < 5:  # all candidates can be locked by others for an instant
                found = claims.claim_next(worker, LEASE_SECONDS)
                if found is None:
                    misses += 1
                else:
                    got.append(found.download_id)

    threads = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(wanted)


def test_a_user_with_many_waiting_does_not_keep_anothers_first_one_waiting(alice: User, bob: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, *(f"a{n}" for n in range(30)))
    add_downloads(bob, provider, "b0")
    assert claim_name() == "a0"
    assert claim_name() == "b0"


def test_users_take_turns_also_when_one_runs_at_a_time(alice: User, bob: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "a0", "a1", "a2")
    add_downloads(bob, provider, "b0", "b1")
    order = []
    for _ in range(5):
        found = claim()
        assert found is not None
        order.append(reload(found).repository.name)
        outcomes.finish(found, 0)
        outcomes.let_go(found)
    assert order == ["a0", "b0", "a1", "b1", "a2"]


def test_priority_goes_before_age_within_one_user(alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "old")
    add_downloads(alice, provider, "urgent", priority=5)
    add_downloads(alice, provider, "unimportant", priority=-5)
    assert [claim_name() for _ in range(3)] == ["urgent", "old", "unimportant"]


def test_priority_does_not_push_other_users_aside(alice: User, bob: User) -> None:
    provider = add_provider()
    add_downloads(bob, provider, "b0")
    add_downloads(alice, provider, "a0", "a1", priority=1000)
    assert sorted([claim_name() or "", claim_name() or ""]) == ["a0", "b0"]


def test_a_provider_without_a_connection_to_spare_is_left_alone(alice: User, bob: User) -> None:
    narrow, wide = add_provider("narrow", max_connections=1), add_provider("wide")
    add_downloads(alice, narrow, "n0", "n1")
    add_downloads(bob, narrow, "n2")
    add_downloads(bob, wide, "w0")
    assert [claim_name(), claim_name(), claim_name()] == ["n0", "w0", None]


def put_apart(*claims: Claim) -> None:
    """Have claims be a second apart: SQLite's clock may give two of them the same millisecond."""
    for number, found in enumerate(claims):
        change(reload(found), claimed_at=utc_now() + timedelta(seconds=number))


def test_connections_are_shared_out_among_a_providers_downloads(alice: User) -> None:
    provider = add_provider(max_connections=5)
    add_downloads(alice, provider, "a", "b", "c")
    first, second, third = claim(), claim(OTHER_WORKER), claim()
    assert first
    assert second
    assert third
    put_apart(first, second, third)
    assert claims.share_connections(WORKER) == {first.download_id: 2, third.download_id: 1}
    assert claims.share_connections(OTHER_WORKER) == {second.download_id: 2}


def test_more_downloads_than_connections_leave_the_youngest_with_none(alice: User) -> None:
    provider = add_provider(max_connections=3)
    add_downloads(alice, provider, "a", "b")
    older, younger = claim(), claim()
    assert older
    assert younger
    put_apart(older, younger)
    provider.max_connections = 1
    db.session.commit()
    assert claims.share_connections(WORKER) == {older.download_id: 1, younger.download_id: 0}


def multiply(first: Download, number: int) -> None:
    """Add so many rows that are like the first, of other revisions."""
    is_postgresql = db.engine.dialect.name == "postgresql"
    new_id = f"CAST('00000000-0000-4000-8000-' || (100000000000 + n) AS {'uuid' if is_postgresql else 'text'})"
    others = [f'"{column.name}"' for column in Download.__table__.columns if column.name not in ("id", "revision")]
    names = ", ".join(others)
    series = "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :number)"
    rows = f"SELECT {new_id}, 'r' || n, {names} FROM downloads, series WHERE id = :first"
    insert = f"{series} INSERT INTO downloads (id, revision, {names}) {rows}"
    db.session.execute(text(insert), {"number": number, "first": first.id})
    if is_postgresql:
        db.session.execute(text("ANALYZE downloads"))
    db.session.commit()


def claim_again_and_again(number: int) -> tuple[list[str | None], float]:
    """Claim so often; return the names, and the seconds of the quickest: others share this machine."""
    names, took_seconds = [], []
    for _ in range(number):
        begun_at = time.monotonic()
        names.append(claim_name())
        took_seconds.append(time.monotonic() - begun_at)
    return names, min(took_seconds)


@pytest.fixture
def in_a_short_queue(alice: User) -> float:
    """How many seconds a claim takes where next to nothing waits; the queue is empty again."""
    add_downloads(alice, add_provider("near"), *(f"s{number}" for number in range(20)))
    names, seconds = claim_again_and_again(20)
    assert None not in names
    db.session.execute(delete(Download))
    db.session.commit()
    return seconds


def test_a_claim_stays_cheap_with_a_hundred_thousand_waiting(alice: User, bob: User, in_a_short_queue: float) -> None:
    provider = add_provider()
    multiply(add_downloads(alice, provider, "first")[0], MANY)
    add_downloads(bob, provider, "b0")
    names, seconds = claim_again_and_again(20)
    assert names[:2] == ["first", "b0"]
    assert None not in names
    assert seconds < MOST_TIMES * in_a_short_queue
