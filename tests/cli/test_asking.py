"""What commands ask for on a real terminal, and what they find out before they ask."""

from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.files import folders
from tests.support.server import environment
from tests.support.terminal import Terminal


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Terminals have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def env(app: Flask, database_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(database_url, tmp_path / "instance")


def test_a_name_that_is_taken_is_told_before_a_password_is_asked_for(alice: User, env: dict[str, str]) -> None:
    folders.folder_of_user(current_settings().downloads_dir, alice).mkdir(parents=True)
    with Terminal(env, "users", "create", "alice") as terminal:
        assert terminal.finish() == 1
        assert terminal.lines == ["error: A user named 'alice' exists already"]
