"""Which workers run: told by their heartbeat, forgotten at a clean stop and after a day."""

from flask import Flask
from sqlalchemy import update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User, WorkerProcess
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import housekeeping, workers
from downloads_app.services.queue.workers import Presence
from tests.support.downloading import OTHER_WORKER, WORKER, add_downloads, add_provider, claim
from tests.support.server import wait_until
from tests.worker.running import working


def be_silent(seconds: float) -> None:
    db.session.execute(update(WorkerProcess).values(last_seen_at=database_now(-seconds)))
    db.session.commit()


def test_a_worker_that_tells_is_alive_and_shows_what_it_holds(app: Flask, alice: User) -> None:
    assert not workers.is_any_alive(current_settings().lease_seconds)
    workers.tell(Presence(WORKER, 3))
    workers.tell(Presence(WORKER, 3))
    row = add_downloads(alice, add_provider(), "org/model", "org/other")[0]
    assert claim(WORKER) is not None
    (worker,) = workers.list_workers(current_settings().lease_seconds)
    assert (worker.id, worker.is_alive, worker.concurrency) == (WORKER, True, 3)
    assert [download.id for download in worker.downloads] == [row.id]
    assert workers.is_any_alive(current_settings().lease_seconds)


def test_one_that_is_silent_for_a_lease_is_not_alive_and_is_forgotten_after_a_day(app: Flask) -> None:
    workers.tell(Presence(WORKER, 3))
    be_silent(40)
    assert not workers.is_any_alive(current_settings().lease_seconds)
    housekeeping.remove_old_rows()
    assert [worker.is_alive for worker in workers.list_workers(current_settings().lease_seconds)] == [False]
    be_silent(workers.KEPT_SECONDS + 1)
    housekeeping.remove_old_rows()
    assert workers.list_workers(current_settings().lease_seconds) == []


def test_a_host_has_its_living_workers_and_the_least_free_room_that_they_see(app: Flask) -> None:
    assert workers.list_hosts(30) == []
    workers.tell(Presence(WORKER, 3))
    (host,) = workers.list_hosts(30)
    assert (host.workers, host.concurrency, host.disk_free_bytes) == (1, 3, None)
    for free in (9, 7):
        workers.tell(Presence(OTHER_WORKER, 2, disk_free_bytes=free, disk_size_bytes=100))
    (host,) = workers.list_hosts(30)
    assert (host.workers, host.concurrency, host.disk_free_bytes, host.disk_size_bytes) == (2, 5, 7, 100)
    be_silent(40)
    assert workers.list_hosts(30) == []


def test_an_idle_worker_tells_that_it_is_there_until_it_stops(app: Flask) -> None:
    def is_told() -> bool:
        db.session.rollback()
        return workers.is_any_alive(current_settings().lease_seconds)

    with working(app) as (worker, _):
        wait_until(is_told, 30, "the worker's first word")
        assert [one.id for one in workers.list_workers(current_settings().lease_seconds)] == [worker.worker_id]
    db.session.rollback()
    assert workers.list_workers(current_settings().lease_seconds) == []
