"""Fixtures: the installed and the packed client, a page built with it, and a real server to follow."""

from pathlib import Path

import pytest

from tests.clients import npm


@pytest.fixture(scope="session")
def client_folder() -> Path:
    """`clients/js` with everything its tests need."""
    return npm.install_client()


@pytest.fixture(scope="session")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed client."""
    return npm.pack_client(tmp_path_factory.mktemp("package"))
