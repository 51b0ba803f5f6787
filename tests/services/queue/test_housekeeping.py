"""What housekeeping removes, and what it leaves."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Repository, User, utc_now
from downloads_app.services.queue import housekeeping
from tests.web.api.calling import add_download, add_provider, add_repository


def test_a_repository_goes_when_no_download_has_it_unless_it_is_new(app: Flask, alice: User) -> None:
    provider = add_provider()
    rows = {name: add_repository(provider, name) for name in ("org/used", "org/unused", "org/new")}
    add_download(alice, rows["org/used"])
    for name in ("org/used", "org/unused"):
        rows[name].created_at = utc_now() - timedelta(seconds=housekeeping.REPOSITORY_KEPT_SECONDS + 1)
    db.session.commit()
    housekeeping.remove_old_rows()
    assert set(db.session.scalars(select(Repository.name))) == {"org/used", "org/new"}
