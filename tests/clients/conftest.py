"""Fixtures: the installed and the packed client, and a real server to follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import npm
from tests.clients.live_server import LiveServer, serve


@pytest.fixture(scope="session")
def client_folder() -> Path:
    """`clients/js` with everything its tests need."""
    return npm.install_client()


@pytest.fixture(scope="session")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed client."""
    return npm.pack_client(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def node_project(client_package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh Node project that has installed the packed client and nothing else."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    npm.run(folder, "npm", "install", *npm.INSTALL, str(client_package))
    return folder


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[LiveServer]:
    """One real server for all clients; each test starts the downloads it needs."""
    with serve(tmp_path_factory.mktemp("live"), sqlite_template) as server:
        yield server
