"""Fixtures of the stream's proofs under faults and load: one database and one instance folder a file."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.accounts import tokens
from tests.support.places import INTERVAL, METRICS_TOKEN, PER_USER, SEND_TIMEOUT
from tests.support.postgres import Postgres
from tests.support.rows import add_download
from tests.support.server import Server


@pytest.fixture(scope="module")
def database_url(request: pytest.FixtureRequest, instance_dir: Path) -> Iterator[str]:
    """One database for this whole file: starting servers takes longer than the tests.

    PostgreSQL, unless a file asks for another kind, or for both, by indirect parameters.
    """
    if getattr(request, "param", "postgresql") == "sqlite":
        path = instance_dir.parent / "test.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        path.unlink()
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        name = f"streams_{uuid.uuid4().hex[:12]}"
        postgres.create_database(name, template="template")
        yield postgres.url(name)
        postgres.drop_database(name)


@pytest.fixture(scope="module")
def instance_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers of this file keep the secret that the test signs tokens with."""
    return tmp_path_factory.mktemp("server") / "instance"


@pytest.fixture
def make_app(database_url: str, instance_dir: Path) -> Iterator[Callable[..., Flask]]:
    """The application that seeds the rows: with the servers' secret, on an emptied database."""
    app = create_app(database_url=database_url, instance_dir=instance_dir)
    yield lambda **_: app
    with app.app_context():
        db.session.rollback()
        for table in (Download, User):
            db.session.execute(db.delete(table))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def start_server(database_url: str, instance_dir: Path) -> Iterator[Callable[..., Server]]:
    """Start servers that live as long as this file's tests."""
    started: list[Server] = []

    def start(**options: Any) -> Server:
        started.append(Server(database_url, instance_dir, **options))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Iterator[Server]:
    """A file's server, unless it has its own: few streams a user, a short patience.

    Nothing that clients do is an error of its own.
    """
    server = start_server(
        workers=1,
        stream_interval_seconds=INTERVAL,
        stream_max_per_user=PER_USER,
        stream_send_timeout_seconds=SEND_TIMEOUT,
        metrics_token=METRICS_TOKEN,
    )
    yield server
    assert "Traceback" not in server.log(), server.log()[-4000:]


@pytest.fixture
def make_server(database_url: str, instance_dir: Path) -> Iterator[Callable[..., Server]]:
    """Start servers of one test."""
    started: list[Server] = []

    def start(**options: Any) -> Server:
        started.append(Server(database_url, instance_dir, **options))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def viewer(alice: User) -> str:
    """The token of a user with one active download."""
    add_download(alice)
    return tokens.issue_access(current_settings(), alice)


@pytest.fixture
def whale(bob: User) -> str:
    """The token of a user whose events are of more bytes than all buffers on the way hold."""
    for number in range(40):
        add_download(bob, current_file=f"{number}/" + "x" * 8000)
    return tokens.issue_access(current_settings(), bob)
