"""What operators see with the shipped nginx, a web server and a worker, all real: one id in three logs, all metrics."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.file_server import FileServer
from tests.support.front import Front
from tests.support.monitoring import names_in, read_documented, read_queries, read_rules, read_scrape
from tests.support.places import METRICS_TOKEN, metric
from tests.support.publishing import provide, publish, queue_download
from tests.support.rows import add_download, change
from tests.support.server import Server, flask, wait_until
from tests.support.sse import StreamClient

INTERVAL = 0.2
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with Front() as front:
        yield front


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], front: Front) -> Server:
    """The application at nginx's socket, and at a port for Prometheus; it logs JSON."""
    return start_server(
        arguments=("-b", f"unix:{front.socket_path}"),
        trusted_proxies="unix",
        log_format="json",
        metrics_token=METRICS_TOKEN,
        stream_interval_seconds=INTERVAL,
        lease_seconds=3,
    )


@pytest.fixture
def files(instance_dir: Path) -> Iterator[FileServer]:
    """A provider's files. What a test downloads goes with it: the next one's user has the same name."""
    with FileServer() as running:
        publish(running, "org/model", {"a.bin": b"content"})
        yield running
    shutil.rmtree(instance_dir / "downloads")


def work(server: Server) -> str:
    """Run a worker until nothing is left to do; return its log."""
    done: subprocess.CompletedProcess[str] = flask(server.env, "downloads", "worker", "--until-idle")
    assert done.returncode == 0, done.stderr
    return done.stderr


def lines_with(request_id: str, log: str) -> list[dict[str, Any]]:
    """Return what `grep` finds, each line read as JSON."""
    return [json.loads(line) for line in log.splitlines() if request_id in line]


def test_one_grep_of_an_id_tells_a_downloads_story(
    front: Front, server: Server, files: FileServer, alice: User
) -> None:
    body = {"provider": provide(files, "story").name, "repository": "org/model"}
    headers = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), alice)}"}
    ask = partial(requests.request, headers=headers, verify=str(front.certificate), timeout=30)
    assert ask("GET", f"{front.url}/healthz?token=secret").ok
    queued = ask("POST", f"{front.url}/api/downloads", json=body)
    assert queued.status_code == 202, queued.text
    request_id, download_id = queued.headers["X-Request-Id"], queued.json()["id"]
    by_worker = lines_with(request_id, work(server))
    wait_until(lambda: lines_with(request_id, front.access_log()), 30, "nginx's line")

    (by_nginx,) = lines_with(request_id, front.access_log())
    assert (by_nginx["method"], by_nginx["path"], by_nginx["status"]) == ("POST", "/api/downloads", 202)
    assert '"path":"/healthz"' in front.access_log()
    assert "secret" not in front.access_log()
    (by_web,) = lines_with(request_id, server.log())
    assert (by_web["request_id"], by_web["message"]) == (request_id, f"download {download_id}: queued by alice")
    assert [line["message"] for line in by_worker] == [
        f"download {download_id}: claimed (attempt 1)",
        f"download {download_id}: completed, 7 bytes",
    ]
    for log in (front.access_log(), server.log()):
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


def test_a_worker_that_takes_a_download_over_goes_on_with_its_story(
    server: Server, files: FileServer, alice: User
) -> None:
    row = queue_download(alice, provide(files, "takeover"))
    held = {"worker_id": "vanished", "lease_expires_at": LONG_AGO, "attempt": 1}
    change(row, status="downloading", request_id="the-id-that-nginx-gave", **held)
    told = [line["message"] for line in lines_with("the-id-that-nginx-gave", work(server))]
    assert told == [
        f"download {row.id}: its worker is gone; it is given back",
        f"download {row.id}: claimed (attempt 2)",
        f"download {row.id}: completed, 7 bytes",
    ]


def test_a_real_scrape_has_what_is_documented_and_what_rules_and_dashboard_name(
    server: Server, alice: User, open_stream: Callable[..., StreamClient]
) -> None:
    download = add_download(alice, status="paused")
    requests.get(f"{server.url}/api/downloads/subscribe", timeout=30)  # refused: no token
    change(download, status="pending")
    stream = open_stream(server, alice)
    stream.wait_events(3, "update")
    change(download, status="cancelled")
    stream.wait_closed()
    wait_until(lambda: metric(server, "downloads_streams_closed_total") > 0, 30, "the stream's end to be counted")
    wait_until(lambda: metric(server, "downloads_stream_tick_lateness_seconds_count") > 0, 30, "its ticks")

    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = requests.get(f"{server.url}/metrics", headers=headers, timeout=30).text
    found, documented = read_scrape(text), read_documented()
    assert {name: kind for name, (kind, _) in found.items()} == {name: kind for name, (kind, _) in documented.items()}
    for name, (_, labels) in found.items():
        assert labels <= documented[name][1], name
    histograms = {name for name, (kind, _) in found.items() if kind == "histogram"}
    for expression in [*(rule["expr"] for rule in read_rules()), *read_queries()]:
        assert names_in(expression, histograms) <= set(found), expression
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert lint.returncode == 0, lint.stderr + lint.stdout
