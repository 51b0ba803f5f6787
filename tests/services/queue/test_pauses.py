"""Pauses of a provider and of the whole queue: what is claimed, what waits, and why."""

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, null, select, update

from downloads_app.extensions import db
from downloads_app.models import AuditEntry, Provider, QueuePause, Status, User, utc_now
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads import history, stuck
from downloads_app.services.queue import claims, outcomes, pauses
from tests.support.downloading import (
    LEASE_SECONDS,
    OTHER_WORKER,
    WORKER,
    add_downloads,
    add_provider,
    claim,
    claim_name,
    reload,
)


def test_nothing_of_a_paused_provider_is_claimed_until_it_is_resumed(alice: User) -> None:
    hub, mirror = add_provider("hub"), add_provider("mirror")
    add_downloads(alice, hub, "first")
    add_downloads(alice, mirror, "second")
    pauses.set_provider_paused(hub, True)
    assert claim_name() == "second"
    assert claim() is None
    pauses.set_provider_paused(hub, False)
    assert claim_name() == "first"


def test_nothing_is_claimed_while_the_queue_is_paused(alice: User) -> None:
    add_downloads(alice, add_provider(), "one")
    pauses.set_queue_paused(True)
    assert claim() is None
    pauses.set_queue_paused(False)
    assert claim_name() == "one"


def test_a_second_pause_keeps_the_time_of_the_first(alice: User) -> None:
    provider = add_provider()
    for _ in range(2):
        pauses.set_provider_paused(provider, True)
        pauses.set_queue_paused(True)
        db.session.commit()
        times = provider.paused_at, pauses.queue_paused_at()
        assert None not in times
    pauses.set_provider_paused(provider, True)
    pauses.set_queue_paused(True)
    assert (provider.paused_at, pauses.queue_paused_at()) == times


@pytest.mark.parametrize("is_paused", [True, False])
def test_what_somebody_else_has_just_paused_or_resumed_is_told_once(
    app: Flask, is_paused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = add_provider()
    pauses.set_provider_paused(provider, not is_paused)
    pauses.set_queue_paused(not is_paused)
    before = _count_acts()
    db.session.commit()
    assert (provider.paused_at is None) == is_paused  # so it was read
    execute_alone(update(Provider).values(paused_at=database_now() if is_paused else null()))
    execute_alone(insert(QueuePause).values(id=1, paused_at=database_now()) if is_paused else delete(QueuePause))
    seen_before = None if is_paused else utc_now()
    monkeypatch.setattr(pauses, "queue_paused_at", lambda: seen_before)
    pauses.set_provider_paused(provider, is_paused)
    pauses.set_queue_paused(is_paused)
    assert (provider.paused_at is not None) == is_paused
    assert _count_acts() == before


def _count_acts() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_each_worker_learns_what_it_has_to_give_back_and_why(alice: User, bob: User) -> None:
    hub, mirror = add_provider("hub"), add_provider("mirror")
    mine = add_downloads(alice, hub, "mine")[0]
    assert claim(WORKER) is not None
    others = add_downloads(bob, mirror, "others")[0]
    assert claim(OTHER_WORKER) is not None
    assert pauses.find_paused(WORKER) == {}
    pauses.set_provider_paused(hub, True)
    assert pauses.find_paused(WORKER) == {mine.id: "its provider is paused"}
    assert pauses.find_paused(OTHER_WORKER) == {}
    pauses.set_queue_paused(True)
    assert pauses.find_paused(OTHER_WORKER) == {others.id: "the queue is paused"}


def test_the_reason_is_told_while_the_pause_lasts_and_no_longer(alice: User) -> None:
    provider = add_provider()
    row = add_downloads(alice, provider, "one")[0]
    found = claim()
    assert found is not None
    pauses.set_provider_paused(provider, True)
    assert outcomes.hold_back(found, "its provider is paused")
    row = reload(row)
    assert (row.status, row.waits_for, row.not_before_at) == (Status.PENDING, "its provider is paused", None)
    pauses.set_queue_paused(True)
    db.session.rollback()
    (listed,) = history.list_downloads().rows
    assert listed.waits_for == "the queue is paused"
    pauses.set_queue_paused(False)
    pauses.set_provider_paused(provider, False)
    assert reload(row).waits_for is None
    assert claim() is not None


def test_a_pause_explains_what_is_stuck(alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "one", wait_reason="Not enough disk: 5 bytes are needed, 1 are free")
    pauses.set_provider_paused(provider, True)
    (found,) = stuck.find_stuck(LEASE_SECONDS)
    assert (found.reason, found.advice) == ("its provider is paused", "downloads-app providers resume hub")
    pauses.set_queue_paused(True)
    db.session.rollback()
    (found,) = stuck.find_stuck(LEASE_SECONDS)
    assert (found.reason, found.advice) == ("the queue is paused", "downloads-app queue resume")


def test_what_a_pause_holds_back_keeps_no_worker_waiting_until_idle(alice: User) -> None:
    hub, mirror = add_provider("hub"), add_provider("mirror")
    add_downloads(alice, hub, "one")
    add_downloads(alice, mirror, "two")
    pauses.set_provider_paused(hub, True)
    assert claims.count_unfinished() == 1
    pauses.set_queue_paused(True)
    assert claims.count_unfinished() == 0
