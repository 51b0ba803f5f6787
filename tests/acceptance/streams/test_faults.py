"""What streams do while PostgreSQL is stopped, cut, locked or hung: one error a tick, and then updates again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import psycopg2
import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.accounts import tokens
from tests.acceptance.streams.outages import (
    APPLICATION,
    INTERVAL,
    MESSAGE,
    OpenStream,
    asleep,
    check,
    check_newcomer,
    check_recovery,
    meanwhile,
    wait_for_errors,
    wait_for_updates,
)
from tests.support.crowd import Crowd
from tests.support.health import healthy
from tests.support.postgres import Postgres
from tests.support.rows import add_download
from tests.support.server import Server, migrate, wait_until


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this file's own, to be broken."""
    with Postgres() as server:
        migrate(server.url("template"), server.folder / "instance")
        yield server


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    return start_server(workers=1, stream_interval_seconds=INTERVAL)


@pytest.fixture
def raw(make_user: Callable[..., User]) -> list[str]:
    """The tokens of three users with downloads, the last of them an admin."""
    users = [make_user("alice"), make_user("bob"), make_user("chief", is_admin=True)]
    for user in users:
        add_download(user)
    raw = [tokens.issue_access(current_settings(), user) for user in users]
    db.session.rollback()
    return raw


@pytest.fixture
def crowd(server: Server, raw: list[str]) -> Iterator[Crowd]:
    """Thirty open streams of three users, each of which has had two events."""
    with Crowd(("127.0.0.1", server.port)) as crowd:
        crowd.open(raw * 10)
        crowd.run(lambda: all(len(viewer.names) >= 2 for viewer in crowd.viewers), what="first events")
        yield crowd


def test_a_database_that_stops_and_starts_costs_errors_and_no_stream(
    crowd: Crowd, server: Server, postgres: Postgres, raw: list[str], open_stream: OpenStream
) -> None:
    with healthy(server) as health:
        meanwhile(crowd, postgres.stop)
        wait_for_errors(crowd, 3)
        check_newcomer(crowd, server, raw[0], open_stream)
        health.goes_on()
        meanwhile(crowd, postgres.start)
        check_recovery(crowd)
    log = server.log()
    assert "Traceback" not in log
    assert str(postgres.folder) not in "".join(str(viewer.seen) for viewer in crowd.viewers)


def test_a_database_that_restarts_costs_no_stream(crowd: Crowd, server: Server, postgres: Postgres) -> None:
    def restart() -> None:
        postgres.stop()
        postgres.start()

    with healthy(server):
        meanwhile(crowd, restart)
        check_recovery(crowd)


def test_connections_that_are_cut_are_replaced_unseen(crowd: Crowd, server: Server, postgres: Postgres) -> None:
    gone = "pg_terminate_backend(pid, 60_000)"  # it waits so many milliseconds until that is done
    cut = f"SELECT {gone} FROM pg_stat_activity WHERE {APPLICATION} AND state = 'idle'"
    for _ in range(4):
        with asleep(server, postgres):
            postgres.execute(cut)
        number = len(crowd.viewers[0].names)
        crowd.run(partial(lambda least: len(crowd.viewers[0].names) > least, number + 1), what="two events more")
    assert all(set(viewer.names) == {"update"} for viewer in crowd.viewers)
    check_recovery(crowd)


def test_a_table_locked_by_a_migration_costs_errors_and_no_stream(
    crowd: Crowd, server: Server, database_url: str, raw: list[str], open_stream: OpenStream
) -> None:
    with healthy(server) as health, closing(psycopg2.connect(database_url)) as migration:
        migration.cursor().execute("LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE")
        wait_for_errors(crowd, 3)
        check_newcomer(crowd, server, raw[1], open_stream)
        health.goes_on()
        migration.rollback()
        check_recovery(crowd)


def test_a_pool_exhausted_by_the_api_does_not_touch_the_streams(
    crowd: Crowd, server: Server, database_url: str, raw: list[str], open_stream: OpenStream
) -> None:
    download = db.session.scalars(db.select(Download)).first()
    assert download is not None
    download_id = download.id
    db.session.rollback()
    pause = f"{server.url}/api/downloads/{download_id}/pause"
    admin = {"Authorization": f"Bearer {raw[2]}"}
    with (
        healthy(server) as health,
        closing(psycopg2.connect(database_url)) as blocker,
        ThreadPoolExecutor(20) as pool,
    ):
        blocker.cursor().execute("SELECT 1 FROM downloads WHERE id = %s FOR UPDATE", [download_id])
        answers = [pool.submit(requests.post, pause, headers=admin, timeout=60) for _ in range(20)]
        wait_for_waiters(blocker, 15)
        number = len(crowd.viewers[0].names)
        crowd.run(lambda: len(crowd.viewers[0].names) > number + 5, what="ticks under an exhausted pool")
        newcomer = open_stream(server, token=raw[1])
        crowd.run(lambda: newcomer.events, what="the newcomer's first event")
        assert newcomer.events[0].name == "update"
        health.goes_on()
        assert not any(answer.done() for answer in answers)
        assert all(set(viewer.names) == {"update"} for viewer in crowd.viewers)
        check(crowd)
        blocker.rollback()
        statuses = [answer.result().status_code for answer in answers]
    assert 200 in statuses
    assert set(statuses) <= {200, 409}, statuses


def wait_for_waiters(connection: "psycopg2.extensions.connection", number: int) -> None:
    """Wait until so many of the application's statements hang on a lock: all that its pool has."""
    waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {APPLICATION} AND wait_event_type = 'Lock'"
    cursor = connection.cursor()

    def count_waiters() -> bool:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(waiting)
        return bool(cursor.fetchall()[0][0] >= number)

    wait_until(count_waiters, what="the pool to be exhausted")


def test_a_database_that_hangs_costs_errors_and_no_stream(
    crowd: Crowd, server: Server, postgres: Postgres, raw: list[str], open_stream: OpenStream
) -> None:
    with healthy(server) as health:
        with postgres.hanging():
            wait_for_errors(crowd, 3)
            check_newcomer(crowd, server, raw[0], open_stream)
            health.goes_on()
        check_recovery(crowd)


@pytest.mark.scale
def test_a_database_that_hangs_longer_than_any_time_limit_costs_errors_and_no_stream(
    make_server: Callable[..., Server], postgres: Postgres, raw: list[str]
) -> None:
    server = make_server(workers=1, stream_max_errors=1000, stream_interval_seconds=INTERVAL)
    with healthy(server) as health, Crowd(("127.0.0.1", server.port)) as crowd:
        crowd.open(raw * 10)
        crowd.run(lambda: all(viewer.names for viewer in crowd.viewers), what="first events")
        with postgres.hanging():
            wait_for_errors(crowd, int(50 / INTERVAL))  # the wait for an answer, and that for a new connection
            health.goes_on()
        check_recovery(crowd)


def test_after_the_most_errors_in_a_row_the_server_closes(
    make_server: Callable[..., Server], raw: list[str], database_url: str
) -> None:
    most = 8
    server = make_server(workers=1, stream_interval_seconds=INTERVAL, stream_max_errors=most)
    with Crowd(("127.0.0.1", server.port)) as crowd, closing(psycopg2.connect(database_url)) as migration:
        viewers = crowd.open(raw)
        for outage in range(1, 4):  # each shorter than that, and together longer
            wait_for_updates(crowd, 1)
            migration.cursor().execute("LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE")
            wait_for_errors(crowd, outage * most // 2)
            migration.rollback()
        wait_for_updates(crowd, 1)
        migration.cursor().execute("LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE")
        crowd.run(lambda: all(viewer.closed for viewer in viewers), what="the end")
        for viewer in viewers:
            assert viewer.names[-most - 1 :] == ["update"] + ["error"] * most
            assert [seen.data for seen in viewer.seen[-most:]] == [MESSAGE] * most
