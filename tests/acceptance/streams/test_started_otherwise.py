"""gunicorn told something unusual: settings that cannot be read on a reload, another worker class, --preload."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from downloads_app.models import User
from tests.support.rows import add_download
from tests.support.server import PROJECT, Server, wait_until
from tests.support.sse import StreamClient

INTERVAL = 0.4
DRAIN = 3
THREADS = ("-k", "gthread", "--threads", "8")
MakeServer = Callable[..., Server]
OpenStream = Callable[..., StreamClient]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is served, for a `.env` of its own."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "downloads_app", tmp_path / "project" / "downloads_app", ignore=ignored)
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(PROJECT / name, tmp_path / "project")
    return tmp_path / "project"


def test_a_reload_with_settings_that_cannot_be_read_changes_nothing(
    alice: User, project: Path, make_server: MakeServer, open_stream: OpenStream
) -> None:
    add_download(alice)
    server = make_server(project=project)
    stream = open_stream(server, alice)
    stream.wait_events(1, "update")
    (project / ".env").write_text("STREAM_DRAIN_SECONDS=long\n")
    server.send(signal.SIGHUP)
    wait_until(lambda: "not reloaded: error: STREAM_DRAIN_SECONDS" in server.log(), what="the refusal")
    stream.wait_events(len(stream.events) + 2, "update")
    assert open_stream(server, alice).wait_events(1, "update")
    (project / ".env").write_text("STREAM_DRAIN_SECONDS=1\n")
    server.send(signal.SIGHUP)
    assert stream.wait_closed()[-1].retry
    assert open_stream(server, alice).wait_events(1, "update")
    assert "Traceback" not in server.log()


def test_a_reload_after_an_upgrade_changes_nothing(
    alice: User, project: Path, make_server: MakeServer, open_stream: OpenStream
) -> None:
    """The new processes would inherit what the master has loaded, and load the rest anew: old and new code, mixed."""
    add_download(alice)
    server = make_server(project=project, stream_interval_seconds=INTERVAL)
    stream = open_stream(server, alice)
    stream.wait_events(1, "update")
    module = project / "downloads_app" / "config.py"
    module.write_text(module.read_text() + "# a newer one\n")
    server.send(signal.SIGHUP)
    wait_until(lambda: f"not reloaded: {module} has changed" in server.log(), what="the refusal")
    stream.wait_events(len(stream.events) + 2, "update")


def test_another_worker_class_serves_streams_too(alice: User, make_server: MakeServer, open_stream: OpenStream) -> None:
    add_download(alice)
    server = make_server(stream_interval_seconds=INTERVAL, arguments=THREADS)
    first, second = open_stream(server, alice), open_stream(server, alice)
    first.wait_events(2, "update")
    first.close()
    second.wait_events(len(second.events) + 5, "update")
    for _ in range(20):
        open_stream(server, alice)
    turned_away = open_stream(server, alice)
    assert turned_away.wait_closed()[0].retry
    assert "Traceback" not in server.log()


def test_clients_that_do_not_close_keep_nobody_waiting(
    alice: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    """gunicorn's loop of threads would wait 2 s for each of them, one after the other: for two minutes."""
    server = make_server(arguments=THREADS)
    answered = [open_stream(server, alice, headers={"Connection": "close"}, path="/healthz") for _ in range(60)]
    assert requests.get(f"{server.url}/healthz", timeout=30).ok
    for client in answered:
        client.wait_closed()
        assert client.wait_status() == 200
    assert "Traceback" not in server.log()


def test_streams_of_threads_end_by_themselves_when_the_server_stops(
    alice: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    """gunicorn would wait for them for all of its `graceful_timeout`, and then cut them without a word."""
    add_download(alice)
    server = make_server(workers=2, stream_drain_seconds=DRAIN, arguments=THREADS)
    streams = [open_stream(server, alice) for _ in range(4)]
    for stream in streams:
        stream.wait_events(1, "update")
    began = time.monotonic()
    server.send(signal.SIGTERM)
    ends = [stream.wait_closed()[-1] for stream in streams]
    assert all(end.retry and end.data is None for end in ends)
    assert max(end.arrived for end in ends) - began < DRAIN + 1
    assert server.process is not None
    assert server.process.wait(30) == 0
    assert time.monotonic() - began < DRAIN + 2
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("argument", ["--preload", "--worker-class=sync"])
def test_what_would_make_the_streams_hang_is_refused(argument: str) -> None:
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", argument, "-b", "127.0.0.1:0"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "is not possible" in done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr
