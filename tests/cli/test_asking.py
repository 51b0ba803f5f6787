"""What commands ask for on a real terminal, and what they find out before they ask."""

import subprocess
import sys

import pytest

from downloads_app.config import current_settings
from downloads_app.models import User, utc_now
from downloads_app.services.downloads import history
from downloads_app.services.files import folders
from tests.support.downloading import add_downloads, add_provider, reload
from tests.support.server import PROJECT
from tests.support.terminal import Terminal


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Terminals have nothing to do with the kind of database."""
    return sqlite_url


def test_a_name_that_is_taken_is_told_before_a_password_is_asked_for(alice: User, env: dict[str, str]) -> None:
    folders.folder_of_user(current_settings().downloads_dir, alice).mkdir(parents=True)
    with Terminal(env, "users", "create", "alice") as terminal:
        assert terminal.finish() == 1
        assert terminal.lines == ["error: A user named 'alice' exists already"]


@pytest.mark.parametrize(
    ("command", "question"),
    [
        ("providers remove hub", "Remove hub with the history of its downloads? [y/N]"),
        ("downloads prune --files", "Remove everybody's downloads that have been finished, with their files? [y/N]"),
        ("downloads remove {id}", "Remove alice's download of org/model? [y/N]"),
        ("downloads remove {id} --files", "Remove alice's download of org/model with its files? [y/N]"),
        ("users delete alice", "Delete alice with their downloads? [y/N]"),
    ],
)
def test_what_cannot_be_taken_back_is_asked_about_on_a_terminal(
    alice: User, env: dict[str, str], command: str, question: str
) -> None:
    row = add_downloads(alice, add_provider(), "org/model", status="completed", completed_at=utc_now())[0]
    words = command.format(id=row.id[:8]).split()
    with Terminal(env, *words, columns=120) as terminal:
        terminal.wait_for(question)
        terminal.type(b"n\n")
        assert terminal.finish() == 1
    assert reload(row).status == "completed"
    with Terminal(env, *words, "--yes", columns=120) as terminal:
        assert terminal.finish() == 0
        assert not any("?" in line for line in terminal.lines)
    assert history.list_downloads().total == 0


@pytest.mark.parametrize("program", ["downloads_app", "flask --app wsgi"])
@pytest.mark.parametrize("command", ["providers remove hub", "downloads prune --files", "users delete alice"])
def test_nobody_is_asked_where_standard_input_is_closed(
    alice: User, env: dict[str, str], program: str, command: str
) -> None:
    add_downloads(alice, add_provider(), "org/model", status="completed", completed_at=utc_now())
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-m", *program.split(), *command.split()]
    done = subprocess.run(closed, env=env, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert history.list_downloads().total == 0
