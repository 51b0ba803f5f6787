"""A snapshot that reads when told to, and what a full read would give."""

import time
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Engine, create_engine, select

from downloads_app.config import SETTINGS
from downloads_app.extensions import connect_args, db
from downloads_app.models import ACTIVE, Download, User
from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.downloads.representation import format_time, values_of


def token_of(user_id: str, **changes: Any) -> VerifiedToken:
    values: dict[str, Any] = {
        "token_id": "token",
        "family": "family",
        "user_id": user_id,
        "kind": "access",
        "issued_at": time.time(),
        "expires_at": float("inf"),
        "csrf": None,
    }
    return VerifiedToken(**{**values, **changes})


def make_engine(app: Flask) -> Engine:
    url = SETTINGS.of(app).database_url
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, connect_args=connect_args(url, 5))


def encode(row: Sequence[Any]) -> bytes:
    download_id, _user_id, _provider_id, _repository_id, status, current_bytes, *_progress, created_at, _updated_at = (
        row
    )
    return f"{download_id} {status} {current_bytes} {format_time(created_at)}".encode()


def all_rows(user: User | None) -> list[bytes]:
    """What a full read gives."""
    db.session.rollback()
    query = select(Download).where(Download.status.in_(ACTIVE)).order_by(Download.created_at, Download.id)
    if user is not None:
        query = query.where(Download.user_id == user.id)
    return [encode(values_of(row)) for row in db.session.scalars(query.execution_options(populate_existing=True))]
