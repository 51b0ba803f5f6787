"""A database with something in every table, and another one to restore into."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, SignIn, User, utc_now
from downloads_app.services.accounts import keys
from downloads_app.services.audit import NOBODY
from downloads_app.services.backup import rows
from downloads_app.services.queue import outcomes, pauses
from tests.support.downloading import add_downloads, add_provider, claim
from tests.support.postgres import Postgres

Content = dict[str, list[tuple[Any, ...]]]
OURS = {"change_id", "tokens_valid_from"}
"""Columns that the database, or a restore, sets anew."""


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of another migrated database without rows, of each kind."""
    if request.param == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "other.sqlite3")
        yield f"sqlite:///{tmp_path / 'other.sqlite3'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"other_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template="template")
    yield postgres.url(name).replace("postgresql://", "postgresql+psycopg2://")
    postgres.drop_database(name)


@pytest.fixture
def source_url(app: Flask, alice: User, bob: User) -> str:
    """The URL of the test's database, with something in it."""
    provider = add_provider("hub", token="hf_secret", allow_hosts=["cdn.lan"])
    add_downloads(alice, provider, "org/näme", include=["*.gguf", "a'b"], total_bytes=1 << 40)
    add_downloads(bob, provider, "org/failed", status="failed", error_message="it \u2028 broke\n'x'", priority=-3)
    found = claim()
    assert found is not None
    outcomes.wait(found, "Not enough disk", 60)
    for position in range(3):
        size = None if position == 2 else position * 7
        db.session.add(
            DownloadFile(
                download_id=found.download_id, position=position, path=f"f{position}", url="x", size_bytes=size
            )
        )
    moments = {"created_at": utc_now(), "issued_at": utc_now() + timedelta(seconds=5), "rotated_at": utc_now()}
    db.session.add(SignIn(id="family", user_id=alice.id, expires_at=utc_now(), refresh_id="r", **moments))
    db.session.commit()
    keys.create_key(alice.id, "program", keys.SCOPES, by=NOBODY)
    pauses.set_provider_paused(provider, True)
    pauses.set_queue_paused(True)
    return current_settings().database_url


def content_of(database_url: str) -> Content:
    """Return all rows of all tables, as our code reads them."""
    engine = rows.open_engine(database_url)
    with rows.reading(engine) as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(select(*(c for c in table.c if c.name not in OURS)))),
                key=repr,
            )
            for table in rows.tables()
        }
