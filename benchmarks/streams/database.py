"""The data behind the streams: a real PostgreSQL with users, active downloads, tokens, and a process that writes."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token
from sqlalchemy import TextClause, create_engine, insert, text
from sqlalchemy.orm import Session

from benchmarks.streams.writer import ROWS_AT_ONCE
from downloads_app.models import Download, Provider, Repository, User, new_id
from tests.support.postgres import Postgres
from tests.support.server import migrate

JWT_SECRET_KEY = "a-key-for-benchmarks-on-loopback-only"
TEMPLATE = "migrated"
CHANGES_PER_SECOND = 500


@dataclass(frozen=True)
class Dataset:
    """So many users with so many active downloads each, and one admin."""

    name: str
    users: int
    downloads_each: int


VIEWERS = Dataset("viewers", users=2_000, downloads_each=2)
CROWD = Dataset("crowd", users=2_000, downloads_each=5)
MULTITUDE = Dataset("multitude", users=2_000, downloads_each=50)


@dataclass(frozen=True)
class Traffic:
    """What a database has done since it was made."""

    queries: int
    """Transactions, each of one query here; without those of the writer and of this measurement."""
    changed_rows: int


class Database:
    """One dataset in a database of its own."""

    def __init__(self, postgres: Postgres, dataset: Dataset) -> None:
        self.postgres = postgres
        self.name = dataset.name
        self.url = postgres.url(dataset.name)
        postgres.create_database(dataset.name, template=TEMPLATE)
        self.admin_id, self.user_ids = _seed(self.url, dataset)
        postgres.execute("VACUUM ANALYZE", dataset.name)
        self._looks = 0

    def traffic(self) -> Traffic:
        """Return what has been done so far; PostgreSQL tells it about a second late."""
        ((transactions, changed_rows),) = self.postgres.execute(
            "SELECT xact_commit + xact_rollback,"
            " (SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'downloads')"
            " FROM pg_stat_database WHERE datname = current_database()",
            self.name,
        )
        self._looks += 1
        return Traffic(transactions - changed_rows // ROWS_AT_ONCE - self._looks, changed_rows)

    @contextmanager
    def written(self) -> Iterator[None]:
        """Have CHANGES_PER_SECOND rows change meanwhile."""
        command = [sys.executable, "-m", "benchmarks.streams.writer", self.url, str(CHANGES_PER_SECOND)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2])
        try:
            yield
        finally:
            process.kill()
            process.communicate(timeout=10)


@contextmanager
def migrated_postgres(folder: Path) -> Iterator[Postgres]:
    """Yield a PostgreSQL with an empty database of the newest form to copy from."""
    with Postgres() as postgres:
        postgres.create_database(TEMPLATE)
        migrate(postgres.url(TEMPLATE), folder / "instance")
        yield postgres


def make_tokens(user_ids: list[str]) -> list[str]:
    """Return an access token of each user; each call signs the users in again."""
    app = Flask("tokens")
    app.config["JWT_SECRET_KEY"] = JWT_SECRET_KEY
    JWTManager(app)
    with app.app_context():
        life = timedelta(hours=3)
        return [str(create_access_token(identity=user_id, expires_delta=life)) for user_id in user_ids]


def _seed(url: str, dataset: Dataset) -> tuple[str, list[str]]:
    """Fill an empty database; return the ids of the admin and of the users."""
    admin_id = new_id()
    user_ids = [new_id() for _ in range(dataset.users)]
    provider = Provider(name="bench", kind="http", url="http://files.invalid/")
    repository = Repository(provider=provider, name="org/model")
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1))
    with Session(engine) as session:
        session.add(repository)
        session.flush()
        users: list[dict[str, object]] = [
            {"id": user_id, "username": user_id, "password_hash": "-"} for user_id in user_ids
        ]
        users.append({"id": admin_id, "username": "admin", "password_hash": "-", "is_admin": True})
        session.execute(insert(User), users)
        session.execute(insert(Download), [_row(user_id, repository) for user_id in user_ids])
        session.execute(_multiply(dataset.downloads_each))
        session.commit()
    engine.dispose()
    return admin_id, user_ids


def _multiply(copies: int) -> TextClause:
    """Return the statement that gives every user so many downloads instead of one, each created a minute earlier."""
    changed = {"id": "gen_random_uuid()", "created_at": "created_at - copy * interval '1 minute'"}
    columns = [f'"{column.name}"' for column in Download.__table__.columns]
    values = [changed.get(column.name, f'"{column.name}"') for column in Download.__table__.columns]
    return text(
        f"INSERT INTO downloads ({', '.join(columns)}) SELECT {', '.join(values)} "
        f"FROM downloads, generate_series(1, {copies - 1}) AS copy"
    )


def _row(user_id: str, repository: Repository) -> dict[str, object]:
    total_bytes = random.randrange(1 << 30, 1 << 36)
    return {
        "user_id": user_id,
        "provider_id": repository.provider_id,
        "repository_id": repository.id,
        "revision": "main",
        "status": "downloading",
        "current_bytes": random.randrange(total_bytes // 2),
        "total_bytes": total_bytes,
        "current_file": "model-00007-of-00030.safetensors",
        "total_files": 30,
        "files_completed": 6,
        "download_speed": random.randrange(1 << 20, 1 << 27),
        "eta_seconds": random.randrange(10, 10_000),
        "started_at": datetime.now(UTC),
    }
