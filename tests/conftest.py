"""Fixtures: a migrated database of each kind, an application on it, users and their tokens, a running server."""

import gc
import os
import resource
import shutil
import signal
import sqlite3
import sys
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import passwords, tokens, users
from tests.clients import npm
from tests.support import known_routes, known_statements, measuring
from tests.support.postgres import Postgres
from tests.support.server import Server, migrate

PASSWORD = "correct horse battery"
WHOLE_SYSTEMS = {"acceptance", "browser", "clients", "deploy", "upgrades"}
"""Folders whose tests start servers, browsers and builds: they compute, where others mostly wait."""


def pytest_configure() -> None:
    """Give the processes that tests start what a terminal gives: Ctrl-C ends them, and nothing folds their output.

    A shell that starts the run in the background ignores Ctrl-C for all of it, `nohup` ignores the end of the terminal,
    a parallel run sets COLUMNS, and `make` tells what it starts that it is not the first `make`. How long an example of
    a property takes says something about the machine, not about the code.
    """
    for name in ("COLUMNS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)
    hypothesis.settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis.settings.load_profile("any-machine")
    measuring.measure_greenlets_of_servers()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # so the run goes on, and what it starts has the default


def pytest_collection_finish() -> None:
    """Keep the garbage collector from reading 5,000 tests again and again: a sixth of a run's processor time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the files of whole systems evenly among the others; the run ends with others.

    Processes take files in this order (`--no-loadscope-reorder`). In the order of their folders they would leave the
    processors idle for half a run and fight for them in the other half.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    tests = Path(__file__).parent
    whole = [path for path in files if path.relative_to(tests).parts[0] in WHOLE_SYSTEMS]
    whole.sort(key=lambda path: zlib.crc32(path.name.encode()))  # browsers not all at once
    others = [path for path in files if path not in set(whole)]
    places = [
        ((number + 0.5) / len(group) * share, path)
        for group, share in ((whole, 0.9), (others, 1))
        for number, path in enumerate(group)
    ]
    items[:] = [item for _, path in sorted(places) for item in files[path]]


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """Take back what a worker sets for the test's own process (`worker/process.py`): it is not for the next tests."""
    umask, switch_seconds = os.umask(0o022), sys.getswitchinterval()
    os.umask(umask)
    files, threshold = resource.getrlimit(resource.RLIMIT_NOFILE), gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    os.umask(umask)
    sys.setswitchinterval(switch_seconds)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Compile each route and statement once: 4,000 tests make an application of their own."""
    with pytest.MonkeyPatch.context() as patch:
        known_routes.remember(patch)
        known_statements.remember(patch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL for the whole run."""
    with Postgres() as server:
        migrate(server.url("template"), server.folder / "instance")
        yield server


@pytest.fixture(scope="session")
def vite_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Vite project with the packed client, its page built: once for all processes of the run."""
    own = tmp_path_factory.getbasetemp()
    return npm.build_vite_app(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    folder = tmp_path_factory.mktemp("sqlite")
    migrate(f"sqlite:///{folder / 'migrated.sqlite3'}", folder)
    with closing(sqlite3.connect(folder / "migrated.sqlite3")) as connection:
        connection.execute("VACUUM INTO ?", [str(folder / "template.sqlite3")])  # the WAL belongs to it too
    return folder / "template.sqlite3"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh migrated SQLite file."""
    shutil.copy(sqlite_template, tmp_path / "test.sqlite3")
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh migrated PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template="template")
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database: each test that asks runs once on either kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def make_app(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Make an application on the test's database with the given settings."""
    made: list[Flask] = []

    def make(**overrides: Any) -> Flask:
        app = create_app(database_url=database_url, instance_dir=tmp_path / "instance", **overrides)
        app.testing = True
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """Settings of `app`, for files that want others."""
    return {}


@pytest.fixture
def app(make_app: Callable[..., Flask], app_settings: dict[str, Any]) -> Iterator[Flask]:
    """An application on a fresh database, its context pushed."""
    app = make_app(**app_settings)
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A test client; `headers=bearer(user)` signs in."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    """Runs `flask` commands."""
    return app.test_cli_runner()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """PASSWORD hashed once: hashing is slow by design."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def make_user(app: Flask, password_hash: str) -> Callable[..., User]:
    """Create a user with PASSWORD."""

    def make(username: str, is_admin: bool = False) -> User:
        return users.add_user(current_settings().downloads_dir, username, password_hash, is_admin)

    return make


@pytest.fixture
def alice(make_user: Callable[..., User]) -> User:
    """A regular user."""
    return make_user("alice")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    """Another regular user."""
    return make_user("bob")


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    """An admin."""
    return make_user("root-admin", is_admin=True)


def bearer(user: User) -> dict[str, str]:
    """Return the header that signs a request in as `user`."""
    return {"Authorization": f"Bearer {tokens.issue_access(current_settings(), user)}"}


@pytest.fixture
def make_server(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start real gunicorn servers on the test's database; all are stopped at the end."""
    started: list[Server] = []

    def make(**settings: Any) -> Server:
        server = Server(database_url, tmp_path / "instance", **settings)
        started.append(server)
        server.start()
        return server

    yield make
    for server in started:
        server.stop()
