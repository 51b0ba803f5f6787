"""What transfers need: a server that can fail, a folder to fill."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.models import Provider
from tests.support.file_server import FileServer
from tests.support.publishing import provide


@pytest.fixture
def server() -> Iterator[FileServer]:
    """Serve from memory on loopback."""
    with FileServer() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where a download's files are to lie; nothing is there yet."""
    return tmp_path / "repository" / "main"


@pytest.fixture
def provider(app: Flask, server: FileServer) -> Provider:
    """Return the test server as a provider."""
    return provide(server)
