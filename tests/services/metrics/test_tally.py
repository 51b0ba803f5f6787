"""Counts of workers: added up in the database, kept where it does not answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import db
from downloads_app.models import Provider
from downloads_app.services.metrics import tally
from downloads_app.services.metrics.tally import Count, Tally


def test_what_several_workers_count_is_added_up(app: Flask) -> None:
    for amounts in ((3, 5), (4, 6)):
        worker = Tally()
        for amount in amounts:
            worker.count(Count.RECEIVED_BYTES, amount, provider="hub")
        worker.count(Count.FAILURES, provider="hub", label="missing")
        worker.store()
        worker.store()  # nothing new
    counts = tally.read_counts()
    assert counts == {("received_bytes", "hub", ""): 18, ("failures", "hub", "missing"): 2}


def test_what_the_database_did_not_take_is_kept_for_the_next_time(app: Flask) -> None:
    worker = Tally()
    worker.count(Count.TAKEOVERS, 2)
    db.session.execute(text("ALTER TABLE metric_counts RENAME TO elsewhere"))
    db.session.commit()
    with pytest.raises(SQLAlchemyError):
        worker.store()
    worker.count(Count.TAKEOVERS)
    db.session.execute(text("ALTER TABLE elsewhere RENAME TO metric_counts"))
    db.session.commit()
    worker.store()
    assert tally.read_counts() == {("takeovers", "", ""): 3}


def test_two_workers_that_store_at_once_do_not_wait_for_each_other(app: Flask) -> None:
    workers = [Tally() for _ in range(4)]
    names = [f"provider-{number}" for number in range(20)]

    def work(number: int) -> None:
        with app.app_context():
            for _ in range(10):
                for name in names[number:] + names[:number]:
                    workers[number].count(Count.COMPLETED, provider=name)
                workers[number].store()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert tally.read_counts() == {("completed", name, ""): 40 for name in names}


def test_a_wait_counts_in_the_first_bucket_that_holds_it(app: Flask) -> None:
    worker = Tally()
    for seconds in (0.2, 1, 61, 10**6):
        worker.observe_wait(seconds)
    worker.store()
    counts = tally.read_counts()
    assert {label: amount for (name, _, label), amount in counts.items() if name == "waits"} == {
        "1": 2,
        "300": 1,
        "+Inf": 1,
    }
    assert counts["waited_seconds", "", ""] == pytest.approx(10**6 + 62.2)


def test_counts_of_a_provider_that_is_gone_go_too(app: Flask, provider: Provider) -> None:
    worker = Tally()
    for name in (provider.name, "gone", ""):
        worker.count(Count.COMPLETED, provider=name)
    worker.store()
    tally.remove_unknown()
    assert set(tally.read_counts()) == {("completed", provider.name, ""), ("completed", "", "")}
