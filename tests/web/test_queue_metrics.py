"""What /metrics tells of workers and queue, and what it does while the database does not answer."""

import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from downloads_app import create_app
from downloads_app.errors import Cause
from downloads_app.extensions import db
from downloads_app.models import QueueReading, User
from downloads_app.services.metrics.tally import Count, Tally
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from downloads_app.web.queue_metrics import WAIT_SECONDS
from tests.support.downloading import OTHER_WORKER, WORKER, add_downloads, add_provider
from tests.support.server import Server, wait_until

TOKEN = "metrics-token-of-this-test"
OF_STREAMS = "downloads_streams_open"


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """Whoever has the token may read."""
    return {"metrics_token": TOKEN}


def scrape(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return the samples of a scrape by name and labels' values, in the order of the labels' names."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_workers_of_all_hosts_disk_and_queue_are_told(client: FlaskClient, alice: User) -> None:
    workers.tell(Presence(WORKER, 3))
    workers.tell(Presence(OTHER_WORKER, 2, disk_free_bytes=5, disk_size_bytes=100))
    add_downloads(alice, add_provider("hub"), "one", "two")
    found = scrape(client)
    assert (found["downloads_database_up",], found["downloads_workers",], found["downloads_worker_slots",]) == (1, 2, 5)
    host = socket.gethostname()
    assert (found["downloads_disk_free_bytes", host], found["downloads_disk_size_bytes", host]) == (5, 100)
    assert (found["downloads_by_status", "pending"], found["downloads_waiting", "turn"]) == (2, 2)
    assert found[OF_STREAMS,] >= 0


def test_what_workers_have_counted_is_told_by_provider_and_cause(client: FlaskClient) -> None:
    worker = Tally()
    worker.count(Count.RECEIVED_BYTES, 700, provider='the "hub"\n')
    worker.count(Count.FAILURES, provider="hub", label=Cause.MISSING)
    worker.count(Count.RETRIES, 3, provider="hub", label=Cause.SERVER)
    worker.count(Count.TAKEOVERS, 2)
    for seconds in (3, 30, 10**6):
        worker.observe_wait(seconds)
    worker.store()
    found = scrape(client)
    assert found["downloads_received_bytes_total", 'the "hub"\n'] == 700
    assert found["downloads_failures_total", "missing", "hub"] == 1
    assert found["downloads_retries_total", "server", "hub"] == 3
    assert found["downloads_lease_takeovers_total",] == 2
    waits = {key[1]: value for key, value in found.items() if key[0] == "downloads_queue_wait_seconds_bucket"}
    assert (waits["1"], waits["5"], waits["60"], waits["86400"], waits["+Inf"]) == (0, 1, 2, 2, 3)
    assert found["downloads_queue_wait_seconds_sum",] == 10**6 + 33


def test_beside_a_process_of_another_version_the_database_is_up(client: FlaskClient) -> None:
    scrape(client)
    db.session.execute(update(QueueReading).values(content='{"form": 2}'))
    db.session.commit()
    found = scrape(client)
    assert (found["downloads_database_up",], found["downloads_workers",]) == (1, 0)
    assert ("downloads_by_status", "pending") not in found


def test_where_no_thread_can_be_started_the_next_scrape_tries_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", fail_to_start)
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 500
    assert scrape(client)["downloads_database_up",] == 1


def fail_to_start(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_database_that_is_away_leaves_the_streams_metrics_and_no_old_figures(tmp_path: Path) -> None:
    away = "postgresql://someone:secret@127.0.0.1:9/nowhere"
    client = create_app(database_url=away, instance_dir=tmp_path / "instance", metrics_token=TOKEN).test_client()
    found = scrape(client)
    assert found["downloads_database_up",] == 0
    assert found[OF_STREAMS,] >= 0
    assert not [name for name, *_ in found if name in ("downloads_workers", "downloads_waiting")]


def test_a_database_that_hangs_holds_no_scrape_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"postgresql://someone@127.0.0.1:{silent.getsockname()[1]}/nowhere"
        client = create_app(database_url=hanging, instance_dir=tmp_path / "i", metrics_token=TOKEN).test_client()
        began = time.monotonic()
        found = scrape(client)
        assert WAIT_SECONDS - 0.1 < time.monotonic() - began < WAIT_SECONDS + 3
        assert found["downloads_database_up",] == 0
        assert found[OF_STREAMS,] >= 0
    wait_until(lambda: not any(thread.name == "metrics" for thread in threading.enumerate()), 30, "the read's end")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_sqlite_file_that_somebody_writes_into_holds_no_loop_up(
    make_server: Callable[..., Server], database_url: str
) -> None:
    """Counting holds its thread up in the same way: in a million downloads for a tenth of a second."""
    server = make_server(metrics_token=TOKEN)
    assert requests.get(f"{server.url}/readyz", timeout=60).ok  # the file has its log now, beside which one may read
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as writer, ThreadPoolExecutor(1) as pool:
        writer.execute("BEGIN IMMEDIATE")
        scraped = pool.submit(
            requests.get, f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        longest = 0.0
        while not scraped.done():
            began = time.monotonic()
            requests.get(f"{server.url}/healthz", timeout=60)
            longest = max(longest, time.monotonic() - began)
        assert "downloads_database_up 1.0" in scraped.result().text
        assert longest < WAIT_SECONDS
        writer.rollback()


def test_whom_nothing_lets_in_there_are_no_metrics(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 404
