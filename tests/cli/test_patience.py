"""Ctrl-C while a provider takes its time."""

import signal
import socket
import time
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.providers import catalog
from tests.support.server import environment
from tests.support.terminal import CTRL_C, Terminal

AT_ONCE_SECONDS = 5.0
"""libcurl gives up after 30."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Terminals have nothing to do with the kind of database."""
    return sqlite_url


@pytest.mark.parametrize(
    "command",
    [
        "downloads plan hub org/model --user alice",
        "downloads add hub org/model --user alice",
        "providers test hub",
        "doctor",
    ],
)
def test_ctrl_c_does_not_wait_for_a_provider_that_is_silent(
    app: Flask, alice: User, database_url: str, tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        catalog.add_provider(current_settings(), "hub", "huggingface", url, allow_private_network=True)
        with Terminal(environment(database_url, tmp_path / "instance"), *command.split()) as terminal:
            line, _ = silent.accept()
            assert line.recv(1)
            began = time.monotonic()
            terminal.type(CTRL_C)
            assert terminal.finish() == -signal.SIGINT
            assert time.monotonic() - began < AT_ONCE_SECONDS
            assert "Traceback" not in terminal.sent.decode()
            line.close()
