"""Lets changes that hang on one user wait for each other. A lock ends with its transaction."""

from sqlalchemy import select, text

from downloads_app.extensions import db
from downloads_app.models import User


def hold_user(user_id: str) -> User | None:
    """Begin a transaction in which nobody else decides about this user; return their row as it stands now.

    What was read of the database before is read anew. SQLite has one writer at a time, for all users.
    """
    db.session.commit()
    begin_writing()
    mine = select(User).where(User.id == user_id).with_for_update(key_share=True)
    user: User | None = db.session.scalar(mine, execution_options={"populate_existing": True})
    return user


def begin_writing() -> None:
    """Begin SQLite's transaction as the only writer's, since it knows no lock of a row; elsewhere do nothing."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("BEGIN IMMEDIATE"))
