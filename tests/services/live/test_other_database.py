"""A database that is no longer the one that was read: brought back to an earlier state, or too busy elsewhere."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import text

from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.live import changes
from downloads_app.services.live.snapshot import Snapshot
from tests.support.postgres import Postgres
from tests.support.rows import add_download, change
from tests.support.server import migrate
from tests.support.snapshots import all_rows, make_engine, token_of


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this file's own, to be stopped and replaced."""
    with Postgres() as server:
        migrate(server.url("template"), server.folder / "instance")
        yield server


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


def test_after_a_recovery_to_an_earlier_state_nothing_of_the_later_one_is_shown(
    app: Flask, alice: User, postgres: Postgres, snapshot: Snapshot
) -> None:
    kept, alice_id = add_download(alice).id, alice.id
    db.session.remove()
    db.engine.dispose()
    postgres.stop()
    copy = ["cp", "-a", str(postgres.folder / "data"), str(postgres.folder / "backup")]  # with its owner
    subprocess.run(copy, check=True)
    postgres.start()
    watch = snapshot.watch(token_of(alice_id))
    ghost = add_download(db.session.get_one(User, alice_id))
    for number in range(20):  # the later state has counted on
        change(ghost, current_bytes=number)
    snapshot.refresh()
    assert len(watch.view) == 2
    db.session.remove()
    db.engine.dispose()
    postgres.stop()
    shutil.rmtree(postgres.folder / "data")
    shutil.move(postgres.folder / "backup", postgres.folder / "data")
    postgres.start()
    db.session.execute(db.update(User).where(User.id == alice_id).values(is_disabled=True))
    db.session.commit()
    snapshot.refresh()
    snapshot.refresh()
    assert watch.verdict is not None
    account = watch.account
    assert account.view.encoded() == all_rows(db.session.get_one(User, alice_id))
    assert kept.encode() in account.view.encoded()[0]


def test_a_long_transaction_elsewhere_makes_no_read_dearer(
    app: Flask, alice: User, postgres: Postgres, snapshot: Snapshot
) -> None:
    download, others = add_download(alice), [add_download(alice) for _ in range(50)]
    db.session.commit()
    watch = snapshot.watch(token_of(alice.id))
    with closing(psycopg2.connect(postgres.url())) as long:
        long.cursor().execute("SELECT pg_current_xact_id()")  # of another database even: it has an id, and stays
        for number in range(400):
            db.session.execute(text("UPDATE downloads SET current_bytes = :n"), {"n": number})
            if number % 100 == 99:
                db.session.commit()
        snapshot.refresh()
        assert len(watch.view) == 1 + len(others)
        pages = count_pages(app, snapshot, alice.id)
        assert pages < 100, pages
        change(download, current_bytes=4711)
        snapshot.refresh()
    assert watch.view.encoded() == all_rows(alice)


def count_pages(app: Flask, snapshot: Snapshot, user_id: str) -> int:
    """Return how many pages of the database the next read would look at."""
    assert snapshot._marker is not None
    statement = changes._statement("postgresql", True, False, False, False, True)
    parameters = {"known": f"{{{user_id}}}", "new": "{}", **changes._bounds("postgresql", snapshot._marker)}
    engine = make_engine(app)
    with engine.connect() as connection:
        connection.execute(text("ANALYZE downloads"))  # as PostgreSQL does by itself, in time
        connection.execute(text("SET enable_seqscan = off"))  # for a table as small as this one it would do
        plan = connection.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"), parameters).scalar_one()
    engine.dispose()
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
