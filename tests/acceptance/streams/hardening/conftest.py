"""The server that is abused, and the user who must not come to harm."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from downloads_app.models import User
from tests.support.rows import add_download
from tests.support.server import Server

INTERVAL = 0.4


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Iterator[Server]:
    """The server of this file; whatever was tried, no token is in its log."""
    server = start_server(
        workers=1,
        stream_interval_seconds=INTERVAL,
        arguments=("--keep-alive", "1", "--access-logfile", "-", "--log-level", "debug"),
    )
    yield server
    assert "Traceback" not in server.log()
    assert "eyJ" not in server.log()


@pytest.fixture
def key(instance_dir: Path) -> str:
    """The key that the server signs with."""
    return (instance_dir / "jwt-secret").read_text().strip()


@pytest.fixture
def victim(alice: User) -> User:
    """A user with an active download."""
    add_download(alice)
    return alice
