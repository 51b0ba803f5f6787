"""Closing the terminal ends what was started in it, as Ctrl-C does; a HUP from elsewhere reloads."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.services.queue import workers
from tests.support.server import Server, environment, free_port, wait_until
from tests.support.terminal import Terminal

HOUR = 3600


def test_a_server_ends_with_its_terminal(app: Flask, database_url: str, tmp_path: Path) -> None:
    port, env = free_port(), environment(database_url, tmp_path / "instance", embedded_worker=1)
    with Terminal(env, "run", "-b", f"127.0.0.1:{port}", program=("-m", "downloads_app")) as terminal:
        terminal.wait_for(f"Open http://127.0.0.1:{port}")
        wait_until(lambda: workers.list_workers(HOUR), what="the worker")
        assert terminal.close() == 0
    assert workers.list_workers(HOUR) == []  # it has ended in order
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_demo_ends_with_its_terminal_and_leaves_nothing(tmp_path: Path) -> None:
    env = environment("", tmp_path / "instance", gunicorn_bind=f"127.0.0.1:{free_port()}", tmpdir=tmp_path)
    with Terminal(env, program=("deploy/demo.py",)) as terminal:
        terminal.wait_for("Ctrl-C ends the demo")
        assert list(tmp_path.glob("downloads-demo-*"))
        assert terminal.close() == 0
    assert list(tmp_path.glob("downloads-demo-*")) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reload_has_the_worker_read_its_limit_again(make_server: Callable[..., Server]) -> None:
    server = make_server(embedded_worker=1)
    wait_until(lambda: "downloads at a time" in server.log(), what="the worker")
    server.send(signal.SIGHUP)
    wait_until(lambda: "MAX_BYTES_PER_SECOND is unlimited" in server.log(), what="the limit")
