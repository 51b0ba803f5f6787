"""Locks by which changes that concern one user wait for each other. A lock ends with its transaction."""

from sqlalchemy import select, text

from downloads_app.extensions import db
from downloads_app.models import User


def hold_user(user_id: str) -> User | None:
    """Begin a transaction that locks this user's row; return the row as it is now, or None if it is gone.

    All rows that were read before are read again. SQLite has one writer at a time, for all users.
    """
    db.session.commit()
    begin_writing()
    mine = select(User).where(User.id == user_id).with_for_update(key_share=True)
    user: User | None = db.session.scalar(mine, execution_options={"populate_existing": True})
    return user


def begin_writing() -> None:
    """Begin SQLite's transaction as the only writer, because SQLite cannot lock a row; elsewhere do nothing."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("BEGIN IMMEDIATE"))
